// The bridge from the HTTP server to the route families: finds the route, the principal and the limits, runs the handler, and
// gives every response the headers that all documents share.

import Cryptography
import HTTPServer
import ProviderSDK

/// The host as the HTTP server sees it.
struct HostApplication: HTTPApplication {
    /// A route with the family it belongs to.
    struct Handler: Sendable {
        let family: Int
        let entry: RouteEntry
    }

    private let families: [RouteFamily]
    private let router: Router<Handler>
    private let authenticator: Authenticator
    private let limits: RequestLimits
    private let origins: OriginPolicy
    private let log: Log

    init(
        families: [RouteFamily], authenticator: Authenticator, limits: RequestLimits, origins: OriginPolicy, log: Log
    ) {
        var router = Router<Handler>()
        for (index, family) in families.enumerated() {
            for entry in family.routes {
                router.add(entry.method, entry.template, Handler(family: index, entry: entry))
            }
        }
        self.families = families
        self.router = router
        self.authenticator = authenticator
        self.limits = limits
        self.origins = origins
        self.log = log
    }

    func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
        let exchange = Exchange(request)
        switch router.match(request.method, request.path) {
        case .found(let route, let captures):
            let snapshot = request.snapshot()
            var parameters: [String: String] = [:]
            for name in route.parameterNames {
                guard let value = try? route.text(name, captures, in: request.path) else {
                    exchange.finish(families[route.handler.family].render(.service(.notFound)), &response)
                    return nil
                }
                parameters[name] = value
            }
            return DeferredResponse { [self, parameters] in
                let reply = await reply(to: snapshot, route.handler, parameters, exchange)
                log.info(
                    "request",
                    [
                        "correlationId": .text(exchange.correlationID), "method": .text("\(snapshot.method)"),
                        "route": .text(route.template), "status": .integer(reply.status),
                        "durationMs": .integer(exchange.durationMilliseconds),
                    ])
                return exchange.response(reply)
            }
        case .methodNotAllowed(let methods):
            exchange.finish(family(of: request.path).render(.methodNotAllowed(allowed: methods.fieldValue)), &response)
        case .notFound: exchange.finish(family(of: request.path).render(.noSuchPath), &response)
        }
        return nil
    }

    /// A request that is no proper HTTP: the shape of the first document, because there may be no path to go by.
    func respond(toRejected rejected: RejectedRequest, _ response: inout ResponseWriter) {
        let reply = Reply.json(Int(rejected.status.code)) { writer in
            writer.member("success", false)
            writer.member("error", "\(rejected.reason.detail)")
        }
        Exchange().finish(reply, &response)
    }

    private func family(of path: ByteView) -> RouteFamily {
        families.first { family in
            path.count >= family.prefix.utf8.count
                && path[0..<family.prefix.utf8.count].array.elementsEqual(family.prefix.utf8)
        } ?? families[0]
    }

    private func reply(
        to request: HTTPRequestSnapshot, _ handler: Handler, _ parameters: [String: String], _ exchange: Exchange
    ) async -> Reply {
        let family = families[handler.family]
        let entry = handler.entry
        let found = authenticator.principal(
            authorization: request.headerText("authorization"),
            cookies: request.headers("cookie").map { String(decoding: $0, as: UTF8.self) })
        if case .signedIn = entry.access, found == nil { return family.render(.service(.unauthenticated)) }
        let isWrite = request.method != .get && request.method != .head
        if isWrite, let found, found.place == .cookie, !origins.allowsCookieWrite(request) {
            return family.render(.foreignOrigin)
        }
        if !request.body.isEmpty, !MediaType.isJSON(request.headerText("content-type")) {
            return family.render(.unsupportedMediaType)
        }
        let decision = limits.admit(entry.limit, principal: found?.principal, parameters: parameters)
        if let decision, !decision.isAllowed {
            return family.render(.service(.rateLimited(retryAfterSeconds: decision.retryAfterSeconds)))
        }
        do throws(ServiceError) {
            let query: QueryParameters
            do { query = try request.queryParameters() } catch {
                throw .invalid(field: "query", message: "The query is not valid: \(error)")
            }
            return try await entry.handle(
                RouteContext(
                    request: request, parameters: parameters, query: query, principal: found?.principal,
                    correlationID: exchange.correlationID))
        } catch {
            if case .internalFault(let fault) = error {
                log.error("A request failed.", ["correlationId": .text(exchange.correlationID), "fault": .text(fault)])
            }
            return family.render(.service(error))
        }
    }
}

