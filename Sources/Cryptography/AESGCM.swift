// AES-256-GCM (NIST SP 800-38D) with a 12-byte nonce and the full 16-byte tag. OpenSSL verifies tags of any length from 1 to 16
// bytes, and a 1-byte tag is forged in 256 tries. So the length is fixed here, never by the input.

import COpenSSL

/// Authenticated encryption with a 32-byte key.
///
/// A key must not seal more than 2^32 messages (random nonces).
public struct AES256GCM: Sendable {
    /// The size of a nonce.
    public static let nonceByteCount = 12
    /// The size of a tag.
    public static let tagByteCount = 16

    private let key: SymmetricKey

    /// A nonce, a ciphertext as long as the plaintext, and a tag.
    public struct Box: Sendable, Equatable {
        /// The 12 bytes that were random for this message.
        public var nonce: [UInt8]
        /// As many bytes as the plaintext.
        public var ciphertext: [UInt8]
        /// The 16 bytes that authenticate ciphertext, nonce and associated data.
        public var tag: [UInt8]

        /// A box of parts that came from elsewhere; sizes are checked when it is opened.
        public init(nonce: [UInt8], ciphertext: [UInt8], tag: [UInt8]) {
            self.nonce = nonce
            self.ciphertext = ciphertext
            self.tag = tag
        }
    }

    /// Takes a key of exactly 32 bytes.
    ///
    /// - Throws: `.keySizeInvalid`.
    public init(key: SymmetricKey) throws(CryptographyError) {
        guard key.byteCount == 32 else { throw .keySizeInvalid(expectedBytes: 32, actualBytes: key.byteCount) }
        self.key = key
    }

    /// Encrypts `plaintext` under a fresh random nonce and authenticates it together with `associatedData`.
    ///
    /// - Throws: `.randomUnavailable`, `.libraryFailure`, `.sizeOutOfRange` beyond 2^31 bytes.
    public func seal(_ plaintext: Span<UInt8>, authenticating associatedData: Span<UInt8>) throws(CryptographyError)
        -> Box
    {
        try seal(plaintext, nonce: SecureRandom.bytes(Self.nonceByteCount), authenticating: associatedData)
    }

    /// Encrypts `plaintext` under a fresh random nonce and authenticates it together with `associatedData`.
    public func seal(_ plaintext: [UInt8], authenticating associatedData: [UInt8]) throws(CryptographyError) -> Box {
        try seal(plaintext.span, authenticating: associatedData.span)
    }

    /// The plaintext of `box`, if nothing of it or of `associatedData` was altered.
    ///
    /// - Throws: `.authenticationFailed`, also for a nonce or tag of another size.
    public func open(_ box: Box, authenticating associatedData: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        guard box.nonce.count == Self.nonceByteCount, box.tag.count == Self.tagByteCount else {
            throw .authenticationFailed
        }
        var plaintext = [UInt8](repeating: 0, count: box.ciphertext.count)
        let input = box.ciphertext.span
        var tag = box.tag
        let opened = try transform(input, nonce: box.nonce, associatedData, &plaintext, encrypting: false, tag: &tag)
        guard opened else {
            cleanse(&plaintext)
            throw .authenticationFailed
        }
        return plaintext
    }

    /// The plaintext of `box`, if nothing of it or of `associatedData` was altered.
    public func open(_ box: Box, authenticating associatedData: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try open(box, authenticating: associatedData.span)
    }

    /// For published vectors and nothing else: a nonce used twice gives the key away.
    func seal(_ plaintext: Span<UInt8>, nonce: [UInt8], authenticating: Span<UInt8>) throws(CryptographyError) -> Box {
        var ciphertext = [UInt8](repeating: 0, count: plaintext.count)
        var tag = [UInt8](repeating: 0, count: Self.tagByteCount)
        guard try transform(plaintext, nonce: nonce, authenticating, &ciphertext, encrypting: true, tag: &tag) else {
            throw .libraryFailure(operation: "AES-256-GCM encryption")
        }
        return Box(nonce: nonce, ciphertext: ciphertext, tag: tag)
    }

    /// Runs the cipher.
    ///
    /// False when the tag does not fit (decrypting) or a step fails.
    private func transform(
        _ input: Span<UInt8>, nonce: [UInt8], _ associatedData: Span<UInt8>, _ output: inout [UInt8], encrypting: Bool,
        tag: inout [UInt8]
    ) throws(CryptographyError) -> Bool {
        guard input.count <= Int(Int32.max), associatedData.count <= Int(Int32.max) else {
            throw .sizeOutOfRange(maxBytes: Int(Int32.max))
        }
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            throw .libraryFailure(operation: "EVP_CIPHER_CTX_new")
        }
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        let done = key.withBytes { key in
            unsafe Self.run(context, key, nonce, associatedData, input, &output, encrypting, &tag)
        }
        if !done { OpenSSL.clearErrors() }
        return done
    }

    private static func run(
        _ context: OpaquePointer, _ key: Span<UInt8>, _ nonce: [UInt8], _ associatedData: Span<UInt8>,
        _ input: Span<UInt8>,
        _ output: inout [UInt8], _ encrypting: Bool, _ tag: inout [UInt8]
    ) -> Bool {
        let direction: Int32 = encrypting ? 1 : 0
        let started = unsafe key.withUnsafeBufferPointer { key in
            unsafe EVP_CipherInit_ex2(context, OpenSSL.aes256GCM, key.baseAddress, nonce, direction, nil)
        }
        guard started == 1 else { return false }
        // The tag to verify is set before the last step of a decryption and read after that of an encryption.
        let setTag = unsafe encrypting || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1
        guard setTag, unsafe update(context, associatedData, nil) else { return false }
        let transformed = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe update(context, input, output.baseAddress)
        }
        var length: Int32 = 0
        var last: UInt8 = 0
        guard transformed, unsafe EVP_CipherFinal_ex(context, &last, &length) == 1, length == 0 else { return false }
        return unsafe !encrypting || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
    }

    /// Feeds data, or associated data where there is no output.
    private static func update(
        _ context: OpaquePointer, _ input: Span<UInt8>, _ output: UnsafeMutablePointer<UInt8>?
    ) -> Bool {
        guard input.count > 0 else { return true }
        var length: Int32 = 0
        return unsafe input.withUnsafeBufferPointer { input in
            unsafe EVP_CipherUpdate(context, output, &length, input.baseAddress, Int32(input.count)) == 1
                && Int(length) == input.count
        }
    }
}
