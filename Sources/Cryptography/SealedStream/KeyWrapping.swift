// Giving a data key to the holder of a private key: RSA-OAEP with SHA-256 (RFC 8017 section 7.1), or X25519 (RFC 7748) with an ephemeral
// key, HKDF and AES-256-GCM. Knows nothing of what the data key seals.

import COpenSSL

/// The public key of someone who may open what is sealed to it: RSA or X25519.
public struct SealingRecipient: Sendable {
    /// How a data key is wrapped.
    enum Kind: Sendable {
        case rsa(RSAPublicKey)
        case x25519(publicBytes: [UInt8])
    }

    let kind: Kind

    /// Reads `-----BEGIN PUBLIC KEY-----` of an RSA key of 2048 to 8192 bits or of an X25519 key.
    ///
    /// - Throws: `.keyInvalid`.
    public init(pem: String) throws(CryptographyError) {
        let handle = try KeyHandle(pem: pem, label: "PUBLIC KEY", isPrivate: false)
        if handle.isOf(type: "X25519") {
            kind = .x25519(publicBytes: try handle.rawPublicBytes())
        } else if handle.isOf(type: "RSA") {
            kind = .rsa(try RSAPublicKey(handle: handle))
        } else {
            throw .keyInvalid(.wrongType(expected: "RSA or X25519"))
        }
    }

    /// The name of the way in which a key is wrapped.
    public var algorithm: WrappingAlgorithm {
        switch kind {
        case .rsa: .rsaOAEP
        case .x25519: .x25519
        }
    }

    /// Wraps `key`, 32 bytes, so that only the private key opens it.
    public func wrap(_ key: SymmetricKey) throws(CryptographyError) -> [UInt8] {
        switch kind {
        case .rsa(let recipient): return try recipient.handle.oaep(key.withBytes { Array(copying: $0) }, encrypts: true)
        case .x25519(let recipient):
            let ephemeral = try KeyHandle.generatedX25519()
            let sender = try ephemeral.rawPublicBytes()
            let secret = try ephemeral.sharedSecret(with: recipient)
            let box = try KeyAgreement.cipher(secret, sender: sender, recipient: recipient).seal(
                key.withBytes { Array(copying: $0) }, authenticating: [])
            return sender + box.nonce + box.ciphertext + box.tag
        }
    }
}

/// How a data key is wrapped.
public enum WrappingAlgorithm: String, Sendable, CaseIterable {
    /// RSA-OAEP with SHA-256 for both hashes.
    case rsaOAEP = "rsa-oaep-sha256"
    /// X25519 with an ephemeral key, HKDF-SHA256 and AES-256-GCM.
    case x25519 = "x25519"
}

/// The private key that opens what was sealed to its public half.
public struct SealingIdentity: Sendable {
    private let handle: KeyHandle
    /// The one algorithm that it opens.
    public let algorithm: WrappingAlgorithm

    /// Reads `-----BEGIN PRIVATE KEY-----` (PKCS #8) of an RSA or X25519 key without a pass phrase.
    ///
    /// - Throws: `.keyInvalid`.
    public init(pem: String) throws(CryptographyError) {
        let handle = try KeyHandle(pem: pem, label: "PRIVATE KEY", isPrivate: true)
        if handle.isOf(type: "X25519") {
            algorithm = .x25519
        } else if handle.isOf(type: "RSA") {
            _ = try RSAPublicKey(handle: handle)
            algorithm = .rsaOAEP
        } else {
            throw .keyInvalid(.wrongType(expected: "RSA or X25519"))
        }
        self.handle = handle
    }

