// One line of the log when a connection is made, lost or ended. What happened is read from the change of the user's document, so that no way
// of making or losing one is without its line. No user id and no secret is in it.

import ConnectionModel
package import Observability
package import Users

/// Logs how connections begin and end.
package struct ConnectionLog: Sendable {
    private let log: Log

    package init(_ log: Log) { self.log = log }

    /// Logs what a change of a user does to the status of connections.
    package func note(_ change: UserChange) {
        for line in Self.lines(change.pairs) {
            log.info(
                line.message,
                [
                    "connectionId": .text(line.connectionID), "service": .text(line.service), "from": .text(line.from),
                    "to": .text(line.to), "code": .text(line.code),
                ])
        }
    }

    /// A change of status.
    struct Line: Equatable {
        let message: String
        let connectionID: String
        let service: String
        /// The status before; nil for a new connection.
        let from: String?
        /// The status after; nil for a connection that was removed.
        let to: String?
        /// The code of the failure; nil without one.
        let code: String?
    }

    /// Returns the lines of a change.
    ///
    /// An authorization that begins, fails or is given up has none, and neither has an integration that is only recorded.
    static func lines(_ pairs: [ConnectionPair]) -> [Line] {
        var lines: [Line] = []
        for pair in pairs {
            let (before, after) = (pair.before, pair.after)
            guard before?.status != after?.status, let connection = after ?? before else { continue }
            guard connection.isManaged || before?.isManaged == true else { continue }
            guard let message = message(before?.status, after?.status) else { continue }
            lines.append(
                Line(
                    message: message, connectionID: connection.id, service: connection.service,
                    from: before?.status.rawValue, to: after?.status.rawValue, code: after?.failure?.code))
        }
        return lines
    }

    private static func message(_ before: ConnectionStatus?, _ after: ConnectionStatus?) -> String? {
        switch (before, after) {
        case (_, .connected): "A connection was made."
        case (_, .expired), (_, .revoked): "A connection was lost."
        case (_, .disconnected): "A connection was disconnected."
        case (.pending, nil), (.error, nil): nil
        case (_, nil): "A connection was removed."
        default: nil
        }
    }
}
