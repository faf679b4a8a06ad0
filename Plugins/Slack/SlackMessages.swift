// Messages: Slack has no list of all of them, so they are walked channel by channel, and thread by thread for the replies, which
// a channel's history leaves out. Each page of the walk is one call, so that a killed host repeats no more than that.

import ProviderSDK

/// A walk over the messages that the bot can see.
struct SlackMessages {
    private let context: ProviderContext
    /// The workspace whose channels are walked; nil when there is but one.
    private let team: String?
    /// The beginning of the time that is read, as Slack writes moments; nil for all time.
    private let oldest: String?
    private let pageSize: String

    /// Messages of all time, or since `since` and as long before it as edits are looked for.
    init(since: Timestamp?, of team: String?, in context: ProviderContext) {
        self.context = context
        self.team = team
        let days = SlackSettings.number(
            SlackSettings.messageLookbackDays, in: context.settings, 0...365, standard: 14)
        oldest = since.map { "\($0.advanced(by: .seconds(-days * 86_400)).seconds).000000" }
        pageSize = String(
            SlackSettings.number(SlackSettings.messagePageSize, in: context.settings, 1...999, standard: 200))
    }

    /// The page of the walk at `json`.
    func page(at json: JSONValue?) async throws(ProviderError) -> SyncPage {
        var cursor = SlackMessageCursor(json)
        let records: [SourceRecord]
        if let channel = cursor.channels.first {
            do throws(ProviderError) {
                if let thread = cursor.threads.first {
                    records = try await replies(to: thread, of: channel, &cursor)
                } else {
                    records = try await history(of: channel, &cursor)
                }
            } catch {
                guard passesOver(error, in: channel) else { throw error }
                if cursor.threads.isEmpty { cursor.endChannel() } else { cursor.endThread() }
                records = []
            }
        } else {
            try await list(&cursor)
            records = []
        }
        return SyncPage(records, next: cursor.json)
    }

    /// Whether `error` is about one channel or thread only.
    private func passesOver(_ error: ProviderError, in channel: SlackMessageCursor.Channel) -> Bool {
        switch error.kind {
        case .permanent: SlackErrors.skipped.contains(error.code ?? "")
        // Private channels can be listed without the right to read them.
        case .scopeMissing: channel.isPrivate
        default: false
        }
    }

    /// Reads a page of the list of channels.
    private func list(_ cursor: inout SlackMessageCursor) async throws(ProviderError) {
        guard case .next(let at) = cursor.listing else { return }
        let page = try await SlackChannels.page(at: at, of: team, in: context)
        cursor.listing = page.next.map { .next($0) } ?? .complete
        cursor.channels = page.records.compactMap { record in
            // A bot reads the channels it is a member of; asking for the others costs a call each.
            guard let id = record.value["id"]?.string, record.value["is_member"]?.boolean != false else { return nil }
            return SlackMessageCursor.Channel(id: id, isPrivate: record.value["is_private"]?.boolean == true)
        }
    }

    private func history(
        of channel: SlackMessageCursor.Channel, _ cursor: inout SlackMessageCursor
    ) async throws(ProviderError) -> [SourceRecord] {
        let page = try await call(
            "conversations.history", [NamedValue("channel", channel.id)], at: cursor.history)
        cursor.endHistoryPage(threads: page.messages.compactMap(threadToRead), next: page.next)
        return page.messages.map { record($0, in: channel) }
    }

    /// The thread that `message` began, when it has replies of the time that is read.
    private func threadToRead(_ message: JSONValue) -> String? {
        guard let thread = message["ts"]?.string, (message["reply_count"]?.integer ?? 0) > 0 else { return nil }
        if let oldest = oldest.flatMap({ ExactDecimal($0) }),
            let latest = message["latest_reply"]?.string.flatMap({ ExactDecimal($0) }), latest < oldest
        {
            return nil
        }
        return thread
    }

    private func replies(
        to thread: String, of channel: SlackMessageCursor.Channel, _ cursor: inout SlackMessageCursor
    ) async throws(ProviderError) -> [SourceRecord] {
        let query = [NamedValue("channel", channel.id), NamedValue("ts", thread)]
        let page = try await call("conversations.replies", query, at: cursor.replies)
        if let next = page.next { cursor.replies = next } else { cursor.endThread() }
        return page.messages.compactMap { message in
            // The message that began the thread, and replies that were sent to the channel too, stand in its history.
            guard message["ts"] != .string(thread), message["subtype"] != "thread_broadcast" else { return nil }
            return record(message, in: channel)
        }
    }

    private func call(
        _ method: String, _ query: [NamedValue], at cursor: String?
    ) async throws(ProviderError) -> (messages: [JSONValue], next: String?) {
        var request = ProviderRequest.get("/\(method)", query + [NamedValue("limit", pageSize)])
        request.rateLimit = method
        if let oldest { request.query.append(NamedValue("oldest", oldest)) }
        if let cursor { request.query.append(NamedValue("cursor", cursor)) }
        let answer = try await context.json(request)
        guard answer["ok"]?.boolean == true, let messages = answer["messages"]?.array else {
            throw ProviderError(.permanent, "Slack's answer to \(method) is not a page of messages.")
        }
        let next = answer.at("response_metadata.next_cursor")?.string ?? ""
        guard next.isEmpty || !next.utf8.elementsEqual((cursor ?? "").utf8) else {
            throw ProviderError(.permanent, "Slack's \(method) leads from a page to itself.")
        }
        return (messages, next.isEmpty ? nil : next)
    }

    /// `message` with its channel, which Slack tells only in events.
    private func record(_ message: JSONValue, in channel: SlackMessageCursor.Channel) -> SourceRecord {
        let members = (message.members ?? []).filter { $0.key != "channel" }
        return SourceRecord(.object(members + [("channel", .string(channel.id))]))
    }
}
