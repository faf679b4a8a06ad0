// What Slack's stand-in carries out: messages are posted, changed and deleted. Slack knows no request again, so a message is posted as often
// as it is sent.

import HTTPServer
import ProviderSDK

struct SlackWrites: Sendable {
    let core: StandInCore

    private static func parameters(_ request: SandboxRequest) -> JSONValue {
        if request.contentType == "application/json" { return (try? JSONValue.parse(request.body)) ?? .object([]) }
        return .object(
            (0..<request.form.count).map { index in
                let pair = request.form.parameter(at: index)
                return (pair.name, .string(pair.value))
            })
    }

    private func channel(
        _ id: String?, _ caller: SlackWorkspace.Caller
    ) throws(SlackFault) -> String {
        let isKnown: Bool = core.dataset.withTable(caller.account, SlackObjects.channels) { table, _, _ in
            id.flatMap { table[$0] }.map { !$0.isDeleted && $0.status != "archived" } ?? false
        }
        guard let id, isKnown else { throw SlackFault("channel_not_found") }
        return id
    }

    func post(_ caller: SlackWorkspace.Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        try caller.require(["chat:write"])
        let sent = Self.parameters(request)
        let channel = try channel(sent["channel"]?.string, caller)
        guard let text = sent["text"]?.string, !text.isEmpty else { throw SlackFault("no_text") }
        let seconds = core.environment.clock.seconds
        let answer: JSONValue = core.writes.with { contents in
            let timestamp = SlackObjects.timestamp(seconds, 500_000 + contents.number())
            var message: [(key: String, value: JSONValue)] = [
                ("type", "message"), ("text", .string(text)), ("ts", .string(timestamp)), ("bot_id", "B0SANDBOX00"),
            ]
            if let thread = sent["thread_ts"]?.string { message.append(("thread_ts", .string(thread))) }
            if let metadata = sent["metadata"] { message.append(("metadata", metadata.detached)) }
            contents["message \(caller.account) \(channel)", timestamp] = .object(message)
            contents.count(sent["thread_ts"] == nil ? "sendMessage" : "replyToMessage")
            return ["ok": true, "channel": .string(channel), "ts": .string(timestamp), "message": .object(message)]
        }
        return answer.serialized
    }

    func update(_ caller: SlackWorkspace.Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        try change(caller, request, "updateMessage") { message, sent in
            message.replacing([("text", sent["text"] ?? "")])
        }
    }

    func delete(_ caller: SlackWorkspace.Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        try change(caller, request, "deleteMessage") { _, _ in nil }
    }

    private func change(
        _ caller: SlackWorkspace.Caller, _ request: SandboxRequest, _ action: String,
        _ change: (JSONValue, JSONValue) -> JSONValue?
    ) throws(SlackFault) -> [UInt8] {
        try caller.require(["chat:write"])
        let sent = Self.parameters(request)
        let channel = try channel(sent["channel"]?.string, caller)
        let timestamp = sent["ts"]?.string ?? ""
        let isDone: Bool = core.writes.with { contents in
            guard let message = contents["message \(caller.account) \(channel)", timestamp] else { return false }
            contents["message \(caller.account) \(channel)", timestamp] = change(message, sent)
            contents.count(action)
            return true
        }
        guard isDone else { throw SlackFault("message_not_found") }
        return (["ok": true, "channel": .string(channel), "ts": .string(timestamp)] as JSONValue).serialized
    }

    func members(_ caller: SlackWorkspace.Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        try caller.require(["channels:read"])
        _ = try channel(request.parameter("channel"), caller)
        let ids: [JSONValue] = core.dataset.withTable(caller.account, SlackObjects.users) { table, _, _ in
            table.objects.prefix(12).map { .string($0.id) }
        }
        return (["ok": true, "members": .array(ids), "response_metadata": ["next_cursor": ""]] as JSONValue).serialized
    }

    /// A page of messages with those that were posted before it.
    func adding(
        to page: [UInt8], _ caller: SlackWorkspace.Caller, _ request: SandboxRequest, inThread: Bool
    ) -> [UInt8] {
        guard request.parameter("cursor") == nil, let channel = request.parameter("channel"),
            let value = try? JSONValue.parse(page), let messages = value["messages"]?.array
        else { return page }
        let oldest = request.parameter("oldest").flatMap(SlackObjects.microseconds) ?? 0
        let thread = inThread ? request.parameter("ts") : nil
        let posted: [JSONValue] = core.writes.with { contents in
            contents.all("message \(caller.account) \(channel)").reversed().filter { message in
                message["thread_ts"]?.string == thread
                    && (message["ts"]?.string.flatMap(SlackObjects.microseconds) ?? 0) >= oldest
            }.map { message in
                request.parameter("include_all_metadata") == "true"
                    ? message : .object((message.members ?? []).filter { $0.key != "metadata" })
            }
        }
        guard !posted.isEmpty else { return page }
        return value.replacing([("messages", .array(posted + messages))]).serialized
    }
}
