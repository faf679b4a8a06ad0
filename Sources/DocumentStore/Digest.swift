// SHA-256 over OpenSSL, for file names and checksums. Knows nothing of what is hashed.

import COpenSSL

/// 32 bytes of SHA-256.
struct Digest: Hashable, Sendable {
    let bytes: [UInt8]

    /// The digest as 64 lower-case hexadecimal digits.
    var hex: [UInt8] { hexDigits(bytes) }

    /// The first 12 bits: the number of a document's folder.
    var shard: UInt16 { UInt16(bytes[0]) << 4 | UInt16(bytes[1] >> 4) }
}

/// An incremental SHA-256 (FIPS 180-4).
@safe struct SHA256: ~Copyable {
    private let context: OpaquePointer

    // Fetched once: each implicit fetch of an algorithm costs more than hashing a small document.
    private static let algorithm = AlgorithmReference()

    init() {
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe EVP_DigestInit_ex2(context, Self.algorithm.pointer, nil) == 1
        else { fatalError("OpenSSL has no SHA-256 or no memory") }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count) == 1 else {
                fatalError("SHA-256 failed")
            }
        }
    }

    consuming func finalize() -> Digest {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            guard unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1 else { fatalError("SHA-256 failed") }
            count = 32
        }
        return Digest(bytes: bytes)
    }

    static func hash(_ bytes: [UInt8]) -> Digest {
        var hash = SHA256()
        hash.update(bytes.span)
        return hash.finalize()
    }
}

/// Holds OpenSSL's algorithm object, which is immutable and safe to share between threads.
@safe private final class AlgorithmReference: @unchecked Sendable {
    let pointer: OpaquePointer

    init() {
        guard let pointer = unsafe EVP_MD_fetch(nil, "SHA256", nil) else { fatalError("OpenSSL has no SHA-256") }
        unsafe self.pointer = pointer
    }
}

private let hexAlphabet: [UInt8] = Array("0123456789abcdef".utf8)

/// Lower-case hexadecimal digits of `bytes`.
func hexDigits(_ bytes: [UInt8]) -> [UInt8] {
    var digits: [UInt8] = []
    digits.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        digits.append(hexAlphabet[Int(byte >> 4)])
        digits.append(hexAlphabet[Int(byte & 15)])
    }
    return digits
}

/// The value of one lower-case hexadecimal digit; upper case is refused so that every value has one spelling.
func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
}
