// Secret bytes in memory that this module owns: overwritten when the last holder releases them, and never printed. Arrays and
// strings cannot guarantee that, because the language copies them.

import COpenSSL

/// A symmetric key.
///
/// It holds its bytes in one place, overwrites them when released, and describes itself as `•••`.
public struct SymmetricKey: Sendable, Equatable {
    private let storage: Storage

    /// The number of bytes.
    public var byteCount: Int { storage.count }

    /// A key of a copy of `bytes`; the caller overwrites its own bytes.
    public init(copying bytes: Span<UInt8>) {
        storage = Storage(count: bytes.count)
        unsafe bytes.withUnsafeBufferPointer { _ = unsafe storage.buffer.update(fromContentsOf: $0) }
    }

    /// A key of a copy of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.init(copying: bytes.span)
    }

    /// A key of the UTF-8 bytes of `text`, such as a secret from a configuration file.
    public init(utf8 text: String) {
        self.init(copying: text.utf8Span.span)
    }

    /// A new random key.
    ///
    /// - Throws: `.randomUnavailable`; `.sizeOutOfRange`.
    public static func random(byteCount: Int = 32) throws(CryptographyError) -> SymmetricKey {
        var bytes = try SecureRandom.bytes(byteCount)
        defer { cleanse(&bytes) }
        return SymmetricKey(bytes)
    }

    /// Gives the bytes to `body`, without a copy.
    ///
    /// They must not be kept.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        let buffer = unsafe UnsafeBufferPointer(storage.buffer)
        return try body(unsafe Span(_unsafeElements: buffer))
    }

    /// Whether two keys have the same bytes, in constant time.
    public static func == (left: SymmetricKey, right: SymmetricKey) -> Bool {
        left.withBytes { leftBytes in right.withBytes { constantTimeEquals(leftBytes, $0) } }
    }

    @safe private final class Storage: @unchecked Sendable {
        let buffer: UnsafeMutableBufferPointer<UInt8>
        var count: Int { unsafe buffer.count }

        init(count: Int) {
            unsafe buffer = .allocate(capacity: count)
            unsafe buffer.initialize(repeating: 0)
        }

        deinit {
            unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count)
            unsafe buffer.deallocate()
        }
    }
}

extension SymmetricKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `•••`.
    public var description: String { "•••" }
    /// Always `•••`.
    public var debugDescription: String { "•••" }
    /// Without children: a dump shows nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
