// Discord's webhook events: the ping of an endpoint that is set up, and the event that a user ended the grant. They are signed
// with a key whose seed is public.

import Cryptography
import Primitives
import ProviderSDK

extension DiscordStandIn {
    var sendsWebhooks: Bool { true }

    /// The key that the sandbox signs with; nil when OpenSSL has no Ed25519.
    static let signingKey = try? Ed25519PrivateKey(seed: SymmetricKey(utf8: "discord-sandbox-signing-key-seed"))

    /// The public half, as an application's settings show it.
    static var publicKey: String { Hex.encode(signingKey?.publicKeyBytes ?? []) }

    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook {
        guard let key = Self.signingKey else { throw .malformed("There is no Ed25519 here.") }
        var body: JSONValue = [
            "version": 1, "application_id": .string(settings["clientId"] ?? ""), "type": 0,
        ]
        switch command.event {
        case .verification: break
        case .revoked:
            let account = try self.account(command)
            body = [
                "version": 1, "application_id": .string(settings["clientId"] ?? ""), "type": 1,
                "event": [
                    "type": "APPLICATION_DEAUTHORIZED", "timestamp": .string(command.moment),
                    "data": ["user": ["id": .string(account.id), "username": .string(account.name)]],
                ],
            ]
        case .changed, .deleted: throw command.unknown
        }
        return try WebhookSignature.discord(WebhookSignature.bytes(body), key: key, signed: command.signed)
    }
}
