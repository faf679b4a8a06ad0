// A delivery that a control command asks for, and its signed form. The provider determines the body; WebhookSignature signs it.

import ProviderSDK

/// What a delivery is to tell.
struct WebhookCommand: Sendable {
    enum Event: String, Sendable, CaseIterable {
        /// Objects of a type were changed.
        case changed
        /// Objects of a type are gone.
        case deleted
        /// The user ended the grant.
        case revoked
        /// What the provider sends to check the endpoint: a challenge, a ping, an intent to receive.
        case verification
    }

    let event: Event
    let account: Int
    /// The type of the objects, as the data commands have it; empty where none was named.
    let type: String
    let ids: [String]
    /// The provider's id of the event; a new one for each command unless it is given.
    let id: String
    /// When it happened, in milliseconds since 1970.
    let occurred: Int64
    /// When it is signed, in seconds since 1970.
    private(set) var signed: Int64
    /// Whether it is about live data, where the provider says so; the sandbox's grants are for test data.
    let isLive: Bool

    static let keys: Set<String> = [
        "provider", "event", "account", "type", "ids", "id", "occurredSecondsAgo", "signedSecondsAgo",
        "live",
    ]

    init(_ reader: CommandReader, now: Int64) throws(ControlFault) {
        guard let event = try reader.text("event").flatMap(Event.init) else {
            let names = Event.allCases.map(\.rawValue).joined(separator: ", ")
            throw .malformed("\"event\" has to be one of \(names).")
        }
        self.event = event
        account = try reader.integer("account", 0...SandboxLimits.accountsMax) ?? 0
        type = try reader.text("type") ?? ""
        ids = try reader.texts("ids") ?? []
        id = try reader.text("id") ?? RandomText.base62(24)
        isLive = try reader.boolean("live") ?? false
        let ages = -86_400...Int(SandboxLimits.advanceSecondsMax)
        occurred = now - Int64(try reader.integer("occurredSecondsAgo", ages) ?? 0) * 1000
        signed = now / 1000 - Int64(try reader.integer("signedSecondsAgo", ages) ?? 0)
    }

    /// What happened just now.
    init(_ event: Event, account: Int, type: String = "", ids: [String] = [], now: Int64) {
        self.event = event
        self.account = account
        self.type = type
        self.ids = ids
        id = RandomText.base62(24)
        occurred = now
        signed = now / 1000
        isLive = false
    }

    /// The same, signed at another second.
    func signed(at seconds: Int64) -> WebhookCommand {
        var command = self
        command.signed = seconds
        return command
    }

    /// The moment it happened, as most providers write it: `2026-03-01T12:00:00.000Z`.
    var moment: String { Timestamp(milliseconds: occurred)?.text(withMilliseconds: true) ?? "" }

    /// An event of a kind or of a type that the provider does not send.
    var unknown: ControlFault {
        .malformed("The provider sends no \"\(event.rawValue)\"" + (type.isEmpty ? "." : " of \"\(type)\"."))
    }
}

/// A delivery as it goes over the wire.
struct SignedWebhook: Sendable {
    /// Its header fields.
    var headers: [(name: String, value: String)]
    var body: [UInt8]
}
