// What applications can do in a Slack workspace, as data. Slack knows no message again, so a message carries the key of its run as
// metadata, by which it is looked up in its channel.

import ProviderSDK

enum SlackActions {
    static let all: [ActionSpec] = [
        ActionSpec("sendMessage", "Send a message", posting()) { action in
            action.description = "Sends a message to a channel that the app is in."
            action.inputs = [channel, text, blocks]
            complete(&action)
        },
        ActionSpec("replyToMessage", "Reply to a message", posting([.input("threadId", as: "thread_ts")])) { action in
            action.description = "Sends a message to the thread of another one."
            action.inputs = [
                channel,
                .required(
                    "threadId", .text(bytesMax: 32), "The id of the message that begins the thread.",
                    example: "1772323200.000100"),
                text, blocks,
            ]
            complete(&action)
            action.lookUp = lookUp("/conversations.replies") { $0 += [.input("threadId", as: "ts")] }
        },
        ActionSpec(
            "updateMessage", "Change a message",
            .post(
                "/chat.update",
                .json([.input("channelId", as: "channel"), .input("messageId", as: "ts"), .input("text")]))
        ) { action in
            action.description = "Replaces the text of a message that the app sent."
            action.inputs = [channel, message, text]
            action.scopes = ["chat:write"]
            action.outputs = outputs
            action.idempotency = .repeatable()
        },
        ActionSpec(
            "deleteMessage", "Delete a message",
            .post("/chat.delete", .json([.input("channelId", as: "channel"), .input("messageId", as: "ts")]))
        ) { action in
            action.description = "Deletes a message that the app sent."
            action.inputs = [channel, message]
            action.scopes = ["chat:write"]
            action.outputs = outputs
            action.idempotency = .repeatable(doneCodes: ["message_not_found"])
        },
        ActionSpec(
            "listMembers", "List the members of a channel",
            ActionRequest(.get, "/conversations.members") {
                $0.query = [.input("channelId", as: "channel"), .input("limit"), .input("cursor")]
            }
        ) { action in
            action.description = "Lists the ids of the people in a channel."
            action.inputs = [
                channel, .optional("limit", .integer(1...999), "The most ids of the page."),
                .optional("cursor", .text(bytesMax: 512), "The cursor that the page before gave."),
            ]
            action.scopes = ["channels:read"]
            action.outputs = [
                ActionOutput("members", "members", "The ids of the people."),
                ActionOutput(
                    "nextCursor", "response_metadata.next_cursor", "The cursor of the next page; empty at the end."),
            ]
        },
    ]

    private static let channel = ActionInput.required(
        "channelId", .text(bytesMax: 64), "The id of the channel, such as the sourceId of a synced channel.",
        example: "C0123456789")
    private static let message = ActionInput.required(
        "messageId", .text(bytesMax: 32), "The id of the message.", example: "1772323200.000100")
    private static let text = ActionInput.required(
        "text", .text(bytesMax: 40_000, hasLines: true), "The text, in Slack's mrkdwn.", example: "The build is green.")
    private static let blocks = ActionInput.optional(
        "hasLinkPreviews", .boolean, "Whether Slack shows previews of links; it does unless this is false.")
    private static let outputs = [
        ActionOutput("messageId", "ts", "The id of the message in its channel."),
        ActionOutput("channelId", "channel", "The id of the channel."),
    ]

    private static func posting(_ more: [ActionMember] = []) -> ActionRequest {
        let metadata = ActionValue.object([
            ActionMember("event_type", .constant("integration_host_run")),
            ActionMember("event_payload", .object([ActionMember("run", .key)])),
        ])
        return .post(
            "/chat.postMessage",
            .json(
                [.input("channelId", as: "channel"), .input("text"), .input("hasLinkPreviews", as: "unfurl_links")]
                    + more
                    + [ActionMember("metadata", metadata)]))
    }

    private static func complete(_ action: inout ActionSpec) {
        action.scopes = ["chat:write"]
        action.outputs = outputs
        action.lookUp = lookUp("/conversations.history") { _ in }
    }

    private static func lookUp(_ path: String, _ change: (inout [ActionMember]) -> Void) -> ActionLookUp {
        var query: [ActionMember] = [
            .input("channelId", as: "channel"), ActionMember("include_all_metadata", .constant("true")),
            ActionMember("limit", .constant("100")),
        ]
        change(&query)
        let request = ActionRequest(.get, path) { request in
            request.query = query
            request.rateLimit = String(path.dropFirst())
        }
        return ActionLookUp(request, objects: "messages[]", key: "metadata.event_payload.run") { $0.since = "oldest" }
    }
}
