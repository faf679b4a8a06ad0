// The path of every request: find the route, authenticate, refuse, count, handle, render an error, record. Each step
// is written once. A request with an answer in memory takes all of them on the event loop; any other continues as a
// task. Knows no document.

import Audit
import ConnectionModel
package import HTTPServer
package import Observability
package import Primitives
import ProviderSDK
package import Sessions
import Users

/// The host as the HTTP server sees it; a class, because the frames of waiting calls hold it.
package final class RequestPath: HTTPApplication {
    /// The data of a route besides its method and path; a class, because every request copies it.
    final class Handler: Sendable {
        let family: RouteFamily
        let entry: RouteEntry
        let counters: RouteCounters

        init(family: RouteFamily, entry: RouteEntry, counters: RouteCounters) {
            (self.family, self.entry, self.counters) = (family, entry, counters)
        }
    }

    /// A request that continues as a task, with its route; a class, because the frames of waiting calls hold it.
    private final class Call: Sendable {
        let request: HTTPRequestSnapshot
        let route: Route<Handler>
        /// The decoded path parameters by name.
        let parameters: [String: String]
        let exchange: Exchange
        /// Whether the request completes a step, so that a person's browser may get a page.
        var completes: Bool { route.handler.entry.effect == .completes }

        init(
            _ request: HTTPRequestSnapshot, _ route: Route<Handler>, _ parameters: [String: String],
            _ exchange: Exchange
        ) {
            (self.request, self.route, self.parameters, self.exchange) = (request, route, parameters, exchange)
        }
    }

    /// The decision whether the handler may run, with the limit that counted the request.
    private enum Admission: Sendable {
        case refused(RouteFailure, RateLimiter.Decision?)
        case admitted(RateLimiter.Decision?)

        var decision: RateLimiter.Decision? {
            switch self {
            case .refused(_, let decision), .admitted(let decision): decision
            }
        }
    }

    private let families: [RouteFamily]
    private let router: Router<Handler>
    private let authenticator: Authenticator
    package let limits: RequestLimits
    package let origins: OriginPolicy
    private let clients: ClientAddresses
    private let bodyBytesMax: Int
    private let metrics: RequestMetrics
    private let requestLog: RequestLog
    /// The pages for people whose browsers complete a step; nil answers them as programs.
    private let pages: (any StepPages)?
    let largeAnswers = FairGate(AnswerBounds.concurrentLargeMax)
    private let time: TimeSource
    private let log: Log

    package init(
        families: [RouteFamily], authenticator: Authenticator, limits: RequestLimits, origins: OriginPolicy,
        clients: ClientAddresses = ClientAddresses(), bodyBytesMax: Int = HTTPServerLimits().bodyBytesMax,
        metrics: RequestMetrics, requestLog: RequestLog, pages: (any StepPages)? = nil, time: TimeSource, log: Log
    ) {
        var router = Router<Handler>()
        for family in families {
            for entry in family.routes {
                let counters = metrics.counters(method: entry.method.description, template: entry.template)
                router.add(entry.method, entry.template, Handler(family: family, entry: entry, counters: counters))
            }
        }
        self.families = families
        self.router = router
        self.authenticator = authenticator
        self.limits = limits
        self.origins = origins
        self.clients = clients
        self.bodyBytesMax = bodyBytesMax
        self.metrics = metrics
        self.requestLog = requestLog
        self.pages = pages
        self.time = time
        self.log = log
    }

    // MARK: Route

    /// Refuses a request before its body is read, when its head says enough.
    ///
    /// Without a session in memory, the session is looked up first, and then the body is read.
    package func decide(about request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> HeadDecision {
        // The server refuses a body that is too large from any caller.
        if let length = request.contentLength, length > bodyBytesMax { return .buffer() }
        if case .found(let route, let captures) = router.match(request.method, request.path) {
            let entry = route.handler.entry
            guard !entry.isSigned, entry.ownCaller == nil else { return .buffer() }
            let refusals = HeadRefusals(request, effect: entry.effect, body: entry.body, origins: origins)
            let parameters = Self.parameters(of: route, captures, in: request.path)
            let caller: Caller?
            switch authenticator.recognize(request, at: time.now) {
            case .stranger: caller = nil
            case .known(let known): caller = known
            case .undecided:
                let exchange = Exchange(request, origins: origins, time: time)
                let (call, credentials) = (
                    Call(request.snapshot(), route, parameters, exchange), RequestCredentials(request)
                )
                return .stream(bytesMax: bodyBytesMax) { [self] reader in
                    await self.response(to: call, credentials, refusals, reader)
                }
            }
            let client = caller == nil ? clients.client(of: request) : ""
            let isRefused = refusals.failure(entry, caller) != nil
            guard
                isRefused
                    || !limits.hasRoom(
                        entry.limit, principal: caller?.principal, parameters: parameters, address: client)
            else { return .buffer() }
        }
        return respond(to: request, &response) == nil ? .refuse : .buffer()
    }

    /// Answers a request whose session is not in memory; reads the body when nothing else refuses the request.
    private func response(
        to call: Call, _ credentials: RequestCredentials, _ refusals: HeadRefusals, _ reader: BodyReader
    ) async -> HTTPResponse {
        let entry = call.route.handler.entry
        let caller = await authenticator.caller(credentials, call.request)
        let admission = admit(entry, refusals, caller, call.parameters, clients.client(of: call.request))
        guard case .admitted(let decision) = admission else {
            return await response(to: call, caller, await explained(admission, credentials))
        }
        do throws(BodyError) {
            let body = try await reader.collect(bytesMax: bodyBytesMax)
            let whole = Call(call.request.with(body: body), call.route, call.parameters, call.exchange)
            return await response(to: whole, caller, admission)
        } catch {
            // The server has answered a body that it refuses itself.
            let status = if case .tooLarge = error { 413 } else { 503 }
            let failure = RouteFailure.rejected(status: status, detail: "\(error)")
            return await response(to: call, caller, .refused(failure, decision))
        }
    }

    package func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
        let exchange = Exchange(request, origins: origins, time: time)
        switch router.match(request.method, request.path) {
        case .found(let route, let captures):
            if request.method == .head, route.handler.entry.effect != .ofMethod {
                // HEAD promises to change nothing (RFC 9110 section 9.3.2), but this GET has an effect.
                let failure = RouteFailure.methodNotAllowed(allowed: HTTPMethodSet(.get).fieldValue)
                let reply = route.handler.family.errors.reply(to: failure, exchange)
                exchange.finish(reply, &response)
                record(request.method, route.template, route.handler.counters, reply, nil, exchange)
                return nil
            }
            return respond(to: request, route, captures, exchange, &response)
        case .methodNotAllowed(let known):
            let methods = known.subtracting(unservedMethods(at: request.path))
            let reply =
                request.method == .options
                ? Preflight.reply(allowing: methods, isAllowed: exchange.allowedOrigin != nil)
                : family(of: request.path).errors.reply(
                    to: .methodNotAllowed(allowed: methods.fieldValue), exchange)
            exchange.finish(reply, &response)
            record(request.method, RequestMetrics.unmatched, metrics.unmatchedCounters, reply, nil, exchange)
        case .notFound:
            let reply = family(of: request.path).errors.reply(to: .noSuchPath, exchange)
            exchange.finish(reply, &response)
            record(request.method, RequestMetrics.unmatched, metrics.unmatchedCounters, reply, nil, exchange)
        }
        return nil
    }

    /// Returns HEAD when the GET of the path does more than read; otherwise no methods.
    private func unservedMethods(at path: ByteView) -> HTTPMethodSet {
        guard case .found(let route, _) = router.match(.get, path), route.handler.entry.effect != .ofMethod else {
            return []
        }
        return HTTPMethodSet(.head)
    }

    private func respond(
        to request: borrowing HTTPRequest, _ route: Route<Handler>, _ captures: PathCaptures, _ exchange: Exchange,
        _ response: inout ResponseWriter
    ) -> DeferredResponse? {
        let handler = route.handler
        let isSigned = handler.entry.isSigned
        let exchange = isSigned ? exchange.withoutOrigin : exchange
        let refusals = HeadRefusals(
            request, effect: handler.entry.effect, body: handler.entry.body, origins: origins)
        let parameters = Self.parameters(of: route, captures, in: request.path)
        if let find = handler.entry.ownCaller {
            let (call, credentials) = (
                Call(request.snapshot(), route, parameters, exchange), RequestCredentials(request)
            )
            return DeferredResponse { [self] in await self.response(to: call, credentials, refusals, find) }
        }
        let caller: Caller?
        switch isSigned ? .stranger : authenticator.recognize(request, at: time.now) {
        case .stranger: caller = nil
        case .known(let known): caller = known
        case .undecided:
            let (call, credentials) = (
                Call(request.snapshot(), route, parameters, exchange), RequestCredentials(request)
            )
            return DeferredResponse(to: call.request) { [self] in
                let caller = await authenticator.caller(credentials, call.request)
                let client = clients.client(of: call.request)
                let admission = admit(handler.entry, refusals, caller, parameters, client)
                return await self.response(to: call, caller, await explained(admission, credentials))
            }
        }
        let client = caller == nil ? clients.client(of: request) : ""
        let admission = admit(handler.entry, refusals, caller, parameters, client)
        if finishAtOnce(request, route, exchange, caller?.principal, admission, &response) { return nil }
        let call = Call(request.snapshot(), route, parameters, exchange)
        return DeferredResponse(to: call.request) { [self] in await self.response(to: call, caller, admission) }
    }

    /// Answers a request to a route that knows callers that only it knows.
    private func response(
        to call: Call, _ credentials: RequestCredentials, _ refusals: HeadRefusals,
        _ find: @Sendable (HTTPRequestSnapshot, [String: String]) async -> OwnCaller
    ) async -> HTTPResponse {
        let caller: Caller?
        switch await find(call.request, call.parameters) {
        case .none: caller = await authenticator.caller(credentials, call.request)
        case .caller(let principal): caller = Caller((principal, .cookie), call.request)
        case .refused(let error, let reason): return await response(to: call, nil, .refused(.step(error, reason), nil))
        }
        let entry = call.route.handler.entry
        let admission = admit(entry, refusals, caller, call.parameters, clients.client(of: call.request))
        return await response(to: call, caller, await explained(admission, credentials))
    }

    /// Returns the decoded parameters of a path.
    ///
    /// A parameter that is not text becomes a NUL, which no id contains, so that the route answers that it is
    /// missing.
    private static func parameters(
        of route: Route<Handler>, _ captures: PathCaptures, in path: ByteView
    ) -> [String: String] {
        var parameters: [String: String] = [:]
        for name in route.parameterNames {
            parameters[name] = (try? route.text(name, captures, in: path)) ?? "\0"
        }
        return parameters
    }

    // MARK: Refuse and count

    /// The same decision, where the credentials were refused with what is wrong with them.
    private func explained(_ admission: Admission, _ credentials: RequestCredentials) async -> Admission {
        switch admission {
        case .refused(.unauthenticated, let decision):
            .refused(.unauthenticated(await authenticator.problem(credentials)), decision)
        case .refused(.signInFirst, let decision):
            .refused(.signInFirst(await authenticator.problem(credentials)), decision)
        default: admission
        }
    }

    /// - Parameter client: the address that counts for a request without a user.
    private func admit(
        _ entry: borrowing RouteEntry, _ refusals: HeadRefusals, _ caller: Caller?,
        _ parameters: [String: String], _ client: String
    ) -> Admission {
        if let failure = refusals.failure(entry, caller) {
            guard caller == nil else { return .refused(failure, nil) }
            let decision = limits.admitStranger(client)
            guard !decision.isAllowed else { return .refused(failure, nil) }
            return .refused(Self.tooMany(entry, decision), decision)
        }
        let decision = limits.admit(
            entry.limit, principal: caller?.principal, parameters: parameters, address: client)
        if let decision, !decision.isAllowed { return .refused(Self.tooMany(entry, decision), decision) }
        return .admitted(decision)
    }

    private static func tooMany(_ entry: borrowing RouteEntry, _ decision: RateLimiter.Decision) -> RouteFailure {
        let error = ServiceError.rateLimited(retryAfterSeconds: decision.retryAfterSeconds)
        return entry.effect == .completes ? .step(error, .tooMany) : .service(error)
    }

    // MARK: Answer

    /// Writes a refusal or an answer from memory on the event loop.
    ///
    /// Returns false when there is neither, and then writes nothing.
    private func finishAtOnce(
        _ request: borrowing HTTPRequest, _ route: Route<Handler>, _ exchange: Exchange, _ principal: Principal?,
        _ admission: Admission, _ response: inout ResponseWriter
    ) -> Bool {
        switch admission {
        case .refused(let failure, let decision):
            let reply = complete(route.handler.family.errors.reply(to: failure, exchange), route, decision)
            exchange.finish(reply, &response)
            record(request.method, route.template, route.handler.counters, reply, principal, exchange)
            return true
        case .admitted(let decision):
            // The handler checks a query.
            guard let immediate = route.handler.entry.immediate, request.body.isEmpty, request.query == nil,
                let principal, let ready = immediate(principal)
            else { return false }
            let duration = exchange.durationMilliseconds
            exchange.writeHeaders(durationMilliseconds: duration, to: &response)
            if route.handler.family.reportsRateLimit { decision?.writeHeaders(at: time, to: &response) }
            ready.writeBody(durationMilliseconds: duration, to: &response.body)
            record(
                request.method, route.template, route.handler.counters, status: 200, ready.facts, principal, exchange)
            return true
        }
    }

    private func response(to call: Call, _ caller: Caller?, _ admission: Admission) async -> HTTPResponse {
        // What does not wait is done by calls that do not: the frame of this one lasts as long as the handler.
        if case .refused(let failure, let decision) = admission {
            let reply = complete(refusal(failure, call), call.route, decision)
            guard call.completes else { return finish(call, reply, caller) }
            return finish(call, await page(for: reply, call, caller) ?? reply, caller)
        }
        let handled = await act(call, caller?.principal)
        let reply = complete(handled, call.route, admission.decision)
        guard call.completes else { return finish(call, reply, caller) }
        return finish(call, await page(for: reply, call, caller) ?? reply, caller)
    }

    private func refusal(_ failure: RouteFailure, _ call: Call) -> Reply {
        call.route.handler.family.errors.reply(to: failure, call.exchange)
    }

    private func finish(_ call: Call, _ reply: Reply, _ caller: Caller?) -> HTTPResponse {
        let route = call.route
        record(call.request.method, route.template, route.handler.counters, reply, caller?.principal, call.exchange)
        return call.exchange.response(reply)
    }

    /// The page in place of the answer to a completed step, where a person's browser brought it.
    private func page(for reply: Reply, _ call: Call, _ caller: Caller?) async -> Reply? {
        guard let pages, MediaType.acceptsPage(call.request),
            let outcome = reply.outcome(
                service: call.parameters["service"] ?? "", principal: caller?.principal,
                reference: call.exchange.correlationID)
        else { return nil }
        var page = await pages.reply(to: outcome)
        page.headers += reply.headers.filter { $0.name == "WWW-Authenticate" || $0.name == "Retry-After" }
        return page
    }

    /// Handles a request; what it changes or reveals is recorded as the caller's act.
    private func act(_ call: Call, _ principal: Principal?) async -> Reply {
        guard let principal else { return await handle(call, principal) }
        return await AuditActor.$current.withValue(principal.actor) { await handle(call, principal) }
    }

    private func handle(_ call: Call, _ principal: Principal?) async -> Reply {
        // The server counts the memory of an answer once it has it.
        let isGated = call.route.handler.entry.isLarge
        if isGated, await !largeAnswers.acquire(for: principal?.userID ?? "") {
            return refusal(.service(.canceled), call)
        }
        defer { if isGated { largeAnswers.release() } }
        let hasPrincipal = principal != nil
        do throws(ServiceError) {
            let context = try context(of: call, principal)
            return shown(try await call.route.handler.entry.handle(context), call)
        } catch {
            return failed(call, error, hasPrincipal: hasPrincipal)
        }
    }

    private func context(of call: Call, _ principal: Principal?) throws(ServiceError) -> RouteContext {
        let query: QueryParameters
        do { query = try call.request.queryParameters() } catch {
            throw .invalid(field: "query", message: "The query is not valid: \(error)")
        }
        return RouteContext(
            request: call.request, parameters: call.parameters, query: query, principal: principal,
            exchange: call.exchange, limits: limits, declaration: call.route.handler.entry.declaration)
    }

    private func shown(_ reply: Reply, _ call: Call) -> Reply { reply.failure.map { failed(call, $0) } ?? reply }

    private func failed(_ call: Call, _ error: ServiceError, hasPrincipal: Bool) -> Reply {
        let isRefused = error == .unauthenticated && !call.route.handler.entry.isSigned
        return failed(call, isRefused ? .unauthenticated(hasPrincipal ? .wrongKind : .missing) : .service(error))
    }

    /// The answer to a failure; what the answer does not show is logged.
    private func failed(_ call: Call, _ failure: RouteFailure) -> Reply {
        let errors = call.route.handler.family.errors
        if let fault = failure.fault {
            log.error(
                "A request failed.", ["correlationId": .text(call.exchange.correlationID), "fault": .text(fault)])
        }
        if let hidden = errors.hiddenReason(of: failure) {
            log.info(
                "A request was refused.",
                [
                    "correlationId": .text(call.exchange.correlationID), "field": .text(hidden.field),
                    "reason": .text(hidden.reason),
                ])
        }
        return errors.reply(to: failure, call.exchange)
    }

    /// Adds the fields of the limit and of the route to an answer.
    private func complete(_ reply: Reply, _ route: Route<Handler>, _ decision: RateLimiter.Decision?) -> Reply {
        var reply = reply
        if route.handler.family.reportsRateLimit, let decision { reply.headers += decision.headers(at: time) }
        reply.headers += route.handler.entry.headers
        return reply
    }

    // MARK: Record

    private func record(
        _ method: HTTPMethod, _ route: String, _ counters: RouteCounters, _ reply: Reply, _ principal: Principal?,
        _ exchange: Exchange
    ) {
        record(
            method, route, counters, status: reply.status, reply.facts, principal, exchange, isLogged: reply.isLogged)
    }

    private func record(
        _ method: HTTPMethod, _ route: String, _ counters: RouteCounters, status: Int, _ facts: ReplyFacts,
        _ principal: Principal?, _ exchange: Exchange, isLogged: Bool = true
    ) {
        counters.record(status: status, nanoseconds: exchange.elapsedNanoseconds)
        facts.count()
        guard isLogged else { return }
        requestLog.record(
            exchange, method: method.name, route: route, status: status, userID: principal?.userID, facts: facts)
    }

    // MARK: Requests that the server refuses

    /// Answers a request that is not valid HTTP or too large, in the format of the document that its path belongs to.
    ///
    /// Without a path, the first document's format is used.
    package func respond(toRejected rejected: RejectedRequest, _ response: inout ResponseWriter) {
        let exchange =
            rejected.request.map { Exchange($0, origins: origins, time: time) }
            ?? Exchange(origin: rejected.origin, origins: origins, time: time)
        let family = family { prefix in rejected.target.starts(with: prefix) }
        let failure: RouteFailure =
            rejected.status == .methodNotAllowed
            ? .methodNotAllowed(allowed: router.methods(at: rejected.path).union(.init(.options)).fieldValue)
            : .rejected(status: Int(rejected.status.code), detail: "\(rejected.reason.detail)")
        let reply = family.errors.reply(to: failure, exchange)
        exchange.finish(reply, &response)
        metrics.unmatchedCounters.record(status: reply.status, nanoseconds: exchange.elapsedNanoseconds)
        // Bytes without a target are not a request.
        guard !rejected.target.isEmpty else { return }
        requestLog.record(
            exchange, method: rejected.request?.method.name ?? "-", route: RequestMetrics.unmatched,
            status: reply.status, userID: nil, facts: reply.facts)
    }

    /// Returns the family with the longest prefix of `path`.
    private func family(of path: ByteView) -> RouteFamily {
        family { prefix in
            path.count >= prefix.count && path[0..<prefix.count].array.elementsEqual(prefix)
        }
    }

    private func family(where begins: (String.UTF8View) -> Bool) -> RouteFamily {
        var best = families[0]
        var length = -1
        for family in families {
            for prefix in family.prefixes where prefix.utf8.count > length {
                guard begins(prefix.utf8) else { continue }
                best = family
                length = prefix.utf8.count
            }
        }
        return best
    }
}
