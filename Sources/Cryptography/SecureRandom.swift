// Random bytes and texts from OpenSSL's generator (seeded by the kernel). No other source of randomness is used for anything
// that must not be guessed.

import COpenSSL
import Primitives

/// Unpredictable bytes and texts.
public enum SecureRandom {
    /// `count` random bytes.
    ///
    /// - Throws: `.randomUnavailable`; `.sizeOutOfRange` for a negative count or one beyond `randomBytesMax`.
    public static func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
        guard count >= 0, count <= CryptographyLimits.randomBytesMax else {
            throw .sizeOutOfRange(maxBytes: CryptographyLimits.randomBytesMax)
        }
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe bytes.withUnsafeMutableBufferPointer({ unsafe RAND_bytes($0.baseAddress, Int32($0.count)) }) == 1
        else {
            OpenSSL.clearErrors()
            throw .randomUnavailable
        }
        return bytes
    }

    /// `count` characters of `0-9A-Za-z`, each equally likely: 5.95 bits apiece, 131 bits in 22 of them.
    public static func base62(_ count: Int) throws(CryptographyError) -> String {
        guard count >= 0, count <= CryptographyLimits.randomBytesMax / 2 else {
            throw .sizeOutOfRange(maxBytes: CryptographyLimits.randomBytesMax / 2)
        }
        let alphabet: StaticString = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        var random: [UInt8] = []
        while true {
            // 62 * 4 = 248: a byte of 248 or more is dropped, for else the first eight characters would be likelier.
            random.removeAll { $0 >= 248 }
            if random.count >= count { break }
            let more = try bytes(min(count - random.count + count / 16 + 4, CryptographyLimits.randomBytesMax))
            random = random.isEmpty ? more : random + more
        }
        return unsafe String(unsafeUninitializedCapacity: count) { text in
            for place in 0..<count { unsafe text[place] = alphabet.utf8Start[Int(random[place] % 62)] }
            return count
        }
    }

    /// `byteCount` random bytes as lower-case hexadecimal.
    public static func hex(byteCount: Int) throws(CryptographyError) -> String {
        Hex.encode(try bytes(byteCount))
    }

    /// `byteCount` random bytes as base64url without padding.
    public static func base64URL(byteCount: Int) throws(CryptographyError) -> String {
        Base64URL.encode(try bytes(byteCount))
    }
}
