// What Slack's events mean for a connection: which data types changed, which message is gone, or that the grant has ended.

import ProviderSDK

enum SlackWebhook {
    /// What is signed but no event is acknowledged: commands come as forms, and Slack would only send it again.
    static func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
        var outcome = WebhookOutcome()
        guard let body = try? JSONValue.parse(delivery.body), let type = body["type"]?.string else { return outcome }
        if type == "url_verification" {
            guard let challenge = body["challenge"]?.string else {
                throw ProviderError(.permanent, "Slack's url_verification has no challenge.", status: 400)
            }
            outcome.reply = ["challenge": .string(challenge)]
        } else if let event = body["event"], let account = account(of: body), let effect = effect(of: event) {
            outcome.events = [
                .init(
                    id: body["event_id"]?.string, accountID: account, effect: effect,
                    occurredAt: body["event_time"]?.integer.flatMap(Timestamp.init(seconds:)))
            ]
        }
        return outcome
    }

    /// The account as it was identified when it was connected: the organisation where the app is installed into one.
    private static func account(of body: JSONValue) -> String? {
        let installation = body.at("authorizations.0")
        let isOrganisation = installation?["is_enterprise_install"]?.boolean == true
        let name = isOrganisation ? "enterprise_id" : "team_id"
        return installation?[name]?.string ?? body[name]?.string
    }

    private static func effect(of event: JSONValue) -> WebhookOutcome.Event.Effect? {
        guard let type = event["type"]?.string else { return nil }
        switch type {
        case "app_uninstalled": return .revoked
        case "tokens_revoked":
            // The bot's token is the one that is held; tokens of users under `oauth` are not.
            return (event.at("tokens.bot")?.count ?? 0) > 0 ? .revoked : nil
        case "message": return messageEffect(of: event)
        case "user_change", "team_join": return .changed(dataTypes: ["users"])
        case _ where isAboutChannel(type): return .changed(dataTypes: ["channels"])
        default: return nil
        }
    }

    private static func messageEffect(of event: JSONValue) -> WebhookOutcome.Event.Effect? {
        // Direct messages are not synced.
        guard !["im", "mpim"].contains(event["channel_type"]?.string) else { return nil }
        guard event["subtype"]?.string == "message_deleted" else { return .changed(dataTypes: ["messages"]) }
        guard let channel = event["channel"]?.string, let deleted = event["deleted_ts"]?.string else { return nil }
        return .deleted(dataType: "messages", sourceIDs: ["\(channel)-\(deleted)"])
    }

    private static func isAboutChannel(_ type: String) -> Bool {
        let changes = ["created", "deleted", "rename", "archive", "unarchive", "left", "shared", "unshared"]
        return changes.contains { type == "channel_\($0)" || type == "group_\($0)" }
            || ["member_joined_channel", "member_left_channel"].contains(type)
    }
}
