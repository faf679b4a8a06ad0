// What a walk over messages leaves for the next one: the channels that were read, and the threads that are alive. Slack's lists
// cannot be asked for either: a channel's history has only what began in the time that is read.

import ProviderSDK

/// What is remembered of a complete walk.
struct SlackMemory: Equatable {
    /// A thread and when its newest reply was sent, both as Slack writes moments.
    struct Thread: Equatable {
        var channel: String
        var id: String
        var latest: String
    }

    /// Channels that are remembered at most.
    static let channelsMax = 1000
    /// Threads that are remembered at most: those with the newest replies.
    static let threadsMax = 200

    /// The channels whose history was read to its end.
    private(set) var channels: [String] = []
    /// Whether there were more channels than are remembered, so that none counts as new.
    private(set) var isFull = false
    /// The threads that had a reply in the time that is read again.
    private(set) var threads: [Thread] = []
    /// Of the channels that were read, those of which something could not be read.
    private(set) var partial: [String] = []
    /// The moments of the oldest messages that were shown, of channels whose older messages the workspace's plan hides.
    private(set) var limits: [String: String] = [:]

    /// Nothing yet.
    init() {}

    /// Whether a channel was never read.
    func isNew(_ channel: String) -> Bool { !isFull && !channels.contains { Self.isSame($0, channel) } }

    /// The threads of a channel that began before `oldest`: its history does not show them.
    func threads(of channel: String, before oldest: ExactDecimal) -> [String] {
        threads.filter { Self.isSame($0.channel, channel) && ExactDecimal($0.id).map { $0 < oldest } ?? false }.map(
            \.id)
    }

    /// Whether a thread is remembered.
    func knows(_ thread: String, of channel: String) -> Bool { index(of: thread, in: channel) != nil }

    /// When the newest known reply to a thread was sent.
    func latest(of thread: String, in channel: String) -> String? {
        index(of: thread, in: channel).map { threads[$0].latest }
    }

    /// Notes that a channel was read.
    mutating func note(_ channel: String) {
        guard isNew(channel) else { return }
        guard channels.count < Self.channelsMax else { return isFull = true }
        channels.append(channel)
    }

    /// Notes that a thread's newest reply was sent at `latest`.
    mutating func note(_ thread: String, of channel: String, latest: String) {
        guard let moment = ExactDecimal(latest), Self.isPlain(thread), Self.isPlain(latest) else { return }
        if let index = index(of: thread, in: channel) {
            if let known = ExactDecimal(threads[index].latest), known < moment { threads[index].latest = latest }
            return
        }
        threads.append(Thread(channel: channel, id: thread, latest: latest))
        guard threads.count > Self.threadsMax else { return }
        let oldest = threads.enumerated().compactMap { index, thread in
            ExactDecimal(thread.latest).map { (index: index, latest: $0) }
        }.min { $0.latest < $1.latest }
        if let oldest { threads.remove(at: oldest.index) }
    }

    /// Notes that something of a channel could not be read.
    mutating func notePartial(_ channel: String) {
        if !partial.contains(where: { Self.isSame($0, channel) }) { partial.append(channel) }
    }

    /// Notes that a channel's messages before `moment` are hidden.
    mutating func noteLimit(_ moment: String, of channel: String) { limits[channel] = moment }

    /// The messages that a walk over all of them could meet.
    ///
    /// A channel that is not among them is out of sight: archived, without the bot, or not listed at all. Of more channels than are
    /// remembered, nothing is known.
    var coverage: ReadCoverage {
        let parts = channels.filter { channel in !partial.contains { Self.isSame($0, channel) } }.map { channel in
            ReadCoverage.Part(prefix: "\(channel)-", least: limits[channel].map { "\(channel)-\($0)" })
        }
        return ReadCoverage(parts: parts, isOutsideOutOfReach: !isFull)
    }

    /// What the next walk needs of it.
    var lasting: SlackMemory {
        var copy = self
        copy.partial = []
        copy.limits = [:]
        return copy
    }

    /// Notes that a thread is gone.
    mutating func forget(_ thread: String, of channel: String) {
        if let index = index(of: thread, in: channel) { threads.remove(at: index) }
    }

    private func index(of thread: String, in channel: String) -> Int? {
        threads.firstIndex { Self.isSame($0.id, thread) && Self.isSame($0.channel, channel) }
    }

    private static func isSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

    private static func isPlain(_ moment: String) -> Bool {
        moment.utf8.count <= 32 && moment.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 == UInt8(ascii: ".") }
    }

    // MARK: As plain data

    /// The memory as the host stores it.
    var json: JSONValue {
        var members: [(key: String, value: JSONValue)] = [("channels", .array(channels.map(JSONValue.string)))]
        if isFull { members.append(("isFull", true)) }
        if !threads.isEmpty {
            members.append(("threads", .array(threads.map { .string("\($0.channel) \($0.id) \($0.latest)") })))
        }
        if !partial.isEmpty { members.append(("partial", .array(partial.map(JSONValue.string)))) }
        if !limits.isEmpty {
            members.append(("limits", .object(limits.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })))
        }
        return .object(members)
    }

    /// The memory that ``json`` wrote; nil for nil.
    init?(_ json: JSONValue?) {
        guard let json, json.kind == .object else { return nil }
        channels = (json["channels"]?.array ?? []).compactMap(\.string)
        isFull = json["isFull"]?.boolean ?? false
        partial = (json["partial"]?.array ?? []).compactMap(\.string)
        for (channel, moment) in json["limits"]?.members ?? [] { limits[channel] = moment.string }
        threads = (json["threads"]?.array ?? []).compactMap { thread in
            let parts = (thread.string ?? "").split(separator: " ")
            return parts.count == 3
                ? Thread(channel: String(parts[0]), id: String(parts[1]), latest: String(parts[2])) : nil
        }
    }
}
