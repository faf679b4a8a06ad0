// Decides the fate of the stored records that a complete read did not meet: deleted, kept, or marked as out of reach. Pure: it is asked about one record after the other, first to count and then to decide.

import ProviderSDK
import RecordStore

/// What a read of all records says about those that it did not meet.
struct AbsencePolicy: Sendable {
    /// The part of all records that is a mass: more than one in four.
    static let massDivisor = 4

    /// What the provider's records are read through.
    struct View: Sendable {
        var coverage = ReadCoverage.everything
        var window: ReadWindow?
        /// The records that the read met, and the least moment in the window's field among them.
        var met = 0
        var oldest: Timestamp?
        var now: Timestamp
    }

    /// Where a record that was not met stands.
    enum Place: Sendable, Equatable {
        /// Where the read would have met it.
        case inside
        /// Out of the read's sight.
        case outside
        /// Nothing is known of it.
        case unknown
    }

    /// The records that were not met, by where they stand.
    struct Count: Sendable, Equatable {
        /// Inside, and not missing before.
        var missing = 0
        /// Inside, and missing in the full read before too.
        var confirmed = 0
        /// Outside, and not marked so far.
        var lost = 0
        /// Outside, and marked before.
        var stillLost = 0
        var unknown = 0
    }

    let view: View
    /// Whether a record was missing in the full read before.
    let wasMissing: @Sendable (UnmetRecord) -> Bool

    /// Returns where a record stands.
    func place(of record: UnmetRecord) -> Place {
        if let parts = view.coverage.parts, !parts.contains(where: { $0.contains(record.sourceID) }) {
            return view.coverage.isOutsideOutOfReach ? .outside : .unknown
        }
        switch view.window {
        case nil: return .inside
        case .matching(let condition):
            guard let value = try? JSONValue.parse(record.payload) else { return .unknown }
            return condition.isMet(by: value, now: view.now) ? .inside : .outside
        case .newest(let count, let field):
            // Records that are made during the read push others out of the window, so a full one can show fewer.
            guard view.met * 2 >= count, let oldest = view.oldest else { return .inside }
            guard let moment = Self.moment(field, of: record.payload) else { return .outside }
            return oldest < moment ? .inside : .outside
        case .recent(let time, let field):
            guard let moment = Self.moment(field, of: record.payload) else { return .outside }
            // Records close to the border may have left the window during the read.
            let border = view.now.advanced(by: .zero - time + min(time / 10, .seconds(86_400)))
            return border < moment ? .inside : .outside
        default: return .unknown
        }
    }

    /// Counts a record.
    func count(_ record: UnmetRecord, into count: inout Count) {
        switch place(of: record) {
        case .unknown: count.unknown += 1
        case .outside: if record.isOutOfReach { count.stillLost += 1 } else { count.lost += 1 }
        case .inside: if wasMissing(record) { count.confirmed += 1 } else { count.missing += 1 }
        }
    }

    /// Returns whether so many records are missing at once that the next full read has to confirm it.
    ///
    /// - Parameter stored: the records that the application sees.
    static func isMass(_ count: Count, of stored: Int) -> Bool {
        let total = stored - count.stillLost
        guard count.missing > 0 else { return false }
        return count.missing >= total
            || count.missing > SyncLimits.missingRecordsMax && count.missing * massDivisor > total
    }

    /// Returns the fate of a record when those that are missing for the first time stay.
    func fate(of record: UnmetRecord, keepsMissing: Bool) -> UnmetFate {
        switch place(of: record) {
        case .unknown: .kept
        case .outside: .outOfReach
        case .inside: keepsMissing && !wasMissing(record) ? .kept : .deleted
        }
    }

    /// The moment in a field of a normalised record.
    static func moment(_ field: String, of payload: [UInt8]) -> Timestamp? {
        (try? JSONValue.parse(payload))?[field]?.string.flatMap(Timestamp.init(iso8601:))
    }
}
