// A workspace's answers to the methods that read it. It knows no HTTP; every answer is a body, every refusal a Slack
// error.

import Cryptography
import HTTPServer
import ProviderSDK

/// A refusal: `ok` is false, and the status is 200 all the same.
struct SlackFault: Error, Sendable {
    let error: String
    var members: [(key: String, value: JSONValue)] = []

    init(_ error: String, _ members: [(key: String, value: JSONValue)] = []) {
        self.error = error
        self.members = members
    }

    var json: JSONValue { .object([("ok", false), ("error", .string(error))] + members) }
}

struct SlackWorkspace: Sendable {
    /// Who asks: the workspace and what the token may do.
    struct Caller: Sendable {
        let account: Int
        let scopes: [String]

        func require(_ scopes: [String]) throws(SlackFault) {
            let missing = scopes.filter { !self.scopes.contains($0) }
            guard missing.isEmpty else {
                throw SlackFault(
                    "missing_scope",
                    [
                        ("needed", .string(missing.joined(separator: ","))),
                        ("provided", .string(self.scopes.joined(separator: ","))),
                    ])
            }
        }
    }

    private static let readScopes = [
        "public_channel": "channels", "private_channel": "groups", "mpim": "mpim", "im": "im",
    ]

    private let dataset: Dataset
    private let clock: SandboxClock
    /// For commercially distributed apps outside the marketplace: 15 messages a call.
    private let isCommercial: Bool

    init(_ dataset: Dataset, _ clock: SandboxClock, isCommercial: Bool) {
        self.dataset = dataset
        self.clock = clock
        self.isCommercial = isCommercial
    }

    // MARK: Channels and users

    func channels(_ caller: Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        let kinds = (request.parameter("types") ?? "public_channel").split(separator: ",").map { String($0).trimmed() }
        var scopes: [String] = []
        for kind in kinds {
            guard let scope = Self.readScopes[kind] else { throw SlackFault("invalid_types") }
            scopes.append("\(scope):read")
        }
        try caller.require(scopes)
        let limit = try Self.limit(request, 1000)
        let hidesArchived = request.parameter("exclude_archived") == "true"
        let start = try position(SlackObjects.channels, caller, request, prefix: "team:")
        let (rows, next): ([[UInt8]], String?) = dataset.withTable(caller.account, SlackObjects.channels) {
            table, type, context in
            // The page is cut first and filtered then: it may be short, even empty, and not the last.
            let end = min(table.objects.count, start + limit)
            let rows = (start..<max(start, end)).filter { position in
                let object = table.objects[position]
                return !object.isDeleted && kinds.contains(object.kind)
                    && !(hidesArchived && object.status == "archived")
                    && (object.kind == "public_channel" || SlackObjects.isMember(context, object.number))
            }.map { table.bytes($0, type, context) }
            return (rows, end < table.objects.count ? "team:\(table.objects[end].id)" : nil)
        }
        return Self.page("channels", rows, next)
    }

    func channel(_ caller: Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        let channel = try readable(caller, request, "read")
        let bytes = dataset.withTable(caller.account, SlackObjects.channels) { $0.bytes(channel, $1, $2) }
        return Array("{\"ok\":true,\"channel\":".utf8) + bytes + Array("}".utf8)
    }

    func users(_ caller: Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        try caller.require(["users:read"])
        let limit = try Self.limit(request, 1000)
        let start = try position(SlackObjects.users, caller, request, prefix: "user:")
        let hasEmail = caller.scopes.contains("users:read.email")
        let (rows, next): ([[UInt8]], String?) = dataset.withTable(caller.account, SlackObjects.users) {
            table, _, context in
            let end = min(table.objects.count, start + limit)
            let rows = (start..<max(start, end)).map { SlackText.user(context, table.objects[$0], hasEmail: hasEmail) }
            return (rows, end < table.objects.count ? "user:\(table.objects[end].id)" : nil)
        }
        return Self.page("members", rows, next, ",\"cache_ts\":\(clock.seconds)")
    }

    // MARK: Messages

