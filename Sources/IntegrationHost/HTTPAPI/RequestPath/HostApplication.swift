// The bridge from the HTTP server to the route families: finds the route, the principal and the limits, runs the handler, and
// sees to it that every request is counted and logged once.

import HTTPServer
import ProviderSDK

/// The host as the HTTP server sees it.
struct HostApplication: HTTPApplication {
    /// A route with the family it belongs to.
    struct Handler: Sendable {
        let family: Int
        let entry: RouteEntry
        let counters: RouteCounters
    }

    private let families: [RouteFamily]
    private let router: Router<Handler>
    private let authenticator: Authenticator
    private let limits: RequestLimits
    private let origins: OriginPolicy
    private let metrics: RequestMetrics
    private let requestLog: RequestLog
    private let log: Log

    init(
        families: [RouteFamily], authenticator: Authenticator, limits: RequestLimits, origins: OriginPolicy,
        metrics: RequestMetrics, requestLog: RequestLog, log: Log
    ) {
        var router = Router<Handler>()
        for (index, family) in families.enumerated() {
            for entry in family.routes {
                let counters = metrics.counters(method: entry.method.description, template: entry.template)
                router.add(entry.method, entry.template, Handler(family: index, entry: entry, counters: counters))
            }
        }
        self.families = families
        self.router = router
        self.authenticator = authenticator
        self.limits = limits
        self.origins = origins
        self.metrics = metrics
        self.requestLog = requestLog
        self.log = log
    }

