// What can go wrong in this module, as facts and as one sentence each. No case carries key material, plaintext, a token or
// a file's content: an error may be logged as it is.

import Glibc

/// Why a cryptographic operation was refused or failed.
public enum CryptographyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The system's random number generator did not deliver.
    case randomUnavailable
    /// Text is not in the encoding it should be in.
    case encodingInvalid(TextEncoding)
    /// A key has the wrong number of bytes.
    case keySizeInvalid(expectedBytes: Int, actualBytes: Int)
    /// A key cannot be used.
    case keyInvalid(KeyFault)
    /// A size is beyond the limit for it.
    case sizeOutOfRange(maxBytes: Int)
    /// A ciphertext, its associated data or its tag was altered, or it was made with another key.
    case authenticationFailed
    /// A sealed text does not have the form `v1:<key id>:<iv>:<ciphertext>:<tag>`.
    case sealedTextMalformed
    /// Something was sealed or signed with a key that the ring does not have.
    case keyUnknown(id: String)
    /// A token was refused.
    case tokenInvalid(TokenFault)
    /// A key ring file was refused or could not be read or written.
    case keyRing(path: String, KeyRingFault)
    /// OpenSSL refused an operation that does not depend on input; the installation is broken or out of memory.
    case libraryFailure(operation: String)

    /// A text encoding of bytes.
    public enum TextEncoding: String, Sendable {
        case base64, base64URL
    }

    /// Why a key cannot be used.
    public enum KeyFault: Equatable, Sendable {
        /// The text is not one PEM block of the expected label.
        case notPEM(expectedLabel: String)
        /// The key is of another type than the operation needs.
        case wrongType(expected: String)
        /// The RSA modulus is too short or too long.
        case rsaModulusBits(Int)
        /// The RSA public exponent is even, 1, or larger than 64 bits.
        case rsaExponent
        /// The RSA modulus was made by a generator whose keys can be factored (CVE-2017-15361).
        case rsaModulusWeak
        /// The key says of itself that it is for another algorithm or use.
        case purposeForeign
        /// The point is not on the curve, or the encoding has the wrong length.
        case pointInvalid
    }

    /// Why a token was refused.
    ///
    /// Every JWE failure is `.undecryptable`: which step failed helps only a forger.
    public enum TokenFault: Equatable, Sendable {
        /// Not the compact serialization: wrong number of parts, or a part that is not strict base64url.
        case malformed
        /// The protected header is not a flat JSON object of strings with distinct names.
        case headerMalformed
        /// The header's `alg` is not the one that the verifier was made for.
        case algorithmRefused
        /// The header has `crit`: it demands an extension, and none is supported.
        case criticalHeader
        /// The signature or MAC does not fit.
        case signatureInvalid
        /// The token cannot be decrypted with this key.
        case undecryptable
    }

    /// Why a key ring file was refused.
    public enum KeyRingFault: Equatable, Sendable {
        /// A system call failed.
        case system(operation: String, errno: Int32)
        /// The file is readable by others than its owner.
        case modeTooWide(mode: UInt32)
        /// The file belongs to another user.
        case ownerForeign
        /// The path is not a regular file.
        case notRegularFile
        /// The file is text in UTF-16.
        case notUTF8
        /// The file is larger than any key ring.
        case tooLarge(bytes: Int)
        /// A line is not as it should be.
        case lineInvalid(line: Int, LineFault)
        /// The ring has no primary key, or more than one.
        case primaryCount(Int)
        /// The file does not end with the line that counts its keys.
        case incomplete
        /// The ring has more keys than are allowed.
        case tooManyKeys
        /// A file already exists at the path of the new one.
        case alreadyExists
        /// The primary key cannot be removed.
        case primaryNotRemovable
    }

    /// Why a line of a key ring file was refused.
    public enum LineFault: Equatable, Sendable {
        /// The first line is not the format's name and version.
        case headingUnknown
        /// The line is not `role id date key`.
        case fieldsInvalid
        /// The key is not 32 bytes as base64url.
        case keyInvalid
        /// The id was used by an earlier line.
        case idRepeated
    }

    /// The problem, its cause, and what to do.
    public var description: String {
        switch self {
        case .randomUnavailable:
            "The system's random number generator gave no bytes; nothing secret can be made until it does."
        case .encodingInvalid(let encoding):
            "The text is not valid \(encoding.name)."
        case .keySizeInvalid(let expected, let actual):
            "The key has \(actual) bytes where \(expected) are needed."
        case .keyInvalid(let fault):
            fault.description
        case .sizeOutOfRange(let maxBytes):
            "The size is outside what is allowed (at most \(maxBytes) bytes)."
        case .authenticationFailed:
            "The sealed data was altered, belongs elsewhere, or was made with another key."
        case .sealedTextMalformed:
            "The sealed text does not have the form v1:<key id>:<iv>:<ciphertext>:<tag>."
        case .keyUnknown(let id):
            "The key '\(id)' is not in the key ring; restore the key ring file that holds it."
        case .tokenInvalid(let fault):
            fault.description
        case .keyRing(let path, let fault):
            "Key ring file \(path): \(fault.description)"
        case .libraryFailure(let operation):
            "OpenSSL failed in \(operation); the installation is broken or memory is exhausted."
        }
    }
}

