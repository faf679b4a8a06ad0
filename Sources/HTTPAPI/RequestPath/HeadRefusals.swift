// What a request's head says against it, found while the head lies in the connection's buffer. Knows no route and no document.

import ConnectionModel
import HTTPServer
import Sessions

/// The reasons to refuse a request that are found in its head.
struct HeadRefusals: Sendable {
    /// Whether a session in a cookie may not be used for it: it writes, and a page of another origin sends it.
    private let isForeignWrite: Bool
    /// Whether its body is of a type that the route does not take.
    private let hasUnsupportedBody: Bool

    /// - Parameters:
    ///   - effect: what the route does besides answering.
    ///   - isSigned: whether the route takes signed bodies of any type.
    init(
        _ request: borrowing HTTPRequest, effect: RouteEffect, isSigned: Bool, origins: borrowing OriginPolicy
    ) {
        let isWrite = effect == .begins || (request.method != .get && request.method != .head)
        isForeignWrite = isWrite && !origins.allowsCookieWrite(request)
        hasUnsupportedBody = !request.body.isEmpty && !isSigned && !MediaType.isJSON(request)
    }

    /// Why a route with `access` refuses the request of `found`; nil when it does not.
    func failure(access: RouteAccess, _ found: Authentication?) -> RouteFailure? {
        if case .signedIn = access, found == nil { return .service(.unauthenticated) }
        if isForeignWrite, let found, found.place == .cookie { return .foreignOrigin }
        return hasUnsupportedBody ? .unsupportedMediaType : nil
    }
}
