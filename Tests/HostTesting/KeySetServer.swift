// A server of one document for tests: what an issuer publishes, changed while it serves, with a count of who asked. It answers 503
// as long as there is no document.

import HTTPServer
import Synchronization

/// Serves a key set on a free port.
package final class KeySetServer: Sendable {
    private struct Application: HTTPApplication {
        let document: DocumentBox

        func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
            document.fetches.add(1, ordering: .relaxed)
            if let bytes = document.bytes.withLock({ $0 }) {
                response.header("Content-Type", "application/json")
                response.body.append(bytes.span)
            } else {
                response.status = .serviceUnavailable
            }
            return nil
        }
    }

    private final class DocumentBox: Sendable {
        let bytes = Mutex<[UInt8]?>(nil)
        let fetches = Atomic<Int>(0)
    }

    private let document = DocumentBox()
    private let server: HTTPServer
    /// Where the document is.
    package let url: String

    package init() throws {
        server = try HTTPServer(
            ServerConfiguration(address: try SocketAddress("127.0.0.1:0"), loopCount: 1),
            application: Application(document: document))
        url = "http://\(try server.start())/.well-known/jwks.json"
    }

    /// Publishes `text`; nil makes the server fail.
    package func publish(_ text: String?) { document.bytes.withLock { $0 = text.map { Array($0.utf8) } } }

    /// How often the document was asked for.
    package var fetchCount: Int { document.fetches.load(ordering: .relaxed) }

    /// Stops to serve.
    package func stop() async { await server.shutdown(grace: .seconds(1)) }
}
