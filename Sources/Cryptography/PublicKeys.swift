// Asymmetric keys as OpenSSL holds them: RSA, P-256 and Ed25519, from PEM, JWK members or raw bytes. What is weak or not on its
// curve is refused when the key is made, so that a verifier never meets it.

import COpenSSL

/// An OpenSSL key, freed with its last holder.
///
/// OpenSSL shares such a key between threads as long as no one changes it.
@safe final class KeyHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(taking pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe EVP_PKEY_free(pointer)
    }

    /// Reads one PEM block with the label `PUBLIC KEY` or `PRIVATE KEY`.
    convenience init(pem: String, label: String, isPrivate: Bool) throws(CryptographyError) {
        let fault = CryptographyError.keyInvalid(.notPEM(expectedLabel: label))
        // With two keys in one text it is unclear which one is meant; of the labels OpenSSL is not particular.
        guard pem.utf8.count <= CryptographyLimits.pemBytesMax, pem.ranges(of: "-----BEGIN ").count == 1,
            pem.contains("-----BEGIN \(label)-----")
        else { throw fault }
        var text = Array(pem.utf8)
        defer { cleanse(&text) }
        let key = unsafe text.withUnsafeBytes { unsafe Self.readPEM($0, isPrivate: isPrivate) }
        guard let key = unsafe key else {
            OpenSSL.clearErrors()
            throw fault
        }
        unsafe self.init(taking: key)
    }

    private static func readPEM(_ text: UnsafeRawBufferPointer, isPrivate: Bool) -> OpaquePointer? {
        guard let bio = unsafe BIO_new_mem_buf(text.baseAddress, Int32(text.count)) else { return nil }
        defer { unsafe BIO_free(bio) }
        // The callback stands in for OpenSSL's own, which would ask for a pass phrase on the terminal.
        let refusePassphrase:
            @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 =
                { _, _, _, _ in -1 }
        return isPrivate
            ? unsafe PEM_read_bio_PrivateKey(bio, nil, refusePassphrase, nil)
            : unsafe PEM_read_bio_PUBKEY(bio, nil, refusePassphrase, nil)
    }

    func isOf(type: StaticString) -> Bool {
        unsafe EVP_PKEY_is_a(pointer, type.cString) == 1
    }

    /// The PEM text of the public half.
    func publicPEM() throws(CryptographyError) -> String {
        try unsafe pem { unsafe PEM_write_bio_PUBKEY($0, $1) }
    }

    /// The PEM text of the private key (PKCS #8).
    func privatePEM() throws(CryptographyError) -> String {
        try unsafe pem { unsafe PEM_write_bio_PKCS8PrivateKey($0, $1, nil, nil, 0, nil, nil) }
    }

    private func pem(_ write: (OpaquePointer, OpaquePointer) -> Int32) throws(CryptographyError) -> String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw .libraryFailure(operation: "BIO_new") }
        defer { unsafe BIO_free(bio) }
        guard unsafe write(bio, pointer) == 1 else { throw .libraryFailure(operation: "writing PEM") }
        var text = [UInt8](repeating: 0, count: CryptographyLimits.pemBytesMax)
        let count = unsafe BIO_read(bio, &text, Int32(text.count))
        guard count > 0 else { throw .libraryFailure(operation: "BIO_read") }
        return String(decoding: text[..<Int(count)], as: UTF8.self)
    }

    /// Verifies a signature over `message`.
    ///
    /// With `digest` nil the key's algorithm hashes by itself (Ed25519).
    func verifies(_ signature: Span<UInt8>, over message: Span<UInt8>, digest: OpaquePointer?) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestVerifyInit(context, nil, digest, nil, pointer) == 1 else {
            OpenSSL.clearErrors()
            return false
        }
        let verified = unsafe signature.withUnsafeBufferPointer { signature in
            unsafe message.withUnsafeBufferPointer { message in
                unsafe EVP_DigestVerify(
                    context, signature.baseAddress, signature.count,
                    message.baseAddress, message.count) == 1
            }
        }
        if !verified { OpenSSL.clearErrors() }
        return verified
    }

    /// Signs `message`.
    func signature(over message: Span<UInt8>, digest: OpaquePointer?, bytesMax: Int) throws(CryptographyError)
        -> [UInt8]
    {
        let failure = CryptographyError.libraryFailure(operation: "signing")
        guard let context = unsafe EVP_MD_CTX_new() else { throw failure }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestSignInit(context, nil, digest, nil, pointer) == 1 else { throw failure }
        var signature = [UInt8](repeating: 0, count: bytesMax)
        var count = bytesMax
        let signed = unsafe message.withUnsafeBufferPointer { message in
            unsafe EVP_DigestSign(
                context, &signature, &count, message.baseAddress, message.count)
        }
        guard signed == 1 else { throw failure }
        signature.removeLast(signature.count - count)
        return signature
    }

    /// A key of `type` from named parameters; nil when OpenSSL refuses them.
    ///
    /// The builder keeps the pointers it is given until the key is made: they must outlive this call.
    static func make(
        type: StaticString, _ parameters: (OpaquePointer) -> Bool
    ) throws(CryptographyError) -> KeyHandle? {
        guard let builder = unsafe OSSL_PARAM_BLD_new() else { throw .libraryFailure(operation: "OSSL_PARAM_BLD_new") }
        defer { unsafe OSSL_PARAM_BLD_free(builder) }
        guard unsafe parameters(builder), let list = unsafe OSSL_PARAM_BLD_to_param(builder) else {
            throw .libraryFailure(operation: "OSSL_PARAM_BLD")
        }
        defer { unsafe OSSL_PARAM_free(list) }
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type.cString, nil) else {
            throw .libraryFailure(operation: "EVP_PKEY_CTX_new_from_name")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_fromdata_init(context) == 1,
            unsafe EVP_PKEY_fromdata(context, &key, CO_EVP_PKEY_PUBLIC_KEY, list) == 1, let key = unsafe key
        else {
            OpenSSL.clearErrors()
            return nil
        }
        return unsafe KeyHandle(taking: key)
    }
}

extension StaticString {
    /// The text as a C string that lives as long as the program.
    var cString: UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
