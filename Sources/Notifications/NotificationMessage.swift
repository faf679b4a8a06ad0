// The request that is sent: the body of an event and the header fields that sign it (Standard Webhooks). The body of
// an event is the same at every attempt.

package import ConnectionModel
import ProviderSDK
import Users

extension ConnectionEvent {
    /// The event as the application receives it.
    package func body(of connection: Connection, user: String) -> [UInt8] {
        EventBody.bytes(
            type: kind.rawValue, at: at, connection: connection.id, service: connection.service, user: user, data)
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
