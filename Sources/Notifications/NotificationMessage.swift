// The request that is sent: the body of an event and the header fields that sign it (Standard Webhooks). The body of
// an event is the same at every attempt.

package import ConnectionModel
import Observability
import ProviderSDK

extension ConnectionEvent {
    /// Members whose texts can come from a provider.
    private static let free = ["message", "reason"]

    /// The event as the application receives it.
    package func body(of connection: Connection, user: String) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { writer in
            writer.member("type", kind.rawValue)
            writer.member("timestamp", at.text(withMilliseconds: true))
            writer.key("data")
            writer.object { writer in
                let known = ["connectionId", "provider", "userId"]
                writer.member("connectionId", connection.id)
                writer.member("provider", connection.service)
                writer.member("userId", user)
                for (key, value) in data.members ?? [] where !known.contains(key) {
                    // Text from a provider may quote a token.
                    if let text = value.string, Self.free.contains(key) {
                        writer.member(key, Redaction.text(text))
                    } else {
                        writer.member(key, value)
                    }
                }
            }
        }
        return writer.bytes
    }
}

/// The header fields of one attempt.
enum WebhookHeaders {
    /// Returns the fields that Standard Webhooks requires.
    ///
    /// - Parameters:
    ///   - id: the event's id, the same at every attempt.
    ///   - secrets: the signing secrets, the present one first.
    static func fields(
        id: String, body: [UInt8], at now: Timestamp, secrets: [SigningSecret]
    ) -> [(name: String, value: String)] {
        let signatures = secrets.map { $0.signature(id: id, timestamp: now.seconds, body: body) }
        return [
            ("Content-Type", "application/json"), ("webhook-id", id), ("webhook-timestamp", String(now.seconds)),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}
