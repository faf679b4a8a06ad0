// Ed25519 (RFC 8032) and ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4), from the raw encodings that protocols carry.

import COpenSSL

/// An Ed25519 public key.
public struct Ed25519PublicKey: Sendable {
    private let handle: KeyHandle

    /// Takes the 32 bytes of a public key (RFC 8032 section 5.1.5), as Discord shows them in hexadecimal.
    ///
    /// - Throws: `.keySizeInvalid`, `.keyInvalid(.pointInvalid)`.
    public init(rawBytes: [UInt8]) throws(CryptographyError) {
        guard rawBytes.count == 32 else { throw .keySizeInvalid(expectedBytes: 32, actualBytes: rawBytes.count) }
        guard let key = unsafe EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, rawBytes, 32) else {
            OpenSSL.clearErrors()
            throw .keyInvalid(.pointInvalid)
        }
        unsafe handle = KeyHandle(taking: key)
    }

    /// Whether `signature`, 64 bytes, is the signature of `message`.
    public func isValidSignature(_ signature: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        guard signature.count == 64 else { return false }
        return unsafe handle.verifies(signature, over: message, digest: nil)
    }

    /// Whether `signature`, 64 bytes, is the signature of `message`.
    public func isValidSignature(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        isValidSignature(signature.span, for: message.span)
    }
}

/// An Ed25519 private key, for stand-ins of services that sign (and their tests).
public struct Ed25519PrivateKey: Sendable {
    private let handle: KeyHandle
    /// The public half.
    public let publicKey: Ed25519PublicKey
    /// The 32 bytes of the public half.
    public let publicKeyBytes: [UInt8]

    /// Takes the 32-byte seed (RFC 8032 section 5.1.5).
    ///
    /// - Throws: `.keySizeInvalid`.
    public init(seed: SymmetricKey) throws(CryptographyError) {
        guard seed.byteCount == 32 else { throw .keySizeInvalid(expectedBytes: 32, actualBytes: seed.byteCount) }
        let key = unsafe seed.withBytes { seed in
            unsafe seed.withUnsafeBufferPointer {
                unsafe EVP_PKEY_new_raw_private_key_ex(
                    nil, "ED25519", nil, $0.baseAddress, $0.count)
            }
        }
        guard let key = unsafe key else { throw .libraryFailure(operation: "Ed25519 key import") }
        unsafe handle = KeyHandle(taking: key)
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = 32
        guard unsafe EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 else {
            throw .libraryFailure(operation: "Ed25519 public key")
        }
        publicKeyBytes = bytes
        publicKey = try Ed25519PublicKey(rawBytes: bytes)
    }

    /// Makes a new key.
    public static func generate() throws(CryptographyError) -> Ed25519PrivateKey {
        try Ed25519PrivateKey(seed: .random(byteCount: 32))
    }

    /// The 64-byte signature of `message`.
    public func signature(for message: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        try unsafe handle.signature(over: message, digest: nil, bytesMax: 64)
    }

    /// The 64-byte signature of `message`.
    public func signature(for message: [UInt8]) throws(CryptographyError) -> [UInt8] {
        try signature(for: message.span)
    }
}

/// A public key on the curve P-256.
public struct P256PublicKey: Sendable {
    private static let groupName: StaticString = "group"
    private static let curveName: StaticString = "prime256v1"
    private static let pointName: StaticString = "pub"

    private let handle: KeyHandle

    /// Reads `-----BEGIN PUBLIC KEY-----` of a P-256 key.
    ///
    /// - Throws: `.keyInvalid`.
    public init(pem: String) throws(CryptographyError) {
        let handle = try KeyHandle(pem: pem, label: "PUBLIC KEY", isPrivate: false)
        guard handle.isOf(type: "EC") else { throw .keyInvalid(.wrongType(expected: "EC P-256")) }
        var name = [CChar](repeating: 0, count: 32)
        var count = 0
        guard unsafe EVP_PKEY_get_group_name(handle.pointer, &name, name.count, &count) == 1,
            name[..<count].elementsEqual("prime256v1".utf8.map(CChar.init))
        else { throw .keyInvalid(.wrongType(expected: "EC P-256")) }
        self.handle = handle
    }

    /// Takes the big-endian coordinates of a JWK (RFC 7518 section 6.2.1), 32 bytes each.
    ///
    /// - Throws: `.keyInvalid(.pointInvalid)`.
    public init(x: [UInt8], y: [UInt8]) throws(CryptographyError) {
        guard x.count == 32, y.count == 32 else { throw .keyInvalid(.pointInvalid) }
        let point = [4] + x + y
        let handle = try unsafe point.withUnsafeBufferPointer { point throws(CryptographyError) in
            try unsafe KeyHandle.make(type: "EC") { builder in
                unsafe OSSL_PARAM_BLD_push_utf8_string(builder, Self.groupName.cString, Self.curveName.cString, 0) == 1
                    && OSSL_PARAM_BLD_push_octet_string(
                        builder, Self.pointName.cString, point.baseAddress, point.count) == 1
            }
        }
        guard let handle else { throw .keyInvalid(.pointInvalid) }
        self.handle = handle
    }

    /// Whether `signature`, the 64 bytes of R and S as in JWS, is the ES256 signature of `message`.
    public func isValidSignature(_ signature: Span<UInt8>, for message: Span<UInt8>) -> Bool {
        guard signature.count == 64 else { return false }
        let body = Self.derInteger(signature.extracting(..<32)) + Self.derInteger(signature.extracting(32...))
        let der = [0x30, UInt8(body.count)] + body
        return unsafe handle.verifies(der.span, over: message, digest: OpenSSL.sha256)
    }

    /// The DER encoding of a non-negative big-endian integer of at most 32 bytes.
    private static func derInteger(_ bytes: Span<UInt8>) -> [UInt8] {
        var digits: [UInt8] = []
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if digits.isEmpty && byte == 0 { continue }
            digits.append(byte)
        }
        if digits.isEmpty || digits[0] & 0x80 != 0 { digits.insert(0, at: 0) }
        return [0x02, UInt8(digits.count)] + digits
    }
}
