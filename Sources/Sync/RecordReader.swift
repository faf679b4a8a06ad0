// Reads the synced records of a connection, page by page, from the record streams. Knows no HTTP and no answer format.

package import ConnectionModel
package import Observability
package import ProviderSDK
package import Providers
package import RecordStore
import StoreFiles

/// A position in the record stream of a connection.
package struct RecordPosition: Sendable {
    fileprivate let cursor: RecordCursor

    /// The beginning of every stream.
    package static let start = RecordPosition(.start)

    fileprivate init(_ cursor: RecordCursor) { self.cursor = cursor }

    /// The position that ``text`` encodes; nil when the text is not a position.
    package init?(_ text: String) {
        guard let cursor = RecordCursor(text) else { return nil }
        self.init(cursor)
    }

    package var text: String { cursor.text }
}

/// One change of one record, as readers see it.
package struct SyncedRecord: Sendable {
    /// How the record changed.
    package enum Change: String, Sendable, CaseIterable {
        case added, updated, deleted
    }

    private let stored: RecordChange

    fileprivate init(_ stored: RecordChange) { self.stored = stored }

    package var id: String { String(decoding: stored.id, as: UTF8.self) }
    package var dataType: String { stored.dataType }
    /// The id at the provider; empty when the record has none.
    package var sourceID: String { String(decoding: stored.sourceID, as: UTF8.self) }
    package var updatedAt: Timestamp? { Timestamp(milliseconds: stored.timestampMilliseconds) }
    /// The record as JSON; empty when the record is deleted.
    package var json: [UInt8] { stored.payload }
    /// Whether the record went out of sight at the provider, so that what is known of it may be old.
    package var isOutOfReach: Bool { stored.isOutOfReach }

    package var change: Change {
        switch stored.kind {
        case .added: .added
        case .updated: .updated
        case .deleted: .deleted
        }
    }
}

/// Reads the records of connections.
package struct RecordReader: Sendable {
    /// The selection of the records on a page.
    package struct Request: Sendable {
        package var position = RecordPosition.start
        package var dataType: String?
        package var since: Timestamp?
        package var limit: Int

        package init(
            position: RecordPosition = RecordPosition.start, dataType: String? = nil, since: Timestamp? = nil,
            limit: Int
        ) {
            self.position = position
            self.dataType = dataType
            self.since = since
            self.limit = limit
        }
    }

    /// A page of changes.
    package struct Page: Sendable {
        package let records: [SyncedRecord]
        /// The position of the next page.
        package let next: RecordPosition
        package let hasMore: Bool
    }

    package let records: Records
    package let registry: ProviderRegistry
    package let damage: DamageLog

    package init(records: Records, registry: ProviderRegistry, damage: DamageLog) {
        self.records = records
        self.registry = registry
        self.damage = damage
    }

    /// Returns the changes of a connection's records after a position.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` for a data type that the provider does not have. The same
    ///   error reports a position of another stream or data type. ``ServiceError/damaged(_:)`` where the stored records
    ///   are damaged.
    package func read(_ connection: Connection, _ request: Request) async throws(ServiceError) -> Page {
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
                    "The stored records of this connection are damaged here; "
                        + "“integration-host check --repair” sets them aside, so that the next sync reads them again"
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
