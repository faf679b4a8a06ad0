// The program behind the sandbox's server: finds the route, works the faults in, counts. It knows no provider.

import HTTPServer
import ProviderSDK
import Synchronization

final class SandboxApplication: HTTPApplication {
    private struct Entry: Sendable {
        let standIn: any StandIn
        let traffic: Traffic
        let route: StandInRoute
        /// The route's template without the stand-in's prefix.
        let template: String
        let prefixLength: Int
    }

    private struct Opening {
        var origin = ""
        var port: UInt16 = 0
    }

    let environment: SandboxEnvironment
    let standIns: [any StandIn]
    let traffic: [Traffic]
    let faults = FaultBoard()
    let courier = WebhookCourier()
    private let router: Router<Entry>
    private let opening = Mutex(Opening())

    init(_ environment: SandboxEnvironment) {
        self.environment = environment
        standIns = StandInList.all(environment)
        traffic = standIns.map { _ in Traffic() }
        var router = Router<Entry>()
        for (standIn, traffic) in zip(standIns, traffic) {
            for route in standIn.routes {
                router.add(
                    route.method, "/\(standIn.name)\(route.template)",
                    Entry(
                        standIn: standIn, traffic: traffic, route: route, template: route.template,
                        prefixLength: standIn.name.utf8.count + 1))
            }
        }
        self.router = router
    }

    /// Sets where the server listens; until then requests see an empty origin.
    func opened(origin: String, port: UInt16) {
        opening.withLock { $0 = Opening(origin: origin, port: port) }
    }

    /// Sends the webhooks of every provider to `origin`, at `/webhooks/` and the provider's name, from now on; nil ends it.
    func subscribeAll(to origin: String?) throws(ControlFault) {
        let base = origin.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        for standIn in standIns where standIn.sendsWebhooks {
            try courier.subscribe(standIn, to: base.map { "\($0)/webhooks/\(standIn.name)" })
        }
    }

    func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
        let origin = opening.withLock { $0.origin }
        if request.path.hasPrefix("/_sandbox") {
            response.write(ControlRoutes(self).answer(request, origin: origin).response)
            return nil
        }
        let path = request.path
        switch path.withSpan({ router.match(request.method, $0) }) {
        case .found(let route, let captures): return serve(route, captures, request, origin, &response)
        case .methodNotAllowed: response.write(unrouted(405, path.string ?? "/").response)
        case .notFound: response.write(unrouted(404, path.string ?? "/").response)
        }
        return nil
    }

    private func serve(
        _ route: Route<Entry>, _ captures: PathCaptures, _ request: borrowing HTTPRequest, _ origin: String,
        _ response: inout ResponseWriter
    ) -> DeferredResponse? {
        let entry = route.handler
        var values: [String: String] = [:]
        for name in route.parameterNames { values[name] = try? route.text(name, captures, in: request.path) }
        let path = String((request.path.string ?? "").dropFirst(entry.prefixLength))
        guard let owned = SandboxRequest(request, path: path, captures: values, origin: origin) else {
            response.write(entry.standIn.failure(400, nil, kind: entry.route.kind).response)
            return nil
        }
        let fault = faults.take(entry.standIn, kind: entry.route.kind, path: path)
        guard let fault else {
            let answer = entry.route.handler(owned)
            entry.traffic.count(entry.route, answer.status)
            response.write(answer.response)
            return nil
        }
        if fault.delayMilliseconds == 0 {
            response.write(faulty(fault, entry, owned).response)
            return nil
        }
        return DeferredResponse { [self] in
            try? await Task.sleep(for: .milliseconds(fault.delayMilliseconds))
            return faulty(fault, entry, owned).response
        }
    }

    /// The answer with the fault worked in.
    ///
    /// For a fault that ends the connection the answer returned is never sent.
    private func faulty(_ fault: Fault, _ entry: Entry, _ request: SandboxRequest) -> Answer {
        let route = entry.route
        let processed = fault.isProcessed ? route.handler(request) : nil
        let answer = fault.answer(processed, entry.standIn, request, route.kind)
        entry.traffic.count(route, fault.effect.endsConnection ? 0 : answer.status)
        if let bytes = fault.bytesBeforeEnd(answer) {
            ConnectionBreak.end(request.peer, localPort: opening.withLock { $0.port }, after: bytes)
        }
        return answer
    }

    private func unrouted(_ status: UInt16, _ path: String) -> Answer {
        for (standIn, traffic) in zip(standIns, traffic) where path.hasPrefix("/\(standIn.name)/") {
            traffic.countUnrouted(status)
            return standIn.failure(status, nil, kind: .api)
        }
        return .json(
            status, ["error": .string("There is no stand-in here; the sandbox has \(names).")])
    }

    private var names: String { standIns.map { "/\($0.name)" }.joined(separator: ", ") }
}

/// What was asked of one stand-in and how it was answered.
final class Traffic: Sendable {
    struct Counts: Sendable {
        /// By method and template.
        var routes: [String: Int] = [:]
        var kinds: [RouteKind: Int] = [:]
        /// By status; 0 counts connections that were ended without an answer.
        var statuses: [UInt16: Int] = [:]
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func count(_ route: StandInRoute, _ status: UInt16) {
        state.withLock { counts in
            counts.routes["\(route.method) \(route.template)", default: 0] += 1
            counts.kinds[route.kind, default: 0] += 1
            counts.statuses[status, default: 0] += 1
        }
    }

    func countUnrouted(_ status: UInt16) { state.withLock { $0.statuses[status, default: 0] += 1 } }
}
