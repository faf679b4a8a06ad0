// The routes of what a connection has synced: the record stream, past syncs, dead letters. All look the connection up before the
// rest of the request, so that somebody else's answers as a missing one whatever is sent.

import Cryptography
import DocumentStore
import HTTPServer
import ProviderSDK
import RecordStore
import StoreFiles

extension IntegrationsRoutes {
    @Sendable func readRecords(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let connection = try await connections.connection(
            try context.parameter("id"), of: context.authenticated())
        let request = try IntegrationsDecoding.recordsRequest(context.query)
        if let dataType = request.dataType {
            let provider = registry[connection.service]
            guard !RecordBatch.isReserved(dataType), provider.map({ $0.manifest.dataType(dataType) != nil }) ?? true
            else {
                throw .invalid(
                    field: "dataType",
                    message: "\(provider?.manifest.name ?? connection.service) has no such data type")
            }
        }
        let page: ChangePage
        do throws(StoreError) {
            page = try await records.read(
                StreamID(connection.id), after: request.cursor, dataType: request.dataType,
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
        return IntegrationsRendering.records(page)
    }

    @Sendable func listSyncs(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let connection = try await connections.connection(
            try context.parameter("id"), of: context.authenticated())
        let limit = try IntegrationsDecoding.limit(
            context.query, default: HostLimits.syncHistoryMax, max: HostLimits.syncHistoryMax)
        // The newest may be running, and is told with its present counts.
        let latest = await sync.latest(connection)
        return .json { writer in
            writer.member("success", true)
            writer.key("syncs")
            writer.array { writer in
                for (place, run) in connection.syncs.prefix(limit).enumerated() {
                    let now = place == 0 ? latest : nil
                    IntegrationsRendering.sync(
                        now?.run ?? run, now?.progress, connectionID: connection.id, to: &writer)
                }
            }
        }
    }

    @Sendable func listDeadLetters(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let connection = try await connections.connection(try context.parameter("id"), of: principal)
        let (selection, position, limit) = try IntegrationsDecoding.deadLettersRequest(
            context.query, connection: connection.id)
        let page = try await deadLetters.list(
            connection.id, of: principal.userID, selection, after: position, limit: limit)
        return IntegrationsRendering.deadLetters(page, connection: connection.id)
    }

    @Sendable func replayDeadLetters(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        let connection = try await connections.connection(try context.parameter("id"), of: principal)
        let selection = try IntegrationsDecoding.replayRequest(context)
        let outcome = try await deadLetters.replay(connection.id, of: principal.userID, selection)
        return .json { writer in
            writer.member("success", true)
            writer.member("replayed", outcome.replayed)
            writer.member("failed", outcome.failed)
        }
    }
}

/// A place in the dead letters of one connection, as text of 33 bytes.
struct DeadLetterCursor {
    let position: UInt64
    let text: String

    init(_ position: UInt64, connection id: String) {
        self.position = position
        let digits = String(position, radix: 16)
        text = Self.mark(id) + "-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Nil when the text is no cursor of this connection.
    init?(_ text: String, connection id: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 33, bytes.starts(with: (Self.mark(id) + "-").utf8),
            bytes[17...].allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }),
            let position = UInt64(String(decoding: bytes[17...], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(position, connection: id)
    }

    private static func mark(_ id: String) -> String { String(SHA256.digest(id).description.prefix(16)) }
}
