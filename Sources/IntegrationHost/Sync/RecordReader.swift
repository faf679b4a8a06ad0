// Reads what a connection has synced, page by page, from the record streams. Knows no HTTP and no shape of an answer.

import DocumentStore
import ProviderSDK

/// A place in the record stream of a connection.
struct RecordPosition: Sendable {
    fileprivate let cursor: RecordCursor

    /// The beginning of every stream.
    static let start = RecordPosition(.start)

    fileprivate init(_ cursor: RecordCursor) { self.cursor = cursor }

    /// The position that ``text`` stands for; nil when it is not one.
    init?(_ text: String) {
        guard let cursor = RecordCursor(text) else { return nil }
        self.init(cursor)
    }

    var text: String { cursor.text }
}

/// One change of one record, as readers see it.
struct SyncedRecord: Sendable {
    /// What happened to the record.
    enum Change: String, Sendable {
        case added, updated, deleted
    }

    private let stored: RecordChange

    fileprivate init(_ stored: RecordChange) { self.stored = stored }

    var id: String { String(decoding: stored.id, as: UTF8.self) }
    var dataType: String { stored.dataType }
    /// The id at the provider; empty when it has none.
    var sourceID: String { String(decoding: stored.sourceID, as: UTF8.self) }
    var updatedAt: Timestamp? { Timestamp(milliseconds: stored.timestampMilliseconds) }
    /// The record as JSON; empty when it is deleted.
    var json: [UInt8] { stored.payload }

    var change: Change {
        switch stored.kind {
        case .added: .added
        case .updated: .updated
        case .deleted: .deleted
        }
    }
}

/// Reads the records of connections.
struct RecordReader: Sendable {
    /// What a page is to contain.
    struct Request: Sendable {
        var position = RecordPosition.start
        var dataType: String?
        var since: Timestamp?
        var limit: Int
    }

    /// A page of changes.
    struct Page: Sendable {
        let records: [SyncedRecord]
        /// Where the next page begins.
        let next: RecordPosition
        let hasMore: Bool
    }

    let records: Records
    let registry: ProviderRegistry
    let damage: DamageLog

    /// The changes of a connection's records after a position.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` for a data type that the provider does not have, and for a position of another
    ///   stream or data type; ``ServiceError/damaged(_:)`` where the stored records are damaged.
    func read(_ connection: Connection, _ request: Request) async throws(ServiceError) -> Page {
        try check(request.dataType, connection.service)
        let page: ChangePage
        do throws(StoreError) {
            page = try await records.read(
                StreamID(connection.id), after: request.position.cursor, dataType: request.dataType,
                since: request.since?.milliseconds, limit: request.limit)
        } catch {
            if case .invalidCursor = error {
                throw .invalid(field: "cursor", message: "The cursor is not one of this stream")
            }
            if case .corrupt = error {
                Metrics.damagedReads.add()
                damage.report(error, of: connection.id)
                throw .damaged(
                    "The stored records of this connection are damaged here; “integration-host check --repair” sets them aside, so that the next sync reads them anew"
                )
            }
            throw ServiceError(error)
        }
        return Page(
            records: page.changes.map(SyncedRecord.init), next: RecordPosition(page.next), hasMore: page.hasMore)
    }

    private func check(_ dataType: String?, _ service: String) throws(ServiceError) {
        guard let dataType else { return }
        let provider = registry[service]
        guard !RecordBatch.isReserved(dataType), provider.map({ $0.manifest.dataType(dataType) != nil }) ?? true else {
            throw .invalid(
                field: "dataType", message: "\(provider?.manifest.name ?? service) has no such data type")
        }
    }
}
