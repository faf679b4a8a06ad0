// What an operator asks of the audit log, its JSON form on the control socket, and the lines of the answer.

import Audit
import ConnectionModel
import HTTPAPI
import ProviderSDK
import StoreFiles

/// A request of `integration-host audit list`.
package struct AuditOrder: Sendable, Equatable {
    static let command = "audit list"

    /// The sequence behind which to read; nil for the newest lines.
    package let cursor: Int?
    /// Only lines about this user; nil for all.
    package let userID: String?
    package let asJSON: Bool

    package init(cursor: Int?, userID: String?, asJSON: Bool) {
        self.cursor = cursor
        self.userID = userID
        self.asJSON = asJSON
    }

    /// Writes the members beside the command's name.
    func write(to writer: inout JSONWriter) {
        if let cursor { writer.member("cursor", cursor) }
        writer.member("user", userID)
        writer.member("json", asJSON)
    }

    /// Reads what ``write(to:)`` wrote; nil for any other value.
    init?(_ json: JSONValue) {
        guard let asJSON = json["json"]?.boolean else { return nil }
        self.asJSON = asJSON
        cursor = json["cursor"]?.integer.flatMap(Int.init(exactly:))
        userID = json["user"]?.string
    }
}

/// Reads the audit log for an operator.
struct AuditListing {
    let trail: AuditTrail

    func carryOut(_ order: AuditOrder) async throws(StoreError) -> ControlAnswer {
        let limit = ControlLimits.auditLinesMax
        // Without a place the newest lines are asked for, and of one user all.
        let start = order.cursor ?? (order.userID == nil ? max(0, trail.lastSequence - limit) : 0)
        let page = try await trail.page(after: start, limit: limit, userID: order.userID)
        if order.asJSON {
            var writer = JSONWriter()
            writer.object { AuditRendering.members(page, to: &$0) }
            return .done([String(decoding: writer.bytes, as: UTF8.self)])
        }
        let more = page.next.map { ["More lines: “audit list --cursor \($0)”."] } ?? []
        return .done(page.entries.map(Self.line) + more)
    }

    private static func line(_ entry: JSONValue) -> String {
        func text(_ name: String) -> String? { entry[name]?.string.map { "\(name) \($0)" } }
        let actor = entry["actor"]
        let who = [actor?["kind"]?.string, actor?["key"]?.string, actor?["user"]?.string].compactMap(\.self)
        let parts = [
            entry["seq"]?.integer.map(String.init), entry["at"]?.string, entry["action"]?.string,
            entry["result"]?.string, "by \(who.joined(separator: " "))", text("connection"), text("service"),
            text("key"),
            text("user"),
        ]
        return parts.compactMap(\.self).joined(separator: "  ")
    }
}
