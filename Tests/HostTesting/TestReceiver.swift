// An application's endpoint for notifications, for tests: takes what is sent, answers as it is told to, and verifies signatures by
// itself, with nothing of the host.

import Cryptography
import HTTPServer
package import ProviderSDK
import Synchronization
import TestSupport

/// A server on loopback that receives notifications.
package final class TestReceiver: Sendable {
    /// What was received.
    package struct Delivery: Sendable {
        /// The header fields, their names in lower case.
        package let headers: [String: String]
        package let body: [UInt8]

        package var id: String { headers["webhook-id"] ?? "" }
        package var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
        /// The signatures, in order.
        package var signatures: [String] {
            (headers["webhook-signature"] ?? "").split(separator: " ").map(String.init)
        }

        /// The signature that `secret` gives this delivery.
        package func signature(_ secret: String) throws -> String {
            let key = try Base64.decode(String(secret.dropFirst("whsec_".count)))
            let signed = Array("\(id).\(headers["webhook-timestamp"] ?? "").".utf8) + body
            return "v1," + Base64.encode(HMACSHA256(key: key).code(for: signed).bytes)
        }
    }

    /// How a delivery is answered.
    package struct Answer: Sendable {
        package var status: Int
        package var headers: [(name: String, value: String)]
        package var delay: Duration
        package var bodyBytes: Int

        package init(
            _ status: Int, headers: [(name: String, value: String)] = [], delay: Duration = .zero, bodyBytes: Int = 0
        ) {
            self.status = status
            self.headers = headers
            self.delay = delay
            self.bodyBytes = bodyBytes
        }
    }

    private struct State {
        var deliveries: [Delivery] = []
        var answers: [Answer] = []
        var last = Answer(204)
    }

    private struct Application: HTTPApplication {
        let take: @Sendable (Delivery) -> Answer

        func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
            let snapshot = request.snapshot()
            var headers: [String: String] = [:]
            for index in 0..<snapshot.headerCount {
                let (name, value) = snapshot.header(at: index)
                headers[String(decoding: name, as: UTF8.self).lowercased()] = String(decoding: value, as: UTF8.self)
            }
            let answer = take(Delivery(headers: headers, body: snapshot.body))
            return DeferredResponse {
                if answer.delay > .zero { try? await Task.sleep(for: answer.delay) }
                return HTTPResponse(
                    status: HTTPStatus(UInt16(clamping: answer.status)), headers: answer.headers,
                    body: [UInt8](repeating: UInt8(ascii: "x"), count: answer.bodyBytes))
            }
        }
    }

    /// The state, which the server's closures share.
    private final class Box: Sendable {
        let value: Mutex<State>

        init(_ state: State) { value = Mutex(state) }
    }

    private let box: Box
    private let server: HTTPServer
    /// The URL of the endpoint, with a query that must be seen nowhere.
    package let url: String

    /// Starts to listen on a free port of loopback.
    ///
    /// - Parameter answers: how the first deliveries are answered; those after them get 204.
    package init(_ answers: Answer...) throws {
        let state = Box(State(answers: answers))
        let application = Application { delivery in
            state.value.withLock { state in
                state.deliveries.append(delivery)
                return state.answers.isEmpty ? state.last : state.answers.removeFirst()
            }
        }
        server = try HTTPServer(
            ServerConfiguration(address: SocketAddress("127.0.0.1:0"), loopCount: 1), application: application)
        url = "http://\(try server.start())/hook?key=s3cr3tOfTheQuery"
        box = state
    }

    /// How all deliveries from now on are answered.
    package func answer(_ answers: Answer..., then last: Answer = Answer(204)) {
        box.value.withLock { state in
            state.answers = answers
            state.last = last
        }
    }

    /// What was received so far.
    package var deliveries: [Delivery] { box.value.withLock { $0.deliveries } }

    /// Waits until at least `count` deliveries were received.
    package func received(_ count: Int) async throws -> [Delivery] {
        try await waitFor("\(count) deliveries; came: \(deliveries.map(\.json))") {
            let deliveries = deliveries
            return deliveries.count >= count ? deliveries : nil
        }
    }

    /// Ends it.
    package func stop() async { await server.shutdown(grace: .zero) }
}
