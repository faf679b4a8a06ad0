// AES-256-CBC with HMAC-SHA-512 (RFC 7518 section 5.2.5). The code is checked before a byte is decrypted, so the padding of an
// altered message is never read.

import COpenSSL

/// The composite cipher of `A256CBC-HS512`.
///
/// For existing formats only; use AES-256-GCM for anything new.
struct AES256CBCHS512: Sendable {
    private let authentication: HMACSHA512
    private let encryptionKey: SymmetricKey

    /// Takes a key of 64 bytes, whose first half authenticates and whose second half encrypts.
    init(key: SymmetricKey) {
        authentication = key.withBytes { HMACSHA512(key: $0.extracting(..<32)) }
        encryptionKey = key.withBytes { SymmetricKey(copying: $0.extracting(32...)) }
    }

    func open(
        nonce: [UInt8], ciphertext: [UInt8], tag: [UInt8], authenticating associatedData: Span<UInt8>
    ) throws(CryptographyError) -> [UInt8] {
        guard nonce.count == 16, tag.count == 32, !ciphertext.isEmpty, ciphertext.count % 16 == 0,
            constantTimeEquals(self.tag(nonce, ciphertext, associatedData), tag),
            let plaintext = transform(ciphertext, nonce: nonce, encrypting: false)
        else { throw .authenticationFailed }
        return plaintext
    }

    func seal(
        _ plaintext: [UInt8], nonce: [UInt8], authenticating associatedData: Span<UInt8>
    ) throws(CryptographyError) -> AES256GCM.Box {
        guard let ciphertext = transform(plaintext, nonce: nonce, encrypting: true) else {
            throw .libraryFailure(operation: "AES-256-CBC encryption")
        }
        return .init(nonce: nonce, ciphertext: ciphertext, tag: tag(nonce, ciphertext, associatedData))
    }

    /// The first half of the code over associated data, nonce, ciphertext and the bit length of the associated data.
    private func tag(_ nonce: [UInt8], _ ciphertext: [UInt8], _ associatedData: Span<UInt8>) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(associatedData.count + nonce.count + ciphertext.count + 8)
        unsafe associatedData.withUnsafeBufferPointer { unsafe message.append(contentsOf: $0) }
        message += nonce
        message += ciphertext
        let bitCount = UInt64(associatedData.count) * 8
        for shift in stride(from: 56, through: 0, by: -8) {
            message.append(UInt8(truncatingIfNeeded: bitCount >> UInt64(shift)))
        }
        return Array(authentication.code(for: message).bytes[..<32])
    }

    /// Runs the cipher with its padding (PKCS #7); nil when the padding is wrong or a step fails.
    func transform(_ input: [UInt8], nonce: [UInt8], encrypting: Bool) -> [UInt8]? {
        guard input.count < Int(Int32.max) - 32, let context = unsafe EVP_CIPHER_CTX_new() else { return nil }
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        let started = encryptionKey.withBytes { key in
            unsafe key.withUnsafeBufferPointer { key in
                unsafe EVP_CipherInit_ex2(context, OpenSSL.aes256CBC, key.baseAddress, nonce, encrypting ? 1 : 0, nil)
            }
        }
        var output = [UInt8](repeating: 0, count: input.count + 16)
        var length: Int32 = 0
        var lastLength: Int32 = 0
        let done = unsafe output.withUnsafeMutableBufferPointer { output in
            guard started == 1,
                unsafe EVP_CipherUpdate(context, output.baseAddress, &length, input, Int32(input.count)) == 1
            else { return false }
            return unsafe EVP_CipherFinal_ex(context, output.baseAddress?.advanced(by: Int(length)), &lastLength) == 1
        }
        guard done else {
            OpenSSL.clearErrors()
            cleanse(&output)
            return nil
        }
        output.removeLast(output.count - Int(length + lastLength))
        return output
    }
}
