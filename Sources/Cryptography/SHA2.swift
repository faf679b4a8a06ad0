// SHA-256 and SHA-512 (FIPS 180-4), at once or piece by piece. The state is a plain value on the stack: no allocation.

import COpenSSL
import Primitives

/// A cryptographic hash function.
public protocol HashFunction: Sendable {
    /// The result.
    associatedtype Digest: HashDigest
    /// The number of bytes that the function compresses at once.
    static var blockByteCount: Int { get }

    /// The hash of nothing.
    init()
    /// Adds bytes.
    mutating func update(_ bytes: Span<UInt8>)
    /// The digest of everything added so far; more may be added afterwards.
    func digest() -> Digest
    /// Overwrites the state, which is as secret as what was added.
    mutating func cleanse()
}

extension HashFunction {
    /// Adds bytes.
    @inlinable
    public mutating func update(_ bytes: [UInt8]) { update(bytes.span) }

    /// Adds the UTF-8 bytes of `text`.
    @inlinable
    public mutating func update(_ text: String) { update(text.utf8Span.span) }

    /// The digest of `bytes`.
    @inlinable
    public static func digest(_ bytes: Span<UInt8>) -> Digest {
        var hash = Self()
        hash.update(bytes)
        return hash.digest()
    }

    /// The digest of `bytes`.
    @inlinable
    public static func digest(_ bytes: [UInt8]) -> Digest { digest(bytes.span) }

    /// The digest of the UTF-8 bytes of `text`.
    @inlinable
    public static func digest(_ text: String) -> Digest { digest(text.utf8Span.span) }
}

/// The digest of a hash function, or a code made with it.
///
/// Comparison takes the same time wherever two differ.
public protocol HashDigest: Sendable, Equatable, CustomStringConvertible {
    /// Calls `body` with the bytes, without a copy.
    func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result
}

extension HashDigest {
    /// The bytes as an array (one allocation).
    @inlinable
    public var bytes: [UInt8] { withBytes { unsafe $0.withUnsafeBufferPointer { unsafe Array($0) } } }
    /// The digest in lower-case hexadecimal, two digits a byte.
    public var hex: String { withBytes { Hex.encode($0) } }
    /// The ASCII digits of ``hex``.
    public var hexDigits: [UInt8] { withBytes { Hex.digits($0) } }
    /// The digest in base64url without padding.
    @inlinable
    public var base64URL: String { withBytes { Base64URL.encode($0) } }
    /// The digest in lower-case hexadecimal.
    public var description: String { hex }
}

/// The 32 bytes of a SHA-256 digest or an HMAC-SHA-256 code.
public struct SHA256Digest: HashDigest {
    /// The bytes, held in place; `inlineBytes.span` reads them without a copy.
    public let inlineBytes: InlineArray<32, UInt8>

    /// Calls `body` with the bytes, without a copy.
    @inlinable
    public func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result { body(inlineBytes.span) }

    /// Whether two digests are equal, in constant time.
    public static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        constantTimeEquals(left.inlineBytes.span, right.inlineBytes.span)
    }
}

/// The 64 bytes of a SHA-512 digest or an HMAC-SHA-512 code.
public struct SHA512Digest: HashDigest {
    /// The bytes, held in place; `inlineBytes.span` reads them without a copy.
    public let inlineBytes: InlineArray<64, UInt8>

    /// Calls `body` with the bytes, without a copy.
    @inlinable
    public func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result { body(inlineBytes.span) }

    /// Whether two digests are equal, in constant time.
    public static func == (left: SHA512Digest, right: SHA512Digest) -> Bool {
        constantTimeEquals(left.inlineBytes.span, right.inlineBytes.span)
    }
}

/// SHA-256, a value: a copy continues on its own.
public struct SHA256: HashFunction {
    private var context = SHA256_CTX()

    /// The number of bytes that SHA-256 compresses at once.
    public static var blockByteCount: Int { 64 }

    /// The hash of nothing.
    public init() {
        _ = unsafe SHA256_Init(&context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { _ = unsafe SHA256_Update(&context, $0.baseAddress, $0.count) }
    }

    /// The digest of everything added so far; more may be added afterwards.
    public func digest() -> SHA256Digest {
        var copy = context
        var bytes = InlineArray<32, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { _ = unsafe SHA256_Final($0.baseAddress, &copy) }
        return SHA256Digest(inlineBytes: bytes)
    }

    /// Overwrites the state.
    public mutating func cleanse() {
        unsafe OPENSSL_cleanse(&context, MemoryLayout<SHA256_CTX>.size)
    }
}

/// SHA-512, a value: a copy continues on its own.
public struct SHA512: HashFunction {
    private var context = SHA512_CTX()

    /// The number of bytes that SHA-512 compresses at once.
    public static var blockByteCount: Int { 128 }

    /// The hash of nothing.
    public init() {
        _ = unsafe SHA512_Init(&context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { _ = unsafe SHA512_Update(&context, $0.baseAddress, $0.count) }
    }

    /// The digest of everything added so far; more may be added afterwards.
    public func digest() -> SHA512Digest {
        var copy = context
        var bytes = InlineArray<64, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { _ = unsafe SHA512_Final($0.baseAddress, &copy) }
        return SHA512Digest(inlineBytes: bytes)
    }

    /// Overwrites the state.
    public mutating func cleanse() {
        unsafe OPENSSL_cleanse(&context, MemoryLayout<SHA512_CTX>.size)
    }
}