/// What belongs to one request from its first byte to its last: its correlation id and its start.
struct Exchange: Sendable {
    let correlationID: String
    private let start = MonotonicClock.nanoseconds

    /// An exchange whose request could not be read.
    init() { correlationID = Self.fresh() }

    init(_ request: borrowing HTTPRequest) {
        let given = request.header("x-correlation-id")?.string
        correlationID = given.flatMap { Self.isValid($0) ? $0 : nil } ?? Self.fresh()
    }

    /// `[A-Za-z0-9._-]{1,128}`: safe in headers, logs and file names.
    static func isValid(_ id: String) -> Bool {
        1...128 ~= id.utf8.count
            && id.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// A random version 4 UUID (RFC 9562).
    private static func fresh() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = (generator.next() as UInt64) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = (generator.next() as UInt64) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        func hex(_ value: UInt64) -> [UInt8] {
            (0..<16).map { Array("0123456789abcdef".utf8)[Int(value >> UInt64(60 - $0 * 4) & 15)] }
        }
        let digits = hex(high) + hex(low)
        let dash = [UInt8(ascii: "-")]
        let groups: [ArraySlice<UInt8>] = [
            digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20...],
        ]
        return String(decoding: Array(groups.joined(separator: dash)), as: UTF8.self)
    }

    var durationMilliseconds: Int { Int((MonotonicClock.nanoseconds - start) / 1_000_000) }

    func response(_ reply: Reply) -> HTTPResponse {
        HTTPResponse(
            status: HTTPStatus(UInt16(clamping: reply.status)), headers: headers(of: reply), body: reply.body)
    }

    func finish(_ reply: Reply, _ response: inout ResponseWriter) { response.write(self.response(reply)) }

    private func headers(of reply: Reply) -> [(name: String, value: String)] {
        var headers = [
            ("X-Correlation-Id", correlationID), ("X-Duration-Ms", String(durationMilliseconds)),
            ("Cache-Control", "private, no-cache, no-store, must-revalidate"), ("X-Content-Type-Options", "nosniff"),
        ]
        if !reply.body.isEmpty, !reply.headers.contains(where: { $0.name == "Content-Type" }) {
            headers.append(("Content-Type", "application/json"))
        }
        return headers.map { (name: $0.0, value: $0.1) } + reply.headers
    }
}

/// Media types of request bodies.
enum MediaType {
    /// Whether a Content-Type is `application/json`, with or without parameters (RFC 9110 section 8.3.1).
    static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        let type = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != 0x20 && $0 != 0x09 }
        return type.map { 0x41...0x5A ~= $0 ? $0 + 0x20 : $0 } == Array("application/json".utf8)
    }
}

/// Which origins may write with cookies.
struct OriginPolicy: Sendable {
    let address: PublicAddress
    let allowedOrigins: [String]

    /// Whether a write whose session is in a cookie may come from where it says it comes from.
    ///
    /// A request with neither Origin nor Sec-Fetch-Site does not come from a browser.
    func allowsCookieWrite(_ request: HTTPRequestSnapshot) -> Bool {
        if request.headerText("sec-fetch-site") == "cross-site" { return false }
        guard let origin = request.headerText("origin") else { return true }
        guard let origin = WebOrigin(of: origin) else { return false }
        return (allowedOrigins + [address.url]).contains { WebOrigin(of: $0) == origin }
    }
}

/// The rate limits of routes.
struct RequestLimits: Sendable {
    private let connectionCreation: RateLimiter
    private let sync: RateLimiter
    private let oauth: RateLimiter
    private let status: RateLimiter

    init(_ configuration: RateLimitsConfiguration) {
        connectionCreation = RateLimiter(limit: configuration.connectionCreation)
        sync = RateLimiter(limit: configuration.sync)
        oauth = RateLimiter(limit: configuration.oauth)
        status = RateLimiter(limit: configuration.status)
    }

    /// Counts a request; nil when no limit counts it.
    func admit(
        _ limit: RouteLimit, principal: Principal?, parameters: [String: String]
    ) -> RateLimiter.Decision? {
        let user = principal?.userID ?? ""
        switch limit {
        case .none: return nil
        case .connectionCreation: return connectionCreation.admit(user)
        case .sync: return sync.admit("\(user.utf8.count):\(user)/\(parameters["id"] ?? "")")
        case .oauth: return oauth.admit(user)
        case .status: return status.admit(user)
        }
    }
}
