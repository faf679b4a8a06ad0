// SHA-256 and SHA-512 (FIPS 180-4), at once or piece by piece. The state is a plain value on the stack: no allocation.

import COpenSSL

/// The 32 bytes of a SHA-256 digest or an HMAC-SHA-256 code.
///
/// Comparison takes the same time wherever two differ.
public struct SHA256Digest: Sendable, Equatable, CustomStringConvertible {
    /// The bytes, held in place; `inlineBytes.span` reads them without a copy.
    public let inlineBytes: InlineArray<32, UInt8>

    /// The bytes as an array (one allocation).
    public var bytes: [UInt8] { unsafe inlineBytes.span.withUnsafeBufferPointer { unsafe Array($0) } }
    /// The digest in lower-case hexadecimal, 64 digits.
    public var hex: String { Hex.encode(inlineBytes.span) }
    /// The digest in base64url without padding, 43 characters.
    public var base64URL: String { Base64URL.encode(inlineBytes.span) }
    /// The digest in lower-case hexadecimal.
    public var description: String { hex }

    /// Whether two digests are equal, in constant time.
    public static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        constantTimeEquals(left.inlineBytes.span, right.inlineBytes.span)
    }
}

/// The 64 bytes of a SHA-512 digest or an HMAC-SHA-512 code.
///
/// Comparison takes the same time wherever two differ.
public struct SHA512Digest: Sendable, Equatable, CustomStringConvertible {
    /// The bytes, held in place; `inlineBytes.span` reads them without a copy.
    public let inlineBytes: InlineArray<64, UInt8>

    /// The bytes as an array (one allocation).
    public var bytes: [UInt8] { unsafe inlineBytes.span.withUnsafeBufferPointer { unsafe Array($0) } }
    /// The digest in lower-case hexadecimal, 128 digits.
    public var hex: String { Hex.encode(inlineBytes.span) }
    /// The digest in base64url without padding, 86 characters.
    public var base64URL: String { Base64URL.encode(inlineBytes.span) }
    /// The digest in lower-case hexadecimal.
    public var description: String { hex }

    /// Whether two digests are equal, in constant time.
    public static func == (left: SHA512Digest, right: SHA512Digest) -> Bool {
        constantTimeEquals(left.inlineBytes.span, right.inlineBytes.span)
    }
}

/// SHA-256.
///
/// A value: a copy goes its own way from where it was copied.
public struct SHA256: Sendable {
    var context = SHA256_CTX()

    /// The hash of nothing yet.
    public init() {
        _ = unsafe SHA256_Init(&context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { _ = unsafe SHA256_Update(&context, $0.baseAddress, $0.count) }
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// Adds the UTF-8 bytes of `text`.
    public mutating func update(_ text: String) {
        update(text.utf8Span.span)
    }

    /// The digest of all that was added so far; more may be added afterwards.
    public func digest() -> SHA256Digest {
        var copy = context
        var bytes = InlineArray<32, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { _ = unsafe SHA256_Final($0.baseAddress, &copy) }
        return SHA256Digest(inlineBytes: bytes)
    }

    /// The digest of `bytes`.
    public static func digest(_ bytes: Span<UInt8>) -> SHA256Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.digest()
    }

    /// The digest of `bytes`.
    public static func digest(_ bytes: [UInt8]) -> SHA256Digest {
        digest(bytes.span)
    }

    /// The digest of the UTF-8 bytes of `text`.
    public static func digest(_ text: String) -> SHA256Digest {
        digest(text.utf8Span.span)
    }
}

/// SHA-512.
///
/// A value: a copy goes its own way from where it was copied.
public struct SHA512: Sendable {
    var context = SHA512_CTX()

    /// The hash of nothing yet.
    public init() {
        _ = unsafe SHA512_Init(&context)
    }

    /// Adds bytes.
    public mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { _ = unsafe SHA512_Update(&context, $0.baseAddress, $0.count) }
    }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// Adds the UTF-8 bytes of `text`.
    public mutating func update(_ text: String) {
        update(text.utf8Span.span)
    }

    /// The digest of all that was added so far; more may be added afterwards.
    public func digest() -> SHA512Digest {
        var copy = context
        var bytes = InlineArray<64, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { _ = unsafe SHA512_Final($0.baseAddress, &copy) }
        return SHA512Digest(inlineBytes: bytes)
    }

    /// The digest of `bytes`.
    public static func digest(_ bytes: Span<UInt8>) -> SHA512Digest {
        var hash = SHA512()
        hash.update(bytes)
        return hash.digest()
    }

    /// The digest of `bytes`.
    public static func digest(_ bytes: [UInt8]) -> SHA512Digest {
        digest(bytes.span)
    }

    /// The digest of the UTF-8 bytes of `text`.
    public static func digest(_ text: String) -> SHA512Digest {
        digest(text.utf8Span.span)
    }
}