    /// Returns the key that ``SealingRecipient/wrap(_:)`` wrapped.
    ///
    /// - Throws: `.authenticationFailed` when it was wrapped for another key.
    public func unwrap(_ wrapped: [UInt8]) throws(CryptographyError) -> SymmetricKey {
        var bytes: [UInt8]
        switch algorithm {
        case .rsaOAEP:
            do throws(CryptographyError) { bytes = try handle.oaep(wrapped, encrypts: false) } catch {
                throw .authenticationFailed
            }
        case .x25519:
            guard wrapped.count == 32 + 12 + 32 + 16 else { throw .authenticationFailed }
            let (sender, recipient) = (Array(wrapped[..<32]), try handle.rawPublicBytes())
            let box = AES256GCM.Box(
                nonce: Array(wrapped[32..<44]), ciphertext: Array(wrapped[44..<76]), tag: Array(wrapped[76...]))
            let secret = try handle.sharedSecret(with: sender)
            bytes = try KeyAgreement.cipher(secret, sender: sender, recipient: recipient).open(box, authenticating: [])
        }
        defer { cleanse(&bytes) }
        guard bytes.count == 32 else { throw .authenticationFailed }
        return SymmetricKey(bytes)
    }
}

private enum KeyAgreement {
    /// The cipher for a data key; both public keys are part of what it is derived from.
    static func cipher(
        _ secret: SymmetricKey, sender: [UInt8], recipient: [UInt8]
    ) throws(CryptographyError) -> AES256GCM {
        try AES256GCM(
            key: HKDF.deriveSHA256(
                from: secret, salt: sender + recipient, info: Array("integration-host wrapped key 1".utf8)))
    }
}

extension KeyHandle {
    /// A new X25519 key.
    fileprivate static func generatedX25519() throws(CryptographyError) -> KeyHandle {
        var seed = try SecureRandom.bytes(32)
        defer { cleanse(&seed) }
        guard let key = unsafe EVP_PKEY_new_raw_private_key_ex(nil, "X25519", nil, seed, 32) else {
            throw .libraryFailure(operation: "X25519 key generation")
        }
        return unsafe KeyHandle(taking: key)
    }

    /// The 32 bytes of the public half of an X25519 key.
    fileprivate func rawPublicBytes() throws(CryptographyError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = 32
        guard unsafe EVP_PKEY_get_raw_public_key(pointer, &bytes, &count) == 1, count == 32 else {
            throw .libraryFailure(operation: "X25519 public key")
        }
        return bytes
    }

    /// The secret that this private key and another public key share.
    ///
    /// - Throws: `.authenticationFailed` for a point of small order, with which the secret would be known to all.
    fileprivate func sharedSecret(with publicBytes: [UInt8]) throws(CryptographyError) -> SymmetricKey {
        guard let key = unsafe EVP_PKEY_new_raw_public_key_ex(nil, "X25519", nil, publicBytes, publicBytes.count) else {
            OpenSSL.clearErrors()
            throw .authenticationFailed
        }
        let peer = unsafe KeyHandle(taking: key)
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil) else {
            throw .libraryFailure(operation: "EVP_PKEY_CTX_new_from_pkey")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var secret = [UInt8](repeating: 0, count: 32)
        defer { cleanse(&secret) }
        var count = 32
        guard unsafe EVP_PKEY_derive_init(context) == 1, unsafe EVP_PKEY_derive_set_peer(context, peer.pointer) == 1,
            unsafe EVP_PKEY_derive(context, &secret, &count) == 1, count == 32
        else {
            OpenSSL.clearErrors()
            throw .authenticationFailed
        }
        return SymmetricKey(secret)
    }

    /// Encrypts or decrypts with RSA-OAEP and SHA-256.
    fileprivate func oaep(_ input: [UInt8], encrypts: Bool) throws(CryptographyError) -> [UInt8] {
        let failure = CryptographyError.libraryFailure(operation: "RSA-OAEP")
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil) else { throw failure }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        let begun = unsafe encrypts ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)
        guard begun == 1, unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_oaep_md_name(context, "SHA2-256", nil) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, "SHA2-256", nil) == 1
        else {
            OpenSSL.clearErrors()
            throw failure
        }
        var count = CryptographyLimits.rsaModulusBitsMax / 8
        var output = [UInt8](repeating: 0, count: count)
        let done =
            unsafe encrypts
            ? EVP_PKEY_encrypt(context, &output, &count, input, input.count)
            : EVP_PKEY_decrypt(context, &output, &count, input, input.count)
        guard done == 1 else {
            OpenSSL.clearErrors()
            throw failure
        }
        output.removeLast(output.count - count)
        return output
    }
}

extension Array where Element == UInt8 {
    fileprivate init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }
}