extension CryptographyError.TextEncoding {
    var name: String {
        switch self {
        case .base64: "base64 with padding"
        case .base64URL: "base64url without padding"
        }
    }
}

extension CryptographyError.KeyFault: CustomStringConvertible {
    /// The problem with the key and what is needed.
    public var description: String {
        switch self {
        case .notPEM(let label):
            "The key is not one PEM block that begins with '-----BEGIN \(label)-----'."
        case .wrongType(let expected):
            "The key is not of the type \(expected)."
        case .rsaModulusBits(let bits):
            "The RSA key has \(bits) bits; \(CryptographyLimits.rsaModulusBitsMin) to "
                + "\(CryptographyLimits.rsaModulusBitsMax) are accepted."
        case .rsaExponent:
            "The RSA public exponent must be odd, at least 3 and at most 64 bits long."
        case .rsaModulusWeak:
            "The RSA key was made by a generator whose keys can be factored (CVE-2017-15361); make a new one elsewhere."
        case .purposeForeign:
            "The key's alg, use or key_ops says that it is not for verifying signatures of the configured algorithm."
        case .pointInvalid:
            "The public key is not a point of its curve in the expected encoding."
        }
    }
}

extension CryptographyError.TokenFault: CustomStringConvertible {
    /// Why the token was refused.
    public var description: String {
        switch self {
        case .malformed: "The token is not in compact form."
        case .headerMalformed: "The token's header is not a flat JSON object of strings."
        case .algorithmRefused: "The token's algorithm is not the one configured here."
        case .criticalHeader: "The token demands an extension that is not supported."
        case .signatureInvalid: "The token's signature is not valid."
        case .undecryptable: "The token cannot be decrypted."
        }
    }
}

extension CryptographyError.KeyRingFault: CustomStringConvertible {
    /// The problem with the file and what to do.
    public var description: String {
        switch self {
        case .system(let operation, let code):
            "\(operation) failed (\(Self.systemText(code)))\(Self.advice(code))."
        case .modeTooWide(let mode):
            "its mode is 0\(String(mode, radix: 8)), readable or writable by others; run chmod 600 on it."
        case .ownerForeign:
            "it belongs to another user; run as its owner or chown it."
        case .notRegularFile:
            "it is not a regular file."
        case .notUTF8:
            "it is text in UTF-16; write it as UTF-8."
        case .tooLarge(let bytes):
            "it has \(bytes) bytes; a key ring has at most \(CryptographyLimits.keyRingFileBytesMax)."
        case .lineInvalid(let line, let fault):
            "line \(line): \(fault.description)"
        case .primaryCount(let count):
            "it has \(count) primary keys; exactly one line must begin with 'primary'."
        case .incomplete:
            "it does not end with the line 'end' and the number of its keys, so it was cut off; restore it from a backup."
        case .tooManyKeys:
            "it has more than \(CryptographyLimits.keyRingKeysMax) keys; remove the oldest that nothing uses."
        case .alreadyExists:
            "it exists already and was left as it is."
        case .primaryNotRemovable:
            "the primary key cannot be removed; rotate first."
        }
    }
}

extension CryptographyError.KeyRingFault {
    private static func systemText(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

    private static func advice(_ code: Int32) -> String {
        switch code {
        case EROFS, EBUSY: ": the file is mounted, and changes have to be made where it comes from"
        case EACCES, EPERM: ": run as the owner of the file and its folder"
        case ENOSPC, EDQUOT: ": free some space"
        default: ""
        }
    }
}

extension CryptographyError.LineFault: CustomStringConvertible {
    /// What the line should have been.
    public var description: String {
        switch self {
        case .headingUnknown: "the first line must be '\(KeyRing.heading)'."
        case .fieldsInvalid: "must be 'primary' or 'retired', a key id, a date and a key, one space apart."
        case .keyInvalid: "the key must be exactly 32 bytes as 43 characters of base64url."
        case .idRepeated: "this key id is used twice."
        }
    }
}
