// HMAC (RFC 2104, FIPS 198-1) as a prepared key: the two key blocks are hashed once, and a message then costs its own blocks
// and one more. The prepared state is as secret as the key and is overwritten on release.

import COpenSSL

/// HMAC-SHA-256 with a prepared key.
///
/// Made once per secret and shared by all threads; a short message costs two compressions.
public struct HMACSHA256: Sendable {
    private let template: Template

    /// Prepares `key`, of any length (RFC 2104: a key beyond 64 bytes is hashed first).
    public init(key: SymmetricKey) {
        template = key.withBytes { Template(key: $0) }
    }

    /// Prepares a key of any length.
    public init(key bytes: [UInt8]) {
        template = Template(key: bytes.span)
    }

    /// The code of `message`.
    public func code(for message: Span<UInt8>) -> SHA256Digest {
        var stream = stream()
        stream.update(message)
        return stream.code()
    }

    /// The code of `message`.
    public func code(for message: [UInt8]) -> SHA256Digest {
        code(for: message.span)
    }

    /// The code of the UTF-8 bytes of `message`.
    public func code(for message: String) -> SHA256Digest {
        code(for: message.utf8Span.span)
    }

    /// Whether `code` is the code of `message`, in constant time.
    ///
    /// A truncated code is not valid.
    public func isValid(_ code: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        constantTimeEquals(self.code(for: message).inlineBytes.span, code)
    }

    /// Whether `code` is the code of `message`, in constant time.
    ///
    /// A truncated code is not valid.
    public func isValid(_ code: [UInt8], for message: [UInt8]) -> Bool {
        isValid(code.span, for: message.span)
    }

    /// A code over a message that comes in pieces.
    public func stream() -> Stream {
        Stream(template: template)
    }

    /// A code in the making.
    public struct Stream: Sendable {
        private var inner: SHA256
        private let template: Template

        fileprivate init(template: Template) {
            self.template = template
            inner = template.inner
        }

        /// Adds bytes of the message.
        public mutating func update(_ bytes: Span<UInt8>) {
            inner.update(bytes)
        }

        /// Adds bytes of the message.
        public mutating func update(_ bytes: [UInt8]) {
            inner.update(bytes.span)
        }

        /// Adds the UTF-8 bytes of `text`.
        public mutating func update(_ text: String) {
            inner.update(text.utf8Span.span)
        }

        /// The code of all that was added so far.
        public func code() -> SHA256Digest {
            let digest = inner.digest()
            var outer = template.outer
            outer.update(digest.inlineBytes.span)
            return outer.digest()
        }
    }

    fileprivate final class Template: @unchecked Sendable {
        private(set) var inner = SHA256()
        private(set) var outer = SHA256()

        init(key: Span<UInt8>) {
            var block = InlineArray<64, UInt8>(repeating: 0)
            if key.count > 64 {
                let digest = SHA256.digest(key)
                for index in 0..<32 { block[index] = digest.inlineBytes[index] }
            } else {
                for index in 0..<key.count { block[index] = key[index] }
            }
            for index in 0..<64 { block[index] ^= 0x36 }
            inner.update(block.span)
            for index in 0..<64 { block[index] ^= 0x36 ^ 0x5C }
            outer.update(block.span)
            var span = block.mutableSpan
            unsafe span.withUnsafeMutableBufferPointer { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        }

        deinit {
            unsafe OPENSSL_cleanse(&inner.context, MemoryLayout<SHA256_CTX>.size)
            unsafe OPENSSL_cleanse(&outer.context, MemoryLayout<SHA256_CTX>.size)
        }
    }
}

/// HMAC-SHA-512 with a prepared key.
///
/// Made once per secret and shared by all threads.
public struct HMACSHA512: Sendable {
    private let template: Template

    /// Prepares `key`, of any length (RFC 2104: a key beyond 128 bytes is hashed first).
    public init(key: SymmetricKey) {
        template = key.withBytes { Template(key: $0) }
    }

    /// Prepares a key of any length.
    public init(key bytes: [UInt8]) {
        template = Template(key: bytes.span)
    }

    init(key bytes: Span<UInt8>) {
        template = Template(key: bytes)
    }

    /// The code of `message`.
    public func code(for message: Span<UInt8>) -> SHA512Digest {
        var inner = template.inner
        inner.update(message)
        let digest = inner.digest()
        var outer = template.outer
        outer.update(digest.inlineBytes.span)
        return outer.digest()
    }

    /// The code of `message`.
    public func code(for message: [UInt8]) -> SHA512Digest {
        code(for: message.span)
    }

    /// Whether `code` is the code of `message`, in constant time.
    ///
    /// A truncated code is not valid.
    public func isValid(_ code: [UInt8], for message: [UInt8]) -> Bool {
        constantTimeEquals(self.code(for: message).inlineBytes.span, code.span)
    }

    fileprivate final class Template: @unchecked Sendable {
        private(set) var inner = SHA512()
        private(set) var outer = SHA512()

        init(key: Span<UInt8>) {
            var block = InlineArray<128, UInt8>(repeating: 0)
            if key.count > 128 {
                let digest = SHA512.digest(key)
                for index in 0..<64 { block[index] = digest.inlineBytes[index] }
            } else {
                for index in 0..<key.count { block[index] = key[index] }
            }
            for index in 0..<128 { block[index] ^= 0x36 }
            inner.update(block.span)
            for index in 0..<128 { block[index] ^= 0x36 ^ 0x5C }
            outer.update(block.span)
            var span = block.mutableSpan
            unsafe span.withUnsafeMutableBufferPointer { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        }

        deinit {
            unsafe OPENSSL_cleanse(&inner.context, MemoryLayout<SHA512_CTX>.size)
            unsafe OPENSSL_cleanse(&outer.context, MemoryLayout<SHA512_CTX>.size)
        }
    }
}