    func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
        let exchange = Exchange(request, origins: origins)
        switch router.match(request.method, request.path) {
        case .found(let route, let captures):
            if request.method == .head, route.handler.entry.effect != .ofMethod {
                // HEAD promises to change nothing (RFC 9110 section 9.3.2), and this GET does.
                let reply = families[route.handler.family].render(
                    .methodNotAllowed(allowed: HTTPMethodSet(.get).fieldValue), exchange)
                exchange.finish(reply, &response)
                finished(request.method, route.template, route.handler.counters, reply, nil, exchange)
                return nil
            }
            if let immediate = route.handler.entry.immediate,
                respondAtOnce(to: request, route, immediate, exchange, &response)
            {
                return nil
            }
            var parameters: [String: String] = [:]
            for name in route.parameterNames {
                // What is no text names nothing, which is for the route to say, to those whom it tells anything: no id has a NUL.
                parameters[name] = (try? route.text(name, captures, in: request.path)) ?? "\0"
            }
            let snapshot = request.snapshot()
            let exchange = route.handler.entry.isSigned ? exchange.withoutOrigin : exchange
            return DeferredResponse { [self, parameters] in
                let (reply, principal) = await reply(to: snapshot, route.handler, parameters, exchange)
                finished(snapshot.method, route.template, route.handler.counters, reply, principal, exchange)
                return exchange.response(reply)
            }
        case .methodNotAllowed(let known):
            let methods = known.subtracting(unservedMethods(at: request.path))
            let reply =
                request.method == .options
                ? Preflight.reply(allowing: methods, isAllowed: exchange.allowedOrigin != nil)
                : family(of: request.path).render(.methodNotAllowed(allowed: methods.fieldValue), exchange)
            exchange.finish(reply, &response)
            finished(request.method, RequestMetrics.unmatched, metrics.unmatchedCounters, reply, nil, exchange)
        case .notFound:
            let reply = family(of: request.path).render(.noSuchPath, exchange)
            exchange.finish(reply, &response)
            finished(request.method, RequestMetrics.unmatched, metrics.unmatchedCounters, reply, nil, exchange)
        }
        return nil
    }

    /// HEAD where GET does more than to read.
    private func unservedMethods(at path: ByteView) -> HTTPMethodSet {
        guard case .found(let route, _) = router.match(.get, path), route.handler.entry.effect != .ofMethod else {
            return []
        }
        return HTTPMethodSet(.head)
    }

    /// Answers on the event loop when the answer is in memory; false when it is not, and nothing was done.
    private func respondAtOnce(
        to request: borrowing HTTPRequest, _ route: Route<Handler>,
        _ immediate: @Sendable (Principal) -> (any ImmediateReply)?, _ exchange: Exchange,
        _ response: inout ResponseWriter
    ) -> Bool {
        // A query is read, and found good, where there is time for it.
        guard request.body.isEmpty, request.query == nil, let principal = principal(of: request),
            let ready = immediate(principal)
        else {
            return false
        }
        let family = families[route.handler.family]
        let decision = limits.admit(route.handler.entry.limit, principal: principal)
        if let decision, !decision.isAllowed {
            var reply = family.render(
                .service(.rateLimited(retryAfterSeconds: decision.retryAfterSeconds)), exchange)
            if family.tellsRateLimit { reply.headers += decision.headers }
            exchange.finish(reply, &response)
            finished(request.method, route.template, route.handler.counters, reply, principal, exchange)
            return true
        }
        let duration = exchange.durationMilliseconds
        exchange.writeHeaders(durationMilliseconds: duration, to: &response)
        if family.tellsRateLimit { decision?.writeHeaders(to: &response) }
        ready.writeBody(durationMilliseconds: duration, to: &response.body)
        route.handler.counters.record(status: 200, nanoseconds: exchange.elapsedNanoseconds)
        requestLog.record(
            exchange, method: request.method.name, route: route.template, status: 200, userID: principal.userID,
            facts: ready.facts)
        return true
    }

    private func principal(of request: borrowing HTTPRequest) -> Principal? {
        guard let index = request.headerIndex("authorization", from: 0) else { return cookiePrincipal(of: request) }
        // Which of two would count is nothing to guess about.
        guard request.headerIndex("authorization", from: index + 1) == nil else { return nil }
        guard let text = request.header(at: index).value.string else { return nil }
        return authenticator.cachedPrincipal(authorization: text, cookies: [])?.principal
    }

    private func cookiePrincipal(of request: borrowing HTTPRequest) -> Principal? {
        var cookies: [String] = []
        var start = 0
        while let index = request.headerIndex("cookie", from: start) {
            if let text = request.header(at: index).value.string { cookies.append(text) }
            start = index + 1
        }
        guard !cookies.isEmpty else { return nil }
        return authenticator.cachedPrincipal(authorization: nil, cookies: cookies)?.principal
    }

    private func finished(
        _ method: HTTPMethod, _ route: String, _ counters: RouteCounters, _ reply: Reply, _ principal: Principal?,
        _ exchange: Exchange
    ) {
        counters.record(status: reply.status, nanoseconds: exchange.elapsedNanoseconds)
        guard reply.isLogged else { return }
        requestLog.record(
            exchange, method: method.name, route: route, status: reply.status, userID: principal?.userID,
            facts: reply.facts)
    }

    /// A request that is no proper HTTP, or too large: in the shape of the document that its path belongs to, as far as there is one,
    /// and in that of the first where there is none.
    func respond(toRejected rejected: RejectedRequest, _ response: inout ResponseWriter) {
        let exchange = rejected.request.map { Exchange($0, origins: origins) } ?? Exchange()
        let family = family { prefix in rejected.target.starts(with: prefix) }
        let reply = family.render(
            .rejected(status: Int(rejected.status.code), detail: "\(rejected.reason.detail)"), exchange)
        exchange.finish(reply, &response)
        metrics.unmatchedCounters.record(status: reply.status, nanoseconds: exchange.elapsedNanoseconds)
        // Bytes without so much as a target are no request.
        guard !rejected.target.isEmpty else { return }
        requestLog.record(
            exchange, method: rejected.request?.method.name ?? "-", route: RequestMetrics.unmatched,
            status: reply.status,
            userID: nil, facts: reply.facts)
    }

    /// The family whose paths begin most like `path`.
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

    private func reply(
        to request: HTTPRequestSnapshot, _ handler: Handler, _ parameters: [String: String], _ exchange: Exchange
    ) async -> (Reply, Principal?) {
        let family = families[handler.family]
        let entry = handler.entry
        let found = entry.isSigned ? nil : await authentication(of: request)
        func failure(_ failure: RouteFailure) -> (Reply, Principal?) {
            var reply = family.render(failure, exchange)
            reply.headers += entry.headers
            return (reply, found?.principal)
        }
        if case .signedIn = entry.access, found == nil { return failure(.service(.unauthenticated)) }
        let isWrite = entry.effect == .begins || (request.method != .get && request.method != .head)
        if isWrite, let found, found.place == .cookie, !origins.allowsCookieWrite(request) {
            return failure(.foreignOrigin)
        }
        if !entry.isSigned, !request.body.isEmpty, !MediaType.isJSON(request.headers("content-type")) {
            return failure(.unsupportedMediaType)
        }
        let decision = limits.admit(entry.limit, principal: found?.principal, parameters: parameters)
        var reply: Reply
        if let decision, !decision.isAllowed {
            reply = family.render(.service(.rateLimited(retryAfterSeconds: decision.retryAfterSeconds)), exchange)
        } else {
            do throws(ServiceError) {
                let query: QueryParameters
                do { query = try request.queryParameters() } catch {
                    throw .invalid(field: "query", message: "The query is not valid: \(error)")
                }
                reply = try await entry.handle(
                    RouteContext(
                        request: request, parameters: parameters, query: query, principal: found?.principal,
                        exchange: exchange))
            } catch {
                if case .internalFault(let fault) = error {
                    log.error(
                        "A request failed.",
                        ["correlationId": .text(exchange.correlationID), "fault": .text(fault)])
                }
                reply = family.render(.service(error), exchange)
            }
        }
        if family.tellsRateLimit, let decision { reply.headers += decision.headers }
        reply.headers += entry.headers
        return (reply, found?.principal)
    }

    /// Who sends a request; nil when it has no good credential, or more than one Authorization field.
    private func authentication(of request: HTTPRequestSnapshot) async -> Authentication? {
        let fields = request.headers("authorization")
        guard fields.count <= 1 else { return nil }
        return await authenticator.principal(
            authorization: fields.first.map { String(decoding: $0, as: UTF8.self) },
            cookies: request.headers("cookie").map { String(decoding: $0, as: UTF8.self) })
    }
}
