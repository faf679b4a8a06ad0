// HMAC (RFC 2104, FIPS 198-1) as a prepared key. The two key blocks are hashed once; a message then costs its own blocks and one
// more. The prepared state is as secret as the key and is overwritten on release.

import COpenSSL

/// HMAC-SHA-256 with a prepared key.
public typealias HMACSHA256 = HMAC<SHA256>

/// HMAC-SHA-512 with a prepared key.
public typealias HMACSHA512 = HMAC<SHA512>

/// HMAC with a prepared key.
///
/// Make one per secret and share it between threads; a short message costs two compressions.
public struct HMAC<Hash: HashFunction>: Sendable {
    private let template: Template

    /// Prepares `key`, of any length (RFC 2104: a key longer than a block of the hash is hashed first).
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
    public func code(for message: Span<UInt8>) -> Hash.Digest {
        var stream = stream()
        stream.update(message)
        return stream.code()
    }

    /// The code of `message`.
    public func code(for message: [UInt8]) -> Hash.Digest {
        code(for: message.span)
    }

    /// The code of the UTF-8 bytes of `message`.
    public func code(for message: String) -> Hash.Digest {
        code(for: message.utf8Span.span)
    }

    /// Whether `code` is the code of `message`, in constant time.
    ///
    /// A truncated code is not valid.
    public func isValid(_ code: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        let expected = self.code(for: message)
        return expected.withBytes { constantTimeEquals($0, code) }
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
        private var inner: Hash
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

        /// The code of everything added so far.
        public func code() -> Hash.Digest {
            var outer = template.outer
            inner.digest().withBytes { outer.update($0) }
            return outer.digest()
        }
    }

    fileprivate final class Template: @unchecked Sendable {
        private(set) var inner = Hash()
        private(set) var outer = Hash()

        init(key: Span<UInt8>) {
            var block = [UInt8](repeating: 0, count: Hash.blockByteCount)
            func fill(_ bytes: Span<UInt8>) {
                for index in bytes.indices { block[index] = bytes[index] }
            }
            if key.count > block.count { Hash.digest(key).withBytes(fill) } else { fill(key) }
            for index in block.indices { block[index] ^= 0x36 }
            inner.update(block.span)
            for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
            outer.update(block.span)
            cleanse(&block)
        }

        deinit {
            inner.cleanse()
            outer.cleanse()
        }
    }
}
