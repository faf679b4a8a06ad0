// RSA keys for RS256: PKCS #1 v1.5 signatures with SHA-256 (RFC 8017 section 8.2). Encryption with RSA is not here.

import COpenSSL

/// An RSA public key of 2048 to 8192 bits.
public struct RSAPublicKey: Sendable {
    private static let modulusName: StaticString = "n"
    private static let exponentName: StaticString = "e"

    let handle: KeyHandle
    /// The number of bits of the modulus.
    public let modulusBits: Int

    /// Reads `-----BEGIN PUBLIC KEY-----` (SubjectPublicKeyInfo, RFC 7468 section 13).
    ///
    /// - Throws: `.keyInvalid`.
    public init(pem: String) throws(CryptographyError) {
        let handle = try KeyHandle(pem: pem, label: "PUBLIC KEY", isPrivate: false)
        try self.init(handle: handle)
    }

    /// Takes the big-endian `n` and `e` of a JWK (RFC 7518 section 6.3.1), decoded from base64url.
    ///
    /// - Throws: `.keyInvalid`.
    public init(modulus: [UInt8], exponent: [UInt8]) throws(CryptographyError) {
        guard modulus.count <= CryptographyLimits.rsaModulusBitsMax / 8 + 1 else {
            throw .keyInvalid(.rsaModulusBits(modulus.count * 8))
        }
        guard exponent.count <= 16 else { throw .keyInvalid(.rsaExponent) }
        let n = unsafe BN_bin2bn(modulus, Int32(modulus.count), nil)
        let e = unsafe BN_bin2bn(exponent, Int32(exponent.count), nil)
        defer {
            unsafe BN_free(n)
            unsafe BN_free(e)
        }
        guard let n = unsafe n, let e = unsafe e else { throw .libraryFailure(operation: "BN_bin2bn") }
        let handle = try unsafe KeyHandle.make(type: "RSA") { builder in
            unsafe OSSL_PARAM_BLD_push_BN(builder, Self.modulusName.cString, n) == 1
                && OSSL_PARAM_BLD_push_BN(builder, Self.exponentName.cString, e) == 1
        }
        guard let handle else { throw .keyInvalid(.rsaModulusBits(Int(unsafe BN_num_bits(n)))) }
        try self.init(handle: handle)
    }

    init(handle: KeyHandle) throws(CryptographyError) {
        guard handle.isOf(type: "RSA") else { throw .keyInvalid(.wrongType(expected: "RSA")) }
        let bits = Int(unsafe EVP_PKEY_get_bits(handle.pointer))
        guard (CryptographyLimits.rsaModulusBitsMin...CryptographyLimits.rsaModulusBitsMax).contains(bits) else {
            throw .keyInvalid(.rsaModulusBits(bits))
        }
        var exponent: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(handle.pointer, "e", &exponent) == 1 else {
            throw .libraryFailure(operation: "EVP_PKEY_get_bn_param")
        }
        defer { unsafe BN_free(exponent) }
        guard unsafe BN_is_odd(exponent) == 1, unsafe BN_is_one(exponent) == 0, unsafe BN_num_bits(exponent) <= 64
        else {
            throw .keyInvalid(.rsaExponent)
        }
        var modulus: OpaquePointer?
        guard unsafe EVP_PKEY_get_bn_param(handle.pointer, "n", &modulus) == 1 else {
            throw .libraryFailure(operation: "EVP_PKEY_get_bn_param")
        }
        defer { unsafe BN_free(modulus) }
        guard unsafe BN_is_odd(modulus) == 1 else { throw .keyInvalid(.rsaModulusBits(bits)) }
        guard unsafe !Self.isFromWeakGenerator(modulus) else { throw .keyInvalid(.rsaModulusWeak) }
        self.handle = handle
        modulusBits = bits
    }

    /// Whether the modulus has the mark of the generator of CVE-2017-15361: modulo each of the first primes it is a
    /// power of 65537.
    ///
    /// Of other keys, one in more than 2^27 has it.
    private static func isFromWeakGenerator(_ modulus: OpaquePointer?) -> Bool {
        let primes: [UInt] = [
            3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
            109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
        ]
        return primes.allSatisfy { prime in
            let remainder = unsafe BN_mod_word(modulus, prime)
            var power: UInt = 1
            for _ in 1..<prime {
                if power == remainder { return true }
                power = power * 65537 % prime
            }
            return false
        }
    }

    /// Whether `signature` is the RS256 signature of `message`.
    ///
    /// Its length must be that of the modulus.
    public func isValidSignature(_ signature: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        guard signature.count == (modulusBits + 7) / 8 else { return false }
        return unsafe handle.verifies(signature, over: message, digest: OpenSSL.sha256)
    }

    /// Whether `signature` is the RS256 signature of `message`.
    public func isValidSignature(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        isValidSignature(signature.span, for: message.span)
    }

    /// The key as `-----BEGIN PUBLIC KEY-----`.
    public func pem() throws(CryptographyError) -> String {
        try handle.publicPEM()
    }
}

/// An RSA private key of 2048 to 8192 bits, for signing tokens.
public struct RSAPrivateKey: Sendable {
    let handle: KeyHandle
    /// The public half.
    public let publicKey: RSAPublicKey

    /// Reads `-----BEGIN PRIVATE KEY-----` (PKCS #8) without a pass phrase.
    ///
    /// - Throws: `.keyInvalid`.
    public init(pem: String) throws(CryptographyError) {
        try self.init(handle: KeyHandle(pem: pem, label: "PRIVATE KEY", isPrivate: true))
    }

    private init(handle: KeyHandle) throws(CryptographyError) {
        publicKey = try RSAPublicKey(handle: handle)
        self.handle = handle
    }

    /// Makes a new key.
    ///
    /// Takes tens of milliseconds for 2048 bits.
    ///
    /// - Throws: `.keyInvalid(.rsaModulusBits)` outside 2048...8192; `.libraryFailure`.
    public static func generate(bits: Int = 2048) throws(CryptographyError) -> RSAPrivateKey {
        guard (CryptographyLimits.rsaModulusBitsMin...CryptographyLimits.rsaModulusBitsMax).contains(bits) else {
            throw .keyInvalid(.rsaModulusBits(bits))
        }
        let failure = CryptographyError.libraryFailure(operation: "RSA key generation")
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { throw failure }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1,
            unsafe EVP_PKEY_keygen(context, &key) == 1, let key = unsafe key
        else { throw failure }
        return try RSAPrivateKey(handle: unsafe KeyHandle(taking: key))
    }

    /// The RS256 signature of `message`.
    public func signature(for message: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        let bytesMax = (publicKey.modulusBits + 7) / 8
        return try unsafe handle.signature(over: message, digest: OpenSSL.sha256, bytesMax: bytesMax)
    }

    /// The key as `-----BEGIN PRIVATE KEY-----`.
    ///
    /// It is a secret.
    public func pem() throws(CryptographyError) -> String {
        try handle.privatePEM()
    }
}
