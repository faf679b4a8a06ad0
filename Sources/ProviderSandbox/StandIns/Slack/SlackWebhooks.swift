// Slack's Events API: callbacks about a workspace, and the challenge that a new request URL is asked with.

import ProviderSDK

extension SlackStandIn {
    var sendsWebhooks: Bool { true }

    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook {
        let body: JSONValue
        switch command.event {
        case .verification:
            body = ["token": "sandbox", "challenge": .string(command.id), "type": "url_verification"]
        case .revoked: body = try callback(command, ["type": "app_uninstalled"])
        case .deleted:
            guard command.type == "messages", let id = command.ids.first, let dash = id.firstIndex(of: "-") else {
                throw .malformed("\"deleted\" needs the type messages and an id as the host has it: channel-ts.")
            }
            body = try callback(
                command,
                [
                    "type": "message", "subtype": "message_deleted", "hidden": true,
                    "channel": .string(String(id[..<dash])),
                    "deleted_ts": .string(String(id[id.index(after: dash)...])), "channel_type": "channel",
                ])
        case .changed:
            switch command.type {
            case "messages": body = try callback(command, ["type": "message", "channel_type": "channel", "text": ""])
            case "channels": body = try callback(command, ["type": "channel_rename"])
            case "users": body = try callback(command, ["type": "user_change"])
            default: throw command.unknown
            }
        }
        return WebhookSignature.slack(
            WebhookSignature.bytes(body), secret: settings["signingSecret"] ?? "", signed: command.signed)
    }

    private func callback(_ command: WebhookCommand, _ event: JSONValue) throws(ControlFault) -> JSONValue {
        [
            "token": "sandbox", "team_id": .string(try self.account(command).id), "api_app_id": "A0SANDBOX",
            "event": event,
            "type": "event_callback", "event_id": .string("Ev" + command.id),
            "event_time": .integer(Int(command.occurred / 1000)),
        ]
    }
}
