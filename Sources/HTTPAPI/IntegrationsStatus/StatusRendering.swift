// The envelope of the status document: success with data and a duration.

import ConnectionModel
import Connections
import HTTPServer
import ProviderSDK
import Requests
package import Users

enum StatusRendering {
    /// Renders `{"success":true,"data":{…},"duration":…}`.
    static func success(_ exchange: Exchange, _ data: (inout JSONWriter) -> Void) -> Reply {
        let duration = exchange.durationMilliseconds
        var reply = Reply.json { writer in
            writer.member("success", true)
            writer.key("data")
            writer.object(data)
            writer.member("duration", duration)
        }
        reply.durationMilliseconds = duration
        return reply
    }

    /// Renders the list of integrations in the same envelope, up to the number of the duration.
    @Sendable static func list(_ report: StatusReport) -> RenderedStatus {
        var writer = JSONWriter(capacity: 64 + 256 * report.integrations.count)
        writer.array { writer in
            for (connection, isExpired) in report.integrations {
                integration(connection, isExpired: isExpired, to: &writer)
            }
        }
        let start = #"{"success":true,"data":{"integrations":"#.utf8
        return RenderedStatus(
            start + writer.bytes + #"},"duration":"#.utf8, count: report.integrations.count,
            expiredCount: report.expiredCount, validUntil: report.validUntil)
    }

    private static func integration(_ connection: Connection, isExpired: Bool, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", connection.number)
            writer.member("provider", connection.service)
            writer.member("accountId", connection.accountID ?? connection.service)
            writer.member("accountName", connection.accountName ?? connection.accountID ?? connection.service)
            writer.member("status", isExpired ? "expired" : "connected")
            writer.member("expiresAt", connection.expiresAt?.text(withMilliseconds: true))
            writer.member("createdAt", connection.createdAt.text(withMilliseconds: true))
            writer.member("updatedAt", connection.updatedAt.text(withMilliseconds: true))
            if let variant = connection.variant { writer.member("variant", variant) }
        }
    }
}

extension ReadyReply {
    package init(_ status: RenderedStatus) {
        self.init(
            bytes: status.bytes,
            facts: ReplyFacts(integrationCount: status.count, expiredCount: status.expiredCount))
    }
}
