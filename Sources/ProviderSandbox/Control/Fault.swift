// Faults: what goes wrong, where, and how often. This code decides which answer a fault gives; other code sends it.

import HTTPServer
import ProviderSDK
import Synchronization

struct Fault: Sendable {
    enum Target: Sendable {
        case any
        case kind(RouteKind)
        case path(prefix: String)
    }

    enum Effect: Sendable {
        /// Only the delay.
        case none
        /// The provider's own answer for this status, or the text given.
        case status(UInt16, headers: [(name: String, value: String)], body: String?)
        /// The connection ends without an answer.
        case drop
        /// The connection ends after so many bytes of the body; nil means half of it.
        case truncate(bytes: Int?)
        /// 200 with bytes that are not what was announced.
        case garbage
        case redirect(location: String)
        case hugeBody(bytes: Int)

        var endsConnection: Bool {
            switch self {
            case .drop, .truncate: true
            default: false
            }
        }
    }

    let number: Int
    /// `stripe`, `kai`, `kai/flo`; nil means every stand-in.
    let provider: String?
    let target: Target
    let effect: Effect
    let delayMilliseconds: Int
    /// Whether the request is carried out before the fault strikes: a refresh has rotated the token.
    let isProcessed: Bool
    var skip: Int
    var remaining: Int

    func matches(_ standIn: any StandIn, _ kind: RouteKind, _ path: String) -> Bool {
        if let provider, provider != standIn.name && provider != standIn.providerID { return false }
        switch target {
        case .any: return true
        case .kind(let wanted): return wanted == kind
        case .path(let prefix): return path.hasPrefix(prefix)
        }
    }

    /// Whether some request to `routes` of `standIns` can be struck.
    func canStrike(_ standIns: [any StandIn]) -> Bool {
        switch target {
        case .any: true
        case .kind(let kind): standIns.contains { $0.routes.contains { $0.kind == kind } }
        case .path(let prefix): standIns.contains { $0.routes.contains { $0.hasPath(withPrefix: prefix) } }
        }
    }

    /// The answer to send, or to begin to send; `processed` is what the stand-in said where it was asked.
    func answer(
        _ processed: Answer?, _ standIn: any StandIn, _ request: SandboxRequest, _ kind: RouteKind
    ) -> Answer {
        switch effect {
        case .none, .drop, .truncate: return processed ?? Answer(500)
        case .status(let status, let headers, let body):
            if let body {
                let type = headers.contains { $0.name.lowercased() == "content-type" }
                let fields = type ? headers : [("Content-Type", "text/plain; charset=utf-8")] + headers
                return Answer(status, headers: fields, body: Array(body.utf8))
            }
            return standIn.failure(status, request, kind: kind).with(headers)
        case .garbage:
            return Answer(
                200, headers: [("Content-Type", "application/json")],
                body: [0x7B, 0x22, 0xFF, 0xFE] + Array("<html>\u{0}not what you asked for".utf8))
        case .redirect(let location): return .redirect(to: location)
        case .hugeBody(let bytes):
            // Valid JSON to the last byte, so that only a size limit can reject it.
            var body = [UInt8](repeating: UInt8(ascii: " "), count: max(2, bytes))
            body[0] = UInt8(ascii: "{")
            body[body.count - 1] = UInt8(ascii: "}")
            return .json(bytes: body)
        }
    }

    /// The bytes that are sent before the connection ends; nil where it does not end.
    func bytesBeforeEnd(_ answer: Answer) -> [UInt8]? {
        switch effect {
        case .drop: return []
        case .truncate(let bytes):
            var head = "HTTP/1.1 \(HTTPStatus(answer.status))\r\n"
            for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
            head += "Content-Length: \(answer.body.count)\r\n\r\n"
            return Array(head.utf8)
                + answer.body.prefix(min(bytes ?? answer.body.count / 2, max(0, answer.body.count - 1)))
        default: return nil
        }
    }
}

/// The faults that wait for requests.
final class FaultBoard: Sendable {
    private struct State {
        var faults: [Fault] = []
        var next = 1
        var struck = 0
    }

    private let state = Mutex(State())

    /// Adds a fault made with its number; false where too many wait.
    func add(_ make: (Int) -> Fault) -> Int? {
        state.withLock { state in
            guard state.faults.count < SandboxLimits.faultsMax else { return nil }
            let number = state.next
            state.next += 1
            state.faults.append(make(number))
            return number
        }
    }

    /// The first fault for this request, used up by one; a fault that still skips requests counts this one.
    func take(_ standIn: any StandIn, kind: RouteKind, path: String) -> Fault? {
        state.withLock { state in
            var taken: Fault?
            for index in state.faults.indices where state.faults[index].matches(standIn, kind, path) {
                if state.faults[index].skip > 0 {
                    state.faults[index].skip -= 1
                } else if taken == nil {
                    taken = state.faults[index]
                    state.faults[index].remaining -= 1
                }
            }
            state.faults.removeAll { $0.remaining <= 0 }
            if taken != nil { state.struck += 1 }
            return taken
        }
    }

    func clear() { state.withLock { $0.faults = [] } }

    var waiting: Int { state.withLock { $0.faults.reduce(0) { $0 + $1.remaining } } }
    var struck: Int { state.withLock { $0.struck } }
}