    func history(_ caller: Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        let channel = try readable(caller, request, "history")
        let (oldest, latest) = try Self.bounds(request)
        let limit = try messageLimit(request)
        let below = try Self.timeCursor(request)
        let (rows, last): ([[UInt8]], Int64?) = dataset.withTable(caller.account, SlackObjects.messages) {
            table, _, context in
            let found = table.newestFirst(below: nil, limit: limit + 1) { message in
                let time = SlackObjects.microseconds(of: message)
                return message.owner == channel && oldest <= time && time <= latest && time < below
                    && (message.parent == nil || SlackText.isBroadcast(context, message))
            }
            let page = found.positions.prefix(limit)
            let rows = page.map { position in
                let message = table.objects[position]
                if let parent = message.parent { return SlackText.reply(context, message, to: table.objects[parent]) }
                return SlackText.message(context, message, thread: Self.thread(table, context, message))
            }
            let hasMore = found.positions.count > limit
            return (rows, hasMore ? page.last.map { SlackObjects.microseconds(of: table.objects[$0]) } : nil)
        }
        return Self.page("messages", rows, last.map { "next_ts:\($0)" }, ",\"has_more\":\(last != nil),\"pin_count\":0")
    }

    func replies(_ caller: Caller, _ request: SandboxRequest) throws(SlackFault) -> [UInt8] {
        let channel = try readable(caller, request, "history")
        let (oldest, latest) = try Self.bounds(request)
        let limit = try messageLimit(request)
        guard let text = request.parameter("ts") else { throw SlackFault("invalid_arguments") }
        let after =
            request.parameter("cursor").flatMap { $0.isEmpty ? nil : $0 } == nil ? -1 : try Self.timeCursor(request)
        let answer: (rows: [[UInt8]], last: Int64?)? = dataset.withTable(caller.account, SlackObjects.messages) {
            table, _, context in
            let id = "\(SlackObjects.channelID(context, channel))-\(text)"
            guard let parent = table[id], parent.parent == nil else { return nil }
            // The message that began the thread comes with every first page.
            let members = Self.thread(of: parent, in: table).filter { reply in
                let time = SlackObjects.microseconds(of: reply)
                return oldest <= time && time <= latest && time > after
            }
            let own = after < 0 ? [SlackText.message(context, parent, thread: Self.thread(table, context, parent))] : []
            let page = members.prefix(limit)
            let last = members.count > limit ? page.last.map { SlackObjects.microseconds(of: $0) } : nil
            return (own + page.map { SlackText.reply(context, $0, to: parent) }, last)
        }
        guard let answer else { throw SlackFault("thread_not_found") }
        return Self.page(
            "messages", answer.rows, answer.last.map { "next_ts:\($0)" }, ",\"has_more\":\(answer.last != nil)")
    }

    /// The live replies to a message, the oldest first.
    private static func thread(of parent: SandboxObject, in table: ObjectTable) -> [SandboxObject] {
        let end = min(table.objects.count, parent.number + SlackObjects.threadReach + 1)
        guard parent.number + 1 < end else { return [] }
        return table.objects[(parent.number + 1)..<end].filter { $0.parent == parent.number && !$0.isDeleted }
    }

    private static func thread(_ table: ObjectTable, _ context: DataContext, _ parent: SandboxObject) -> SlackThread {
        var thread = SlackThread()
        for reply in self.thread(of: parent, in: table) {
            thread.replies += 1
            thread.latest = SlackObjects.timestamp(reply.created, reply.number)
            let author = SlackText.author(context, reply)
            if !thread.users.contains(author) { thread.users.append(author) }
        }
        return thread
    }

    // MARK: Parameters

