// Turns a provider's record into a row of a batch. The record is mapped and checked against the store's bounds, or
// refused with field and rule. The caller decides what happens to a refused record.

package import ProviderSDK
import RecordStore
import StoreFiles

/// Why a record was refused.
package struct RecordFailure: Error, Sendable, Equatable {
    /// The provider's id of the record; nil when the id is missing.
    package var sourceID: String?
    /// The field of the normalised record.
    package let field: String
    /// The rule that failed.
    package let rule: String
    /// The problem, without the value itself.
    package let problem: String

    package init(_ failure: MappingFailure) {
        sourceID = failure.sourceID
        field = failure.field
        rule = failure.rule
        problem = failure.problem
    }

    package init(sourceID: String?, field: String, rule: String, problem: String) {
        self.sourceID = sourceID
        self.field = field
        self.rule = rule
        self.problem = problem
    }
}

/// Adds records of one data type to batches.
struct RecordIntake: Sendable {
    /// A record that a batch has accepted.
    struct Taken: Sendable {
        /// The provider's id of the record.
        var sourceID: String
        /// The moment in the field that the provider's list is a window by; nil without one.
        var moment: Timestamp?
    }

    let mapping: FieldMapping
    /// The field of the normalised record that the provider's list is a window by.
    var windowField: String?

    /// Maps a record into a batch.
    ///
    /// - Throws: ``RecordFailure`` for a record that does not fit the mapping or the store. The batch is then
    ///   unchanged.
    @discardableResult
    func add(_ record: SourceRecord, to batch: inout RecordBatch, now: Timestamp) throws(RecordFailure) -> Taken {
        switch record.change {
        case .deleted:
            let sourceID: String
            do { sourceID = try mapping.sourceID(of: record.value) } catch {
                throw RecordFailure(error)
            }
            let id = mapping.id(forSourceID: sourceID)
            try check(id: id, sourceID: sourceID)
            batch.delete(
                id: Array(id.utf8), sourceID: Array(sourceID.utf8), timestampMilliseconds: now.milliseconds)
            return Taken(sourceID: sourceID)
        default:
            let mapped: MappedRecord
            do { mapped = try mapping.map(record.value, now: now) } catch {
                throw RecordFailure(error)
            }
            try check(id: mapped.id, sourceID: mapped.sourceID)
            guard mapped.json.count <= SyncLimits.recordBytesMax else {
                throw RecordFailure(
                    sourceID: mapped.sourceID, field: "record", rule: "size",
                    problem: "the record has \(mapped.json.count) bytes, \(SyncLimits.recordBytesMax) are allowed")
            }
            batch.upsert(
                id: Array(mapped.id.utf8), sourceID: Array(mapped.sourceID.utf8),
                timestampMilliseconds: now.milliseconds, payload: mapped.json,
                volatileBytes: mapped.volatileBytes)
            return Taken(
                sourceID: mapped.sourceID,
                moment: windowField.flatMap { AbsencePolicy.moment($0, of: mapped.json) })
        }
    }

    /// Marks a record that failed as met in a batch, so that its earlier version stays.
    ///
    /// - Returns: false when the record has no id to identify it.
    func meet(_ failure: RecordFailure, in batch: inout RecordBatch) -> Bool {
        guard let sourceID = failure.sourceID else { return false }
        let id = mapping.id(forSourceID: sourceID)
        // The store has no record with an id that it cannot keep.
        if (1...StoreLimits.idBytesMax).contains(id.utf8.count) { batch.meet(id: Array(id.utf8)) }
        return true
    }

    /// Throws when the store cannot keep an id.
    ///
    /// One such id must not fail the whole page.
    private func check(id: String, sourceID: String) throws(RecordFailure) {
        let bytes = max(id.utf8.count, sourceID.utf8.count)
        guard bytes > StoreLimits.idBytesMax else { return }
        throw RecordFailure(
            sourceID: sourceID, field: "sourceId",
            rule: "size", problem: "the id has \(bytes) bytes, \(StoreLimits.idBytesMax) are allowed")
    }
}
