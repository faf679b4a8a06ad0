// A provider's API for tests, answered by a closure: it remembers every request. Knows nothing of the host and of no provider.

import HTTPServer
package import ProviderSDK
import Synchronization

/// A server on loopback whose answers a test decides.
package final class UpstreamServer: Sendable {
    /// What was asked.
    package struct Request: Sendable {
        /// The method, such as `GET`.
        package let method: String
        /// The path, without the query.
        package let path: String
        /// The query parameters as they were sent, still encoded.
        package let query: [String: String]
        /// The header fields, their names in lower case.
        package let headers: [String: String]
        /// The body.
        package let body: [UInt8]
    }

    /// What is answered.
    package struct Answer: Sendable {
        package var status: Int
        package var headers: [(name: String, value: String)]
        package var body: JSONValue

        package init(_ body: JSONValue, status: Int = 200, headers: [(name: String, value: String)] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    private struct Application: HTTPApplication {
        let take: @Sendable (Request) -> Answer

        func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
            let asked = Request(request.snapshot())
            return DeferredResponse {
                let answer = take(asked)
                return HTTPResponse(
                    status: HTTPStatus(UInt16(clamping: answer.status)),
                    headers: [("Content-Type", "application/json")] + answer.headers, body: answer.body.serialized)
            }
        }
    }

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private let log = Log()
    private let server: HTTPServer
    /// Where it is, such as `http://127.0.0.1:40123`.
    package let url: String

    /// Starts to listen on a free port of loopback.
    ///
    /// - Parameter answer: the answer to a request.
    package init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        let log = log
        let application = Application { request in
            log.requests.withLock { $0.append(request) }
            return answer(request)
        }
        server = try HTTPServer(
            ServerConfiguration(address: SocketAddress("127.0.0.1:0"), loopCount: 1), application: application)
        url = "http://\(try server.start())"
    }

    /// The requests so far, in order.
    package var requests: [Request] { log.requests.withLock { $0 } }

    /// Stops to serve.
    package func stop() async { await server.shutdown(grace: .zero) }
}

extension UpstreamServer.Request {
    fileprivate init(_ snapshot: HTTPRequestSnapshot) {
        var headers: [String: String] = [:]
        for index in 0..<snapshot.headerCount {
            let (name, value) = snapshot.header(at: index)
            headers[String(decoding: name, as: UTF8.self).lowercased()] = String(decoding: value, as: UTF8.self)
        }
        var query: [String: String] = [:]
        for pair in String(decoding: snapshot.query ?? [], as: UTF8.self).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        self.init(
            method: "\(snapshot.method)", path: String(decoding: snapshot.path, as: UTF8.self), query: query,
            headers: headers, body: snapshot.body)
    }
}
