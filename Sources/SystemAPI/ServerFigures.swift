// What the HTTP server counts, as metrics. Reads counters and nothing else.

package import HTTPServer

/// What the HTTP server counts, with the memory of its requests and answers.
package struct ServerFigures: Sendable {
    private let counters: ServerCounters
    private let memory: MemoryBudget

    package init(counters: ServerCounters, memory: MemoryBudget) {
        self.counters = counters
        self.memory = memory
    }

    /// Values now, as names, help texts and numbers.
    var gauges: [(name: String, help: String, value: Int)] {
        [
            ("http_connections_open", "Open connections.", Int(clamping: counters.connectionsOpen)),
            ("http_memory_bytes", "Memory of request bodies, answers and waiting output.", memory.usedBytes),
            ("http_memory_peak_bytes", "The most memory of that kind at one time.", memory.peakBytes),
            ("http_memory_max_bytes", "The bound of that memory.", memory.bytesMax),
        ]
    }

    /// Totals since the start, as names, help texts and numbers.
    var totals: [(name: String, help: String, value: UInt64)] {
        [
            ("http_connections_accepted_total", "Accepted connections.", counters.connectionsAccepted),
            ("http_received_bytes_total", "Bytes read from connections.", counters.bytesReceived),
            ("http_sent_bytes_total", "Bytes written to connections.", counters.bytesSent),
            ("http_head_refusals_total", "Requests refused before their bodies were read.", counters.headRefusals),
            ("http_memory_refusals_total", "Requests refused for want of memory.", memory.refusedCount),
        ]
    }

    /// Requests that are not valid or not allowed, by reason.
    var rejections: [(label: String, count: UInt64)] {
        counters.rejections.map { ("\($0.reason.name)", $0.count) }
    }

    /// Connections that the server ended without an answer, by reason.
    var connectionEnds: [(label: String, count: UInt64)] {
        counters.connectionEnds.map { ($0.reason.name, $0.count) }
    }
}
