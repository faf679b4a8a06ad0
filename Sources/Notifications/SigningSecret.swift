// The secret that signs a connection's notifications, and the signature (Standard Webhooks). Knows no delivery and no
// storage.

import ConnectionModel
import Cryptography
import ProviderSDK

/// A signing secret: `whsec_` and the Base64 of its bytes.
struct SigningSecret: Sendable {
    /// The secret in the form that the verifying application needs.
    let text: Secret
    private let mac: HMACSHA256

    private static let prefix = "whsec_"
    /// Bytes of a new secret.
    static let byteCount = 32
    /// The accepted numbers of bytes of a secret.
    static let byteCounts = 16...64

    /// Creates the secret with this text; nil when the text is not a secret.
    init?(_ text: Secret) {
        guard text.value.utf8.starts(with: Self.prefix.utf8),
            let bytes = try? Base64.decode(String(text.value.dropFirst(Self.prefix.count))),
            Self.byteCounts ~= bytes.count
        else { return nil }
        self.text = text
        mac = HMACSHA256(key: bytes)
    }

    /// Returns a new random secret as text.
    static func generate() throws(ServiceError) -> Secret {
        do {
            return Secret(prefix + Base64.encode(try SecureRandom.bytes(byteCount)))
        } catch {
            throw .internalFault("\(error)")
        }
    }

    /// Returns `v1,` and the Base64 of HMAC-SHA-256 over id, timestamp and body, with dots between them.
    ///
    /// - Parameter timestamp: seconds since 1970.
    func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        var stream = mac.stream()
        stream.update("\(id).\(timestamp).")
        stream.update(body)
        return "v1," + Base64.encode(stream.code().bytes)
    }
}
