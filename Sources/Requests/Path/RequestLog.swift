// One line of JSON per request, written in batches: a line costs a copy of some bytes, not a system call. Knows no
// route and makes no decisions.

import ConnectionModel
import HTTPServer
package import Observability
package import Primitives
import ProviderSDK

/// Writes a line for every request.
package struct RequestLog: Sendable {
    /// Whose level decides whether there are lines.
    private let log: Log
    private let time: TimeSource

    package init(_ log: Log, time: TimeSource) {
        self.log = log
        self.time = time
    }

    /// Records a request that has been answered.
    func record(
        _ exchange: borrowing Exchange, method: StaticString, route: String, status: Int, userID: String?,
        facts: ReplyFacts
    ) {
        guard log.level <= .info else { return }
        let now = time.now
        let duration = exchange.durationMilliseconds
        exchange.withCorrelationID { correlationID in
            LogSink.standardError.append(isUrgent: false) { line in
                line.appendTime(now)
                line.append("\",\"level\":\"info\",\"msg\":\"request\",\"correlationId\":\"")
                for index in correlationID.indices { line.bytes.append(correlationID[index]) }
                line.append("\",\"userId\":")
                line.append(quoted: userID)
                line.append(",\"method\":\"")
                line.append(method)
                line.append("\",\"route\":")
                line.append(quoted: route)
                line.append(",\"status\":")
                line.append(decimal: status)
                line.append(",\"durationMs\":")
                line.append(decimal: duration)
                if let count = facts.integrationCount {
                    line.append(",\"integrationCount\":")
                    line.append(decimal: count)
                }
                if let count = facts.expiredCount {
                    line.append(",\"expiredCount\":")
                    line.append(decimal: count)
                }
                line.append("}\n")
            }
        }
    }
}