    /// The position of the channel that a request names, if the token may `action` it.
    private func readable(_ caller: Caller, _ request: SandboxRequest, _ action: String) throws(SlackFault) -> Int {
        guard let id = request.parameter("channel") else { throw SlackFault("channel_not_found") }
        let found: (Int, String, Bool)? = dataset.withTable(caller.account, SlackObjects.channels) {
            table, _, context in
            guard let position = table.position(of: id) else { return nil }
            let object = table.objects[position]
            return (position, object.kind, SlackObjects.isMember(context, object.number))
        }
        guard let (position, kind, isMember) = found, isMember || kind == "public_channel" else {
            throw SlackFault("channel_not_found")
        }
        try caller.require(["\(Self.readScopes[kind] ?? "channels"):\(action)"])
        guard isMember || action == "read" else { throw SlackFault("not_in_channel") }
        return position
    }

    private static func limit(_ request: SandboxRequest, _ most: Int) throws(SlackFault) -> Int {
        guard let text = request.parameter("limit"), !text.isEmpty else { return 100 }
        guard let number = Decimal.parse(text), number >= 1 else { throw SlackFault("invalid_limit") }
        return min(number, most)
    }

    private func messageLimit(_ request: SandboxRequest) throws(SlackFault) -> Int {
        let limit = try Self.limit(request, 999)
        return isCommercial ? min(request.parameter("limit") == nil ? 15 : limit, 15) : limit
    }

    /// The first and the last moment to include, in microseconds.
    private static func bounds(_ request: SandboxRequest) throws(SlackFault) -> (Int64, Int64) {
        let isInclusive = ["true", "1"].contains(request.parameter("inclusive"))
        var oldest: Int64 = 0
        var latest = Int64.max
        if let text = request.parameter("oldest"), !text.isEmpty {
            guard let moment = SlackObjects.microseconds(text) else { throw SlackFault("invalid_ts_oldest") }
            oldest = moment + (isInclusive ? 0 : 1)
        }
        if let text = request.parameter("latest"), !text.isEmpty {
            guard let moment = SlackObjects.microseconds(text) else { throw SlackFault("invalid_ts_latest") }
            latest = moment - (isInclusive ? 0 : 1)
        }
        return (oldest, latest)
    }

    private static func cursor(_ request: SandboxRequest, prefix: String) throws(SlackFault) -> String? {
        guard let text = request.parameter("cursor"), !text.isEmpty else { return nil }
        guard let bytes = try? Base64.decode(text), let decoded = String(validating: bytes, as: UTF8.self),
            decoded.hasPrefix(prefix)
        else { throw SlackFault("invalid_cursor") }
        return String(decoded.dropFirst(prefix.utf8.count))
    }

    private static func timeCursor(_ request: SandboxRequest) throws(SlackFault) -> Int64 {
        guard let text = try cursor(request, prefix: "next_ts:") else { return .max }
        guard let number = Int64(microseconds: text) else {
            throw SlackFault("invalid_cursor")
        }
        return number
    }

    private func position(
        _ type: Int, _ caller: Caller, _ request: SandboxRequest, prefix: String
    ) throws(SlackFault) -> Int {
        guard let id = try Self.cursor(request, prefix: prefix) else { return 0 }
        guard let position = dataset.withTable(caller.account, type, { table, _, _ in table.position(of: id) }) else {
            throw SlackFault("invalid_cursor")
        }
        return position
    }

    /// A page: an empty cursor ends the walk.
    private static func page(_ name: String, _ rows: [[UInt8]], _ cursor: String?, _ more: String = "") -> [UInt8] {
        var bytes = Array("{\"ok\":true,\"\(name)\":".utf8)
        bytes += rows.jsonArray
        let next = cursor.map { Base64.encode(Array($0.utf8)) } ?? ""
        bytes += "\(more),\"response_metadata\":{\"next_cursor\":\"\(next)\"}}".utf8
        return bytes
    }
}

extension Int64 {
    /// Microseconds since 1970 in digits: 16 of them, one more than other numbers here may have.
    fileprivate init?(microseconds text: String) {
        guard text.utf8.count == 16, let seconds = Decimal.parse(String(text.prefix(10))),
            let rest = Decimal.parse(String(text.dropFirst(10)))
        else { return nil }
        self = Int64(seconds) * 1_000_000 + Int64(rest)
    }
}
