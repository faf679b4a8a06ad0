// Prints dead letters for a terminal: a list of them, or the result of a replay, one line each.

package import ConnectionModel
import ProviderSDK
import Users

/// Lists and replays the dead letters of a user for an operator.
package struct DeadLetterReport: Sendable {
    package let service: DeadLetterService

    package init(service: DeadLetterService) {
        self.service = service
    }

    /// The letters of one connection that are listed; the others are only counted.
    static let lettersMax = 1000

    /// Returns the lines of a list, or of a replay.
    ///
    /// - Parameter connection: nil for all connections of the user.
    /// - Throws: ``ServiceError/notFound`` when the user has no such connection.
    package func run(user userID: String, connection: String?, replays: Bool) async throws(ServiceError) -> [String] {
        let connections = try await service.users.user(userID).connections.filter { found in
            connection.map { $0.utf8.elementsEqual(found.id.utf8) } ?? true
        }
        if connection != nil, connections.isEmpty { throw .notFound }
        var lines: [String] = []
        for connection in connections {
            lines += replays ? try await replay(connection, of: userID) : try await list(connection, of: userID)
        }
        return lines.isEmpty ? ["There are no dead letters."] : lines
    }

    private func replay(_ connection: Connection, of userID: String) async throws(ServiceError) -> [String] {
        let before = try await service.list(connection.id, of: userID, .init(), after: 0, limit: 1)
        if before.total == 0 { return [] }
        let outcome = try await service.replay(connection.id, of: userID, .init())
        return ["\(connection.id)  \(connection.service)  \(outcome.replayed) replayed, \(outcome.failed) failed"]
    }

    private func list(_ connection: Connection, of userID: String) async throws(ServiceError) -> [String] {
        var lines: [String] = []
        var total = 0
        var dropped = 0
        var position: UInt64? = 0
        while let after = position, lines.count < Self.lettersMax {
            let page = try await service.list(
                connection.id, of: userID, .init(), after: after, limit: SyncLimits.deadLetterPageMax)
            lines += page.letters.map { letter in
                "  \(letter.id)  \(letter.dataType)  \(letter.sourceID ?? "-")  \(letter.failure.field): "
                    + "\(letter.failure.rule): \(letter.failure.problem)  \(letter.pluginVersion)  \(letter.at)"
            }
            (total, dropped, position) = (page.total, page.dropped, page.next)
        }
        if total == 0 && dropped == 0 { return [] }
        let more = total > lines.count ? ["  … and \(total - lines.count) more"] : []
        let gone = dropped > 0 ? ", \(dropped) dropped" : ""
        return ["\(connection.id)  \(connection.service)  \(total) dead letters\(gone)"] + lines + more
    }
}
