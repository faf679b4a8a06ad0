// The position of a walk over the messages of a workspace, as plain data that the host stores between pages. Knows no requests.

import ProviderSDK

/// The state of a walk: channel by channel, in each page of history by page, after each page the threads begun on it.
struct SlackMessageCursor: Equatable {
    /// A channel whose messages are still to be read.
    struct Channel: Equatable {
        var id: String
        var isPrivate: Bool
    }

    /// The list of channels.
    enum Listing: Equatable {
        /// Its next page is at this cursor; nil for the first.
        case next(JSONValue?)
        /// All of it was read.
        case complete
    }

    /// Where the list of channels continues when ``channels`` are read.
    var listing = Listing.next(nil)
    /// The listed channels that are not read yet; the first is being read.
    var channels: [Channel] = []
    /// Where the first channel's history continues; nil at its beginning.
    var history: String?
    /// The moment of the oldest message of the first channel's history so far, where the workspace's plan hides older ones.
    var oldestShown: String?
    /// Whether the first channel's history is read and only ``threads`` are left.
    var isHistoryRead = false
    /// The threads of the last page of history that are not read yet; the first is being read.
    var threads: [String] = []
    /// Where the first thread continues; nil at its beginning.
    var replies: String?

    /// What the walk will leave for the next one.
    var memory = SlackMemory()

    /// Before the first channel.
    init() {}

    /// Before the first channel of a further workspace of the same walk.
    static func beginning(with memory: JSONValue) -> JSONValue? {
        var cursor = SlackMessageCursor()
        cursor.memory = SlackMemory(memory) ?? cursor.memory
        return cursor.json
    }

    /// Notes that the first thread was read or skipped.
    mutating func endThread() {
        threads.removeFirst()
        replies = nil
        if threads.isEmpty, isHistoryRead { endChannel() }
    }

    /// Notes that a page of the first channel's history was read: it led to `threads`, and the history continues at `next`.
    mutating func endHistoryPage(threads: [String], next: String?) {
        self.threads = threads
        history = next
        isHistoryRead = next == nil
        if threads.isEmpty, isHistoryRead { endChannel() }
    }

    /// Notes that the first channel was read or skipped.
    mutating func endChannel() {
        channels.removeFirst()
        history = nil
        oldestShown = nil
        isHistoryRead = false
        threads = []
        replies = nil
    }

    /// The cursor as the host stores it; nil at the end of the walk.
    var json: JSONValue? {
        guard !channels.isEmpty || listing != .complete else { return nil }
        var members: [(key: String, value: JSONValue)] = [
            ("channels", .array(channels.map { $0.isPrivate ? ["private": .string($0.id)] : .string($0.id) }))
        ]
        switch listing {
        case .next(let cursor): members.append(("list", cursor ?? .null))
        case .complete: break
        }
        if let history { members.append(("history", .string(history))) }
        if let oldestShown { members.append(("oldestShown", .string(oldestShown))) }
        if isHistoryRead { members.append(("isHistoryRead", true)) }
        if !threads.isEmpty { members.append(("threads", .array(threads.map(JSONValue.string)))) }
        if let replies { members.append(("replies", .string(replies))) }
        if memory != SlackMemory() { members.append(("memory", memory.json)) }
        return .object(members)
    }

    /// The cursor that ``json`` wrote; the beginning of a walk for nil.
    init(_ json: JSONValue?) {
        guard let json else { return }
        channels = (json["channels"]?.array ?? []).compactMap { channel in
            if let id = channel.string { return Channel(id: id, isPrivate: false) }
            return channel["private"]?.string.map { Channel(id: $0, isPrivate: true) }
        }
        listing = json["list"].map { $0.isNull ? .next(nil) : .next($0) } ?? .complete
        history = json["history"]?.string
        oldestShown = json["oldestShown"]?.string
        isHistoryRead = json["isHistoryRead"]?.boolean ?? false
        threads = (json["threads"]?.array ?? []).compactMap(\.string)
        replies = json["replies"]?.string
        memory = SlackMemory(json["memory"]) ?? memory
    }
}
