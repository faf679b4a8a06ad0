// The events of the inbox, and the documents that hold some hundred of them in the order of their arrival. Keeps what an event says
// about an account, not the body of its delivery. Pure: JSON and limits.

import ConnectionModel
import Cryptography
import Primitives
package import ProviderSDK

/// A provider's event that is not processed yet.
package struct InboxEvent: Sendable, Equatable {
    /// The effect of the event.
    package enum Effect: Sendable, Equatable {
        case changed(dataTypes: [String])
        case revoked
        case deleted(dataType: String, sourceIDs: [String])
    }

    package let digest: EventDigest
    package let provider: String
    package let variant: String?
    package let accountID: String
    /// The provider's mode that the event is about, such as test or live; nil when the provider does not say.
    var mode: String?
    package let effect: Effect
    /// When it happened, by the host's clock where that can be determined; nil when the provider does not say.
    let occurredAt: Timestamp?
    let receivedAt: Timestamp

    /// Returns whether the event is about `connection`.
    ///
    /// A connection from before modes were stored has no mode; events of every mode are about it.
    func isAbout(_ connection: Connection) -> Bool {
        guard connection.isOf(provider, variant, accountID: accountID) else { return false }
        guard let mode, let own = connection.mode else { return true }
        return mode.utf8.elementsEqual(own.utf8)
    }

    /// The approximate bytes that the event takes in memory and on disk.
    var byteCount: Int {
        var count = 200 + provider.utf8.count + accountID.utf8.count
        switch effect {
        case .changed(let dataTypes): for name in dataTypes { count += name.utf8.count + 4 }
        case .revoked: break
        case .deleted(let dataType, let sourceIDs):
            count += dataType.utf8.count
            for id in sourceIDs { count += id.utf8.count + 4 }
        }
        return count
    }
}

extension InboxEvent.Effect {
    /// Creates the effect that a plugin named; nil when this version does not know it.
    package init?(_ effect: WebhookOutcome.Event.Effect) {
        switch effect {
        case .changed(let dataTypes): self = .changed(dataTypes: dataTypes)
        case .revoked: self = .revoked
        case .deleted(let dataType, let sourceIDs): self = .deleted(dataType: dataType, sourceIDs: sourceIDs)
        @unknown default: return nil
        }
    }
}

/// 128 bits of a SHA-256 over what an event and its repeats have in common.
package struct EventDigest: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    private init(_ digest: SHA256Digest) {
        let bytes = digest.inlineBytes
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<8 {
            high = high << 8 | UInt64(bytes[index])
            low = low << 8 | UInt64(bytes[index + 8])
        }
        self.high = high
        self.low = low
    }

    /// Creates the digest of an event that has an id from its provider.
    package init(provider: String, eventID: String) {
        self.init(SHA256.digest("id \(provider.utf8.count):\(provider) \(eventID)"))
    }

    /// Creates the digest of the event at `index` of a delivery whose events have no ids: repeats have the same
    /// bytes.
    package init(provider: String, body: [UInt8], index: Int) {
        var hash = SHA256()
        hash.update("body \(provider.utf8.count):\(provider) \(index) ")
        hash.update(body)
        self.init(hash.digest())
    }

    /// Creates a digest from 32 hex digits; nil when `text` is anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 32, let high = Hex.number(lowercase: text.utf8.prefix(16)),
            let low = Hex.number(lowercase: text.utf8.dropFirst(16))
        else { return nil }
        self.high = high
        self.low = low
    }

    /// The digest as 32 hex digits.
    package var text: String { Hex.encode(high) + Hex.encode(low) }
}

extension InboxEvent {
    /// Returns the moment of an event by the host's clock.
    ///
    /// A delivery that was signed after it arrived shows how far the host's clock is behind. Without that correction,
    /// the end of an older grant would look like the end of the present one. The reverse is unknown, because
    /// deliveries are repeated.
    static func moment(_ occurredAt: Timestamp?, sentAt: Timestamp?, receivedAt: Timestamp) -> Timestamp? {
        guard let occurredAt, let sentAt, sentAt > receivedAt else { return occurredAt }
        return occurredAt.advanced(by: receivedAt.duration(since: sentAt))
    }
}

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
    /// The revision of its document; nil before it is stored.
    var revision: UInt64?

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
