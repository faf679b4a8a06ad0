// Reasons to refuse a request by its head, collected while the head is in the connection's buffer. Knows no route and
// no document.

import ConnectionModel
import HTTPServer
import Sessions

/// The reasons to refuse a request that its head shows.
struct HeadRefusals: Sendable {
    /// Whether the request is a write from a page of another origin, so that a session cookie does not count.
    private let isForeignWrite: Bool
    /// Whether the route does not accept the type of the body.
    private let hasUnsupportedBody: Bool

    /// - Parameters:
    ///   - effect: the effect of the route.
    ///   - isSigned: whether the route accepts signed bodies of any type.
    init(
        _ request: borrowing HTTPRequest, effect: RouteEffect, isSigned: Bool, origins: borrowing OriginPolicy
    ) {
        let isWrite = effect == .begins || (request.method != .get && request.method != .head)
        isForeignWrite = isWrite && !origins.allowsCookieWrite(request)
        hasUnsupportedBody =
            request.announcesBody && !isSigned && (request.hasContentCoding || !MediaType.isJSON(request))
    }

    /// Returns why a route with `access` refuses the request of `found`; nil when it does not.
    func failure(access: RouteAccess, _ found: Authentication?) -> RouteFailure? {
        if case .signedIn = access, found == nil { return .service(.unauthenticated) }
        if isForeignWrite, let found, found.place == .cookie { return .foreignOrigin }
        return hasUnsupportedBody ? .unsupportedMediaType : nil
    }
}
