// What the routes know of the server that they are for. The server needs the routes first, so it is set afterwards.

import HTTPAPI
import HTTPServer
import Synchronization
import SystemAPI

/// The counters and the memory of the server, for the metrics.
final class ServerProbe: Sendable {
    private let server = Mutex<(HTTPServer, MemoryBudget)?>(nil)

    func set(_ server: HTTPServer, _ memory: MemoryBudget) { self.server.withLock { $0 = (server, memory) } }

    /// The figures at this moment; nil before there is a server.
    var figures: ServerFigures? {
        server.withLock { $0 }.map { server, memory in ServerFigures(counters: server.counters, memory: memory) }
    }
}
