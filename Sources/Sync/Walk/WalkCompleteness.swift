// Decides what a walk along a provider's pages proves: whether it goes on, begins again, or ends, and whether what it
// did not meet is missing. A state machine without I/O; the sync passes it what each page showed.

import ProviderSDK

/// What a walk has shown so far.
struct WalkCompleteness: Sendable, Equatable {
    /// What the walk does after a page.
    enum Step: Sendable, Equatable {
        case proceed
        /// Begin again at the first page.
        case restart
    }

    /// What a walk that came to its end has proved.
    enum End: Sendable, Equatable {
        /// It met everything that was there all the time.
        case complete
        /// Records moved in every try.
        case moved
        /// No two tries in a row met the same records.
        case unproven
        /// Begin again at the first page, to prove this try.
        case restart
    }

    private(set) var restarts = 0
    /// Whether records moved in this try.
    private(set) var isBroken = false
    /// Whether a page of this try did not show that nothing lies before it.
    private(set) var isUnproven = false
    /// The ids of the records of this try, in their order, as a hash.
    private(set) var digest = Self.emptyDigest
    /// The digest of the try before; nil when it did not come to its end.
    private(set) var earlierDigest: UInt64?

    private static let emptyDigest: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Takes in what the next page shows.
    mutating func meets(_ continuity: PageContinuity) -> Step {
        switch continuity {
        case .continuous: return .proceed
        case .broken:
            if begins(after: nil) { return .restart }
            isBroken = true
        default: isUnproven = true
        }
        return .proceed
    }

    /// Takes in a record of the page.
    mutating func meets(sourceID: String) {
        for byte in sourceID.utf8 { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        // No byte of an id: two ids are not the same as one that is both together.
        digest = (digest ^ 0xFF) &* 0x0000_0100_0000_01B3
    }

    /// The provider does not take the place at which the walk continues; returns nil when it began again too often.
    mutating func isRefused() -> Step? { begins(after: nil) ? .restart : nil }

    /// The walk has read its last page.
    ///
    /// - Parameters:
    ///   - missing: the stored records that it did not meet.
    ///   - mustProve: whether it has to be proved even when nothing is missing: what it did not meet would not be read
    ///     again.
    mutating func end(missing: Int, mustProve: Bool) -> End {
        if isBroken { return .moved }
        guard isUnproven, missing > 0 || mustProve, earlierDigest != digest else { return .complete }
        return begins(after: digest) ? .restart : .unproven
    }

    private mutating func begins(after digest: UInt64?) -> Bool {
        guard restarts < SyncLimits.walkRestartsMax else { return false }
        self = WalkCompleteness(restarts: restarts + 1, earlierDigest: digest)
        return true
    }

    /// A walk that begins.
    init() {}

    private init(restarts: Int, earlierDigest: UInt64?) {
        self.restarts = restarts
        self.earlierDigest = earlierDigest
    }
}

// MARK: Stored form

extension WalkCompleteness {
    init(_ value: JSONValue?) {
        restarts = value?["restarts"]?.integer.map(Int.init(clamping:)) ?? 0
        isBroken = value?["broken"]?.boolean ?? false
        isUnproven = value?["unproven"]?.boolean ?? false
        digest = value?["digest"]?.integer.map { UInt64(bitPattern: $0) } ?? Self.emptyDigest
        earlierDigest = value?["earlier"]?.integer.map { UInt64(bitPattern: $0) }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            if restarts > 0 { writer.member("restarts", restarts) }
            if isBroken { writer.member("broken", true) }
            if isUnproven { writer.member("unproven", true) }
            writer.member("digest", .number(JSONNumber(Int64(bitPattern: digest))))
            if let earlierDigest {
                writer.member("earlier", .number(JSONNumber(Int64(bitPattern: earlierDigest))))
            }
        }
    }
}
