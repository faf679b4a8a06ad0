// The body of an event as applications and readers of live events receive it.

import Observability
package import ProviderSDK

/// The body of an event.
package enum EventBody {
    /// Members whose texts can come from a provider.
    private static let free = ["message", "reason"]

    /// Returns the JSON text of an event.
    ///
    /// - Parameter data: further data; a member that the body has itself is left out.
    package static func bytes(
        type: String, at moment: Timestamp, connection id: String, service: String, user: String, _ data: JSONValue
    ) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { writer in
            writer.member("type", type)
            writer.member("timestamp", moment.text(withMilliseconds: true))
            writer.key("data")
            writer.object { writer in
                let known = ["connectionId", "provider", "userId"]
                writer.member("connectionId", id)
                writer.member("provider", service)
                writer.member("userId", user)
                for (key, value) in data.members ?? [] where !known.contains(key) {
                    // Text from a provider may quote a token.
                    if let text = value.string, free.contains(key) {
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
