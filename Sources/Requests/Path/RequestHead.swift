// What the head of a request says, read while it is in the connection's buffer: its credentials as text, and the reasons to refuse
// it. The authenticator verifies credentials. Knows no route and no document.

import ConnectionModel
import HTTPServer
import Sessions
import Users

/// The Authorization field of a request, or else its cookies.
struct RequestCredentials: Sendable {
    let authorization: String?
    let cookies: [String]

    /// No credentials.
    static let none = RequestCredentials(authorization: nil, cookies: [])

    var isEmpty: Bool { authorization == nil && cookies.isEmpty }

    private init(authorization: String?, cookies: [String]) {
        self.authorization = authorization
        self.cookies = cookies
    }

    /// Reads the credentials of `request`; with two Authorization fields there are none, because it is ambiguous
    /// which one counts.
    init(_ request: borrowing HTTPRequest) {
        if let index = request.headerIndex("authorization", from: 0) {
            let isOnly = request.headerIndex("authorization", from: index + 1) == nil
            self.init(authorization: isOnly ? Self.text(request.header(at: index).value) : nil, cookies: [])
            return
        }
        var cookies: [String] = []
        var start = 0
        while let index = request.headerIndex("cookie", from: start) {
            cookies.append(Self.text(request.header(at: index).value))
            start = index + 1
        }
        self.init(authorization: nil, cookies: cookies)
    }

    /// Returns a field's value as text; bytes that are not UTF-8 become replacement characters, which no credential
    /// contains.
    private static func text(_ value: ByteView) -> String {
        value.string ?? String(decoding: value.array, as: UTF8.self)
    }
}

extension Authenticator {
    func cachedPrincipal(_ credentials: RequestCredentials) -> Authentication? {
        cachedPrincipal(authorization: credentials.authorization, cookies: credentials.cookies)
    }

    func principal(_ credentials: RequestCredentials) async -> Authentication? {
        await principal(authorization: credentials.authorization, cookies: credentials.cookies)
    }
}

/// The reasons to refuse a request that its head shows.
struct HeadRefusals: Sendable {
    /// Whether the request is a write from a page of another origin, so that a session cookie does not count.
    private let isForeignWrite: Bool
    /// Whether the route does not accept the type of the body.
    private let hasUnsupportedBody: Bool
    /// Whether a browser loads a GET with an effect before a person asks for it.
    private let isLoadedAhead: Bool
    /// The refusal of a request without a session.
    private let withoutSession: RouteFailure

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
        isLoadedAhead = effect != .ofMethod && Prefetch.isOne(request)
        withoutSession =
            effect == .completes
            ? .signInFirst(asPage: MediaType.acceptsPage(request)) : .service(.unauthenticated)
    }

    /// Returns why a route with `access` refuses the request of `found`; nil when it does not.
    func failure(access: RouteAccess, _ found: Authentication?) -> RouteFailure? {
        if isLoadedAhead { return .loadedAhead }
        if access.needsSession, found == nil { return withoutSession }
        if case .users(let refusal) = access, let found, !found.principal.isUser {
            return .service(.forbidden(refusal))
        }
        if isForeignWrite, let found, found.place == .cookie { return .foreignOrigin }
        return hasUnsupportedBody ? .unsupportedMediaType : nil
    }
}
