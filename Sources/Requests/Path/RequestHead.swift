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
    /// The user for whom the sender of an application key acts.
    let user: ActingUser

    /// No credentials.
    static let none = RequestCredentials(authorization: nil, cookies: [])

    var isEmpty: Bool { authorization == nil && cookies.isEmpty }

    private init(authorization: String?, cookies: [String], user: ActingUser = .none) {
        self.authorization = authorization
        self.cookies = cookies
        self.user = user
    }

    /// Reads the credentials of `request`; with two Authorization fields there are none, because it is ambiguous
    /// which one counts.
    init(_ request: borrowing HTTPRequest) {
        if let index = request.headerIndex("authorization", from: 0) {
            let isOnly = request.headerIndex("authorization", from: index + 1) == nil
            let authorization = isOnly ? Self.text(request.header(at: index).value) : nil
            self.init(authorization: authorization, cookies: [], user: ActingUser(request))
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

/// The user of the field `X-User-Id`, for whom the sender of an application key acts.
enum ActingUser: Sendable, Equatable {
    case none
    case user(String)
    /// More than one field, or a value that cannot be a user id.
    case unusable

    /// Reads the field of `request`.
    init(_ request: borrowing HTTPRequest) {
        guard let index = request.headerIndex("x-user-id", from: 0) else {
            self = .none
            return
        }
        guard request.headerIndex("x-user-id", from: index + 1) == nil,
            let id = request.header(at: index).value.string, UserID.isValid(id)
        else {
            self = .unusable
            return
        }
        self = .user(id)
    }

    /// The principal of a request: only the sender of an application key acts for another.
    func applied(to found: Authentication) -> Authentication {
        guard found.principal.kind == .application, case .user(let id) = self else { return found }
        return (found.principal.acting(for: id), found.place)
    }
}

extension Authenticator {
    func cachedPrincipal(_ credentials: RequestCredentials) -> Authentication? {
        cachedPrincipal(authorization: credentials.authorization, cookies: credentials.cookies)
            .map(credentials.user.applied)
    }

    func principal(_ credentials: RequestCredentials) async -> Authentication? {
        await principal(authorization: credentials.authorization, cookies: credentials.cookies)
            .map(credentials.user.applied)
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
    /// The user for whom the sender of an application key acts.
    private let user: ActingUser

    /// - Parameters:
    ///   - effect: the effect of the route.
    ///   - isSigned: whether the route accepts signed bodies of any type.
    init(
        _ request: borrowing HTTPRequest, effect: RouteEffect, isSigned: Bool, user: ActingUser,
        origins: borrowing OriginPolicy
    ) {
        self.user = user
        let isWrite = effect == .begins || (request.method != .get && request.method != .head)
        isForeignWrite = isWrite && !origins.allowsCookieWrite(request)
        hasUnsupportedBody =
            request.announcesBody && !isSigned && (request.hasContentCoding || !MediaType.isJSON(request))
        isLoadedAhead = effect != .ofMethod && Prefetch.isOne(request)
        withoutSession =
            effect == .completes
            ? .signInFirst(asPage: MediaType.acceptsPage(request)) : .service(.unauthenticated)
    }

    /// Returns why `entry` refuses the request of `found`; nil when it does not.
    func failure(_ entry: RouteEntry, _ found: Authentication?) -> RouteFailure? {
        if isLoadedAhead { return .loadedAhead }
        if entry.access.needsSession {
            guard let principal = found?.principal else { return withoutSession }
            if let error = refusal(entry, principal) { return .service(error) }
        }
        if isForeignWrite, let found, found.place == .cookie { return .foreignOrigin }
        return hasUnsupportedBody ? .unsupportedMediaType : nil
    }

    private func refusal(_ entry: RouteEntry, _ principal: Principal) -> ServiceError? {
        if let scopes = principal.scopes {
            if user == .unusable {
                return .invalid(field: "X-User-Id", message: "X-User-Id must be given once and must be a user id")
            }
            guard let scope = entry.scope else { return .forbidden("An application key does not open this route") }
            guard scopes.contains(scope) || scopes.contains(.admin) else {
                return .forbidden("The application key lacks the scope “\(scope.rawValue)”")
            }
        }
        guard case .users(let refusal) = entry.access, !principal.isUser else { return nil }
        return .forbidden(
            principal.kind == .application
                ? "\(refusal); an application names the user for whom it acts in X-User-Id" : refusal)
    }
}
