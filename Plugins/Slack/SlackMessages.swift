// Messages: Slack has no list of all of them, so a walk reads channel by channel. A channel's history leaves out replies, so they
// are read thread by thread. Each page is one call, so a killed host repeats no more than that.

import ProviderSDK

/// A walk over the messages that the bot can see.
struct SlackMessages {
    private let context: ProviderContext
    /// The workspace whose channels are walked; nil when there is but one.
    private let team: String?
    /// The beginning of the time that is read, as Slack writes moments; nil for all time.
    private let oldest: String?
    /// Threads without a reply since then are not followed.
    private let quiet: ExactDecimal?
    /// What the last walk left; nil when there was none.
    private let known: SlackMemory?
    private let pageSize: String

    /// Messages of all time, or since `since` and as long before it as edits are looked for.
    ///
    /// Since `since` also means: all of a channel that the last walk did not know, and new replies to threads that were alive then.
    init(since: Timestamp?, after memory: JSONValue?, of team: String?, in context: ProviderContext) {
        self.context = context
        self.team = team
        let days = SlackSettings.number(
            SlackSettings.messageLookbackDays, in: context.settings, 0...365, standard: 14)
        func beginning(_ moment: Timestamp) -> String {
            "\(moment.advanced(by: .seconds(-days * 86_400)).seconds).000000"
        }
        oldest = since.map(beginning)
        quiet = ExactDecimal(beginning(since ?? context.now))
        known = since == nil ? nil : SlackMemory(memory)
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
                if error.kind == .cursorRefused, cursor.replies != nil || cursor.history != nil {
                    // Only the thread or the channel begins again. A walk that never gets further goes in a circle, which the host finds.
                    if cursor.replies != nil { cursor.replies = nil } else { cursor.history = nil }
                    return SyncPage([], next: cursor.json)
                }
                guard passesOver(error, in: channel) else { throw error }
                if let thread = cursor.threads.first {
                    cursor.memory.forget(thread, of: channel.id)
                    cursor.memory.notePartial(channel.id)
                    cursor.endThread()
                } else {
                    cursor.endChannel()
                }
                records = []
            }
        } else {
            try await list(&cursor)
            records = []
        }
        var page = SyncPage(records, next: cursor.json)
        if page.next == nil { page.memory = cursor.memory.json }
        page.coverage = cursor.memory.coverage
        return page
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
            guard let id = record.value["id"]?.string, record.value["is_member"]?.boolean != false,
                SlackSettings.isRead(id, record.value["name"]?.string, in: context.settings)
            else { return nil }
            return SlackMessageCursor.Channel(id: id, isPrivate: record.value["is_private"]?.boolean == true)
        }
    }

    private func history(
        of channel: SlackMessageCursor.Channel, _ cursor: inout SlackMessageCursor
    ) async throws(ProviderError) -> [SourceRecord] {
        let oldest = oldest(of: channel)
        let page = try await call(
            "conversations.history", [NamedValue("channel", channel.id)], at: cursor.history, since: oldest)
        let beginning = oldest.flatMap { ExactDecimal($0) }
        var threads = page.messages.compactMap { message in
            threadToRead(message, of: channel, since: beginning, &cursor.memory)
        }
        if page.isLimited { cursor.oldestShown = page.messages.last?["ts"]?.string ?? cursor.oldestShown }
        if page.next == nil {
            cursor.memory.note(channel.id)
            if page.isLimited { cursor.memory.noteLimit(cursor.oldestShown ?? "~", of: channel.id) }
            if let beginning, let known {
                threads += known.threads(of: channel.id, before: beginning).filter { thread in
                    !cursor.memory.knows(thread, of: channel.id)
                }
            }
        }
        cursor.endHistoryPage(threads: threads, next: page.next)
        return page.messages.map { record($0, in: channel) }
    }

    /// The beginning of the time that is read of a channel; nil for all time, as for a channel that was never read before.
    private func oldest(of channel: SlackMessageCursor.Channel) -> String? {
        known?.isNew(channel.id) ?? false ? nil : oldest
    }

    /// The thread that `message` shows, when it has replies of the time that is read.
    ///
    /// It shows the one it began, or the older one that it is a reply to which was sent to the channel too.
    private func threadToRead(
        _ message: JSONValue, of channel: SlackMessageCursor.Channel, since oldest: ExactDecimal?,
        _ memory: inout SlackMemory
    ) -> String? {
        guard let moment = message["ts"]?.string else { return nil }
        var thread = moment
        var latest = message["latest_reply"]?.string
        if message["subtype"] == "thread_broadcast" {
            guard let oldest, let parent = message["thread_ts"]?.string,
                ExactDecimal(parent).map({ $0 < oldest }) ?? false, !memory.knows(parent, of: channel.id)
            else { return nil }
            thread = parent
            latest = moment
        } else if (message["reply_count"]?.integer ?? 0) <= 0 {
            return nil
        }
        if let latest { follow(thread, of: channel, latest: latest, &memory) }
        if let oldest, let latest = latest.flatMap({ ExactDecimal($0) }), latest < oldest { return nil }
        return thread
    }

    /// Remembers a thread that is alive.
    private func follow(
        _ thread: String, of channel: SlackMessageCursor.Channel, latest: String, _ memory: inout SlackMemory
    ) {
        guard let quiet, let moment = ExactDecimal(latest), quiet <= moment else { return }
        memory.note(thread, of: channel.id, latest: latest)
    }

    private func replies(
        to thread: String, of channel: SlackMessageCursor.Channel, _ cursor: inout SlackMessageCursor
    ) async throws(ProviderError) -> [SourceRecord] {
        let query = [NamedValue("channel", channel.id), NamedValue("ts", thread)]
        let oldest = oldest(of: channel)
        let page = try await call("conversations.replies", query, at: cursor.replies, since: oldest)
        let beginning = oldest.flatMap { ExactDecimal($0) }
        // A message that began a thread before the time that is read does not stand in the history of that time.
        let isOlder = beginning.flatMap { beginning in ExactDecimal(thread).map { $0 < beginning } } ?? false
        for message in page.messages where message["ts"] != .string(thread) {
            if let moment = message["ts"]?.string { follow(thread, of: channel, latest: moment, &cursor.memory) }
        }
        // A thread without new replies stays alive as long as its last one is recent enough.
        if isOlder, let known = known?.latest(of: thread, in: channel.id) {
            follow(thread, of: channel, latest: known, &cursor.memory)
        }
        if let next = page.next { cursor.replies = next } else { cursor.endThread() }
        return page.messages.compactMap { message in
            // The message that began the thread, and replies that were sent to the channel too, stand in its history.
            guard message["ts"] != .string(thread) || isOlder, message["subtype"] != "thread_broadcast" else {
                return nil
            }
            return record(message, in: channel)
        }
    }

    private func call(
        _ method: String, _ query: [NamedValue], at cursor: String?, since oldest: String?
    ) async throws(ProviderError) -> (messages: [JSONValue], next: String?, isLimited: Bool) {
        var request = ProviderRequest.get("/\(method)", query + [NamedValue("limit", pageSize)])
        request.rateLimit = method
        if let oldest { request.query.append(NamedValue("oldest", oldest)) }
        if let cursor { request.query.append(NamedValue("cursor", cursor)) }
        let answer = try await context.json(request, recordsAt: "messages")
        guard answer["ok"]?.boolean == true, let messages = answer["messages"]?.array else {
            throw ProviderError(.permanent, "Slack's answer to \(method) is not a page of messages.")
        }
        let next = answer.at("response_metadata.next_cursor")?.string ?? ""
        guard next.isEmpty || !next.utf8.elementsEqual((cursor ?? "").utf8) else {
            throw ProviderError(.permanent, "Slack's \(method) leads from a page to itself.")
        }
        return (messages, next.isEmpty ? nil : next, answer["is_limited"]?.boolean == true)
    }

    /// `message` with its channel, which Slack includes only in events.
    private func record(_ message: JSONValue, in channel: SlackMessageCursor.Channel) -> SourceRecord {
        guard let members = message.members?.filter({ $0.key != "channel" }) else {
            return SourceRecord(message)
        }
        return SourceRecord(.object(members + [("channel", .string(channel.id))]))
    }
}
