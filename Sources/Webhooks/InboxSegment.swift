// One document of the inbox: the ids of some hundred events in the order of their arrival, and those events that are
// not processed yet. Pure: its JSON and its limits.

import ProviderSDK

/// A run of consecutive events of the inbox.
struct InboxSegment: Sendable {
    /// The number of the segment; segments are numbered in the order in which they were begun.
    let number: UInt64
    let begunAt: Timestamp
    /// When its newest event was accepted.
    var newestAt: Timestamp
    /// The digests of all its events.
    var digests: [EventDigest] = []
    /// The events that are not processed yet, in the order of their arrival.
    var pending: [InboxEvent] = []
    /// The bytes of ``pending``.
    var pendingBytes = 0

    init(number: UInt64, at now: Timestamp) {
        self.number = number
        begunAt = now
        newestAt = now
    }

    /// Returns whether the next event must go into a new segment.
    func isFull(at now: Timestamp) -> Bool {
        digests.count >= WebhookLimits.segmentEventsMax || pendingBytes >= WebhookLimits.segmentBytesMax
            || begunAt.advanced(by: WebhookLimits.segmentTimeMax) < now
    }

    /// Returns whether the whole segment may be deleted.
    func isExpired(at now: Timestamp) -> Bool {
        pending.isEmpty && newestAt.advanced(by: WebhookLimits.rememberedTime) < now
    }

    mutating func add(_ event: InboxEvent) {
        digests.append(event.digest)
        pending.append(event)
        pendingBytes += event.byteCount
        newestAt = max(newestAt, event.receivedAt)
    }

    mutating func settle(_ settled: Set<EventDigest>) {
        pending.removeAll { settled.contains($0.digest) }
        pendingBytes = pending.reduce(0) { $0 + $1.byteCount }
    }

    // MARK: Its document

    private static let prefix = "segment-"

    /// The id of its document.
    var documentID: [UInt8] {
        let digits = String(number)
        return Array((Self.prefix + String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits).utf8)
    }

    /// Returns the number in the id of a document; nil when the id is not that of a segment.
    static func number(ofDocument id: [UInt8]) -> UInt64? {
        let text = String(decoding: id, as: UTF8.self)
        guard text.hasPrefix(prefix) else { return nil }
        let digits = text.utf8.dropFirst(prefix.utf8.count)
        guard 1...19 ~= digits.count, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
    }

    /// The segment as JSON, with one line per pending event.
    var encoded: [UInt8] {
        var writer = JSONWriter(capacity: 64 + 40 * digests.count + 2 * pendingBytes)
        writer.object { writer in
            writer.member("begunAt", begunAt.text(withMilliseconds: true))
            writer.member("newestAt", newestAt.text(withMilliseconds: true))
            writer.member("events", digests.map(\.text))
            writer.key("pending")
            writer.array { writer in for event in pending { event.write(to: &writer) } }
        }
        return writer.bytes
    }

    /// Reads a segment from its document; nil when the bytes are not a segment.
    init?(number: UInt64, decoding bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let events = value["events"]?.array,
            let begunAt = value["begunAt"]?.string.flatMap(Timestamp.init(iso8601:)),
            let newestAt = value["newestAt"]?.string.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        self.number = number
        self.begunAt = begunAt
        self.newestAt = newestAt
        digests = events.compactMap { $0.string.flatMap(EventDigest.init) }
        pending = (value["pending"]?.array ?? []).compactMap(InboxEvent.init(decoding:))
        pendingBytes = pending.reduce(0) { $0 + $1.byteCount }
    }
}

extension InboxEvent {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("event", digest.text)
            writer.member("provider", provider)
            writer.member("variant", variant)
            writer.member("accountId", accountID)
            if let mode { writer.member("mode", mode) }
            switch effect {
            case .changed(let dataTypes):
                writer.member("effect", "changed")
                writer.member("dataTypes", dataTypes)
            case .revoked: writer.member("effect", "revoked")
            case .deleted(let dataType, let sourceIDs):
                writer.member("effect", "deleted")
                writer.member("dataTypes", [dataType])
                writer.member("sourceIds", sourceIDs)
            }
            writer.member("occurredAt", occurredAt?.text(withMilliseconds: true))
            writer.member("receivedAt", receivedAt.text(withMilliseconds: true))
        }
    }

    fileprivate init?(decoding value: JSONValue) {
        guard let digest = value["event"]?.string.flatMap(EventDigest.init), let provider = value["provider"]?.string,
            let accountID = value["accountId"]?.string,
            let receivedAt = value["receivedAt"]?.string.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        let dataTypes = value["dataTypes"]?.array?.compactMap(\.string) ?? []
        switch value["effect"]?.string {
        case "changed": effect = .changed(dataTypes: dataTypes)
        case "revoked": effect = .revoked
        case "deleted":
            guard let dataType = dataTypes.first else { return nil }
            effect = .deleted(dataType: dataType, sourceIDs: value["sourceIds"]?.array?.compactMap(\.string) ?? [])
        default: return nil
        }
        self.digest = digest
        self.provider = provider
        self.accountID = accountID
        self.receivedAt = receivedAt
        variant = value["variant"]?.string
        mode = value["mode"]?.string
        occurredAt = value["occurredAt"]?.string.flatMap(Timestamp.init(iso8601:))
    }
}
