// Explanations as JSON, the same for the route and the command, and as a table for a terminal.

package import ConnectionModel
package import Connections
package import ProviderSDK

package enum ExplanationRendering {
    /// Writes the members of an explanation.
    package static func write(
        _ explanation: Explanation, of connection: Connection, named name: String, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.member("connectionId", connection.id)
            writer.member("service", connection.service)
            writer.member("serviceName", name)
            writer.member("variant", connection.variant)
            writer.member("accountName", connection.accountName)
            writer.member("status", connection.status.rawValue)
            writer.member("class", explanation.kind.rawValue)
            writer.member("state", explanation.state)
            writer.key("action")
            writer.object { writer in
                writer.member("by", explanation.action.by.rawValue)
                writer.member("what", explanation.action.what)
            }
            attempt(explanation.lastAttempt, to: &writer)
            writer.member("providerCode", explanation.providerCode)
            writer.member("detail", explanation.detail)
            retry(explanation.nextRetry, to: &writer)
            writer.key("dataTypes")
            writer.array(of: explanation.dataTypes) { type, writer in
                writer.object { writer in
                    writer.member("name", type.name)
                    writer.member("canSync", type.missingScopes.isEmpty && connection.status == .connected)
                    writer.member("missingScopes", type.missingScopes)
                }
            }
            writer.member("lastSyncAt", connection.lastSyncAt?.description)
            writer.member("expiresAt", connection.expiresAt?.description)
            writer.member("grantEndsAt", explanation.grantEndsAt?.description)
            writer.member("expiresSoon", explanation.expiresSoon)
            writer.member("notificationsWaiting", explanation.notificationsWaiting)
            writer.member("deadLetters", explanation.deadLetters.map { .number(JSONNumber($0)) } ?? .null)
            if !explanation.notes.isEmpty { writer.member("notes", explanation.notes) }
        }
    }

    private static func attempt(_ attempt: Explanation.Attempt?, to writer: inout JSONWriter) {
        writer.key("lastAttempt")
        guard let attempt else { return writer.null() }
        writer.object { writer in
            writer.member("operation", attempt.operation.rawValue)
            writer.member("at", attempt.at.description)
            writer.member("outcome", attempt.outcome.rawValue)
        }
    }

    private static func retry(_ retry: Explanation.Retry?, to writer: inout JSONWriter) {
        writer.key("nextRetry")
        guard let retry else { return writer.null() }
        writer.object { writer in
            writer.member("at", retry.at.description)
            writer.member("automatic", retry.isAutomatic)
        }
    }

    /// Returns one line of JSON with all connections of a user.
    package static func json(
        _ found: [(connection: Connection, explanation: Explanation)], named name: (Connection) -> String
    ) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("connections")
            writer.array { writer in
                for (connection, explanation) in found {
                    write(explanation, of: connection, named: name(connection), to: &writer)
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Returns lines for a terminal: one row per connection, with its notes below.
    package static func table(_ found: [(connection: Connection, explanation: Explanation)]) -> [String] {
        guard !found.isEmpty else { return ["The user has no connections."] }
        var rows = [["CONNECTION", "SERVICE", "ACCOUNT", "STATUS", "CLASS", "LAST ATTEMPT"]]
        for (connection, explanation) in found {
            let service = connection.variant.map { "\(connection.service)/\($0)" } ?? connection.service
            let last =
                explanation.lastAttempt.map { "\($0.operation.rawValue) \($0.outcome.rawValue) \($0.at)" } ?? "none"
            rows.append([
                connection.id, service, connection.accountName ?? connection.accountID ?? "-",
                connection.status.rawValue, explanation.kind.rawValue, last,
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = [line(rows[0], widths)]
        for (row, (_, explanation)) in zip(rows.dropFirst(), found) {
            lines.append(line(row, widths))
            lines += notes(explanation).map { "    \($0)" }
        }
        return lines
    }

    private static func notes(_ explanation: Explanation) -> [String] {
        var notes = [explanation.state]
        if let code = explanation.providerCode { notes.append("Code: \(code)") }
        if let detail = explanation.detail { notes.append("Detail: \(detail)") }
        if explanation.action.by != .noOne {
            notes.append("To do (\(explanation.action.by.rawValue)): \(explanation.action.what)")
        }
        if let retry = explanation.nextRetry {
            notes.append("Next retry: \(retry.at)\(retry.isAutomatic ? "" : ", on request only")")
        }
        for type in explanation.dataTypes where !type.missingScopes.isEmpty {
            notes.append("\(type.name) lacks \(type.missingScopes.joined(separator: ", "))")
        }
        if let letters = explanation.deadLetters, letters > 0 { notes.append("Dead letters: \(letters)") }
        if let end = explanation.grantEndsAt, explanation.expiresSoon { notes.append("Ends: \(end)") }
        return notes + explanation.notes
    }

    /// Returns the cells of a row, aligned; control characters become `?`.
    private static func line(_ row: [String], _ widths: [Int]) -> String {
        var line = ""
        for (cell, width) in zip(row, widths) {
            let shown = String(
                decoding: cell.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
            line += shown + String(repeating: " ", count: max(0, width - shown.count) + 2)
        }
        while line.hasSuffix(" ") { line.removeLast() }
        return line
    }
}
