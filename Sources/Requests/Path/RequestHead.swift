// What the head of a request says, read while it is in the connection's buffer: its credentials as text, and the reasons to refuse
// it. The authenticator verifies credentials. Knows no route and no document.

import ConnectionModel
import HTTPServer
import ProviderSDK
import Sessions
import Users

/// The Authorization field of a request, or else its cookies, copied for an authentication that waits.
struct RequestCredentials: Sendable {
    let authorization: String?
    let cookies: [String]

    /// Reads the credentials of `request`; with two Authorization fields there are none, because it is ambiguous
    /// which one counts.
    init(_ request: borrowing HTTPRequest) {
        if let index = request.headerIndex("authorization", from: 0) {
            let isOnly = request.headerIndex("authorization", from: index + 1) == nil
            authorization = isOnly ? Self.text(request.header(at: index).value) : nil
            cookies = []
            return
        }
        var cookies: [String] = []
        var start = 0
        while let index = request.headerIndex("cookie", from: start) {
            cookies.append(Self.text(request.header(at: index).value))
            start = index + 1
        }
        authorization = nil
        self.cookies = cookies
    }

    /// Returns a field's value as text; bytes that are not UTF-8 become replacement characters, which no credential
    /// contains.
    private static func text(_ value: ByteView) -> String {
        value.string ?? String(decoding: value.array, as: UTF8.self)
    }
}

/// The sender of a request.
struct Caller: Sendable {
    let principal: Principal
    let place: CredentialPlace
    /// Whether the sender is an application that names the user for whom it acts in a way that cannot be used.
    let namesUserBadly: Bool

    /// - Parameter request: only the sender of an application key names a user in it.
    init(_ found: Authentication, _ request: borrowing some HeaderFields & ~Copyable) {
        place = found.place
        guard found.principal.kind == .application, request.headerCount("x-user-id") > 0 else {
            principal = found.principal
            namesUserBadly = false
            return
        }
        let id = request.headerCount("x-user-id") == 1 ? request.headerText("x-user-id") : nil
        if let id, UserID.isValid(id) {
            principal = found.principal.acting(for: id)
            namesUserBadly = false
        } else {
            principal = found.principal
            namesUserBadly = true
        }
    }
}

/// The sender of a request as far as memory shows.
enum Recognition {
    /// The request has no credentials.
    case stranger
    case known(Caller)
    /// The credentials must be looked up or verified first.
    case undecided
}

extension Authenticator {
    /// Recognizes the sender of `request` without waiting.
    func recognize(_ request: borrowing HTTPRequest, at now: Timestamp) -> Recognition {
        let found: Authentication?
        if let index = request.headerIndex("authorization", from: 0) {
            guard request.headerIndex("authorization", from: index + 1) == nil else { return .stranger }
            found = request.header(at: index).value.withSpan { cachedPrincipal(authorization: $0, at: now) }
        } else {
            guard let index = request.headerIndex("cookie", from: 0) else { return .stranger }
            if request.headerIndex("cookie", from: index + 1) == nil {
                found = request.header(at: index).value.withSpan { cachedPrincipal(cookie: $0, at: now) }
            } else {
                found = cachedPrincipal(cookies: RequestCredentials(request).cookies, at: now)
            }
        }
        guard let found else { return .undecided }
        return .known(Caller(found, request))
    }

    /// Returns why a request with these credentials has no principal.
    func problem(_ credentials: RequestCredentials) async -> TokenProblem {
        await problem(authorization: credentials.authorization, cookies: credentials.cookies)
    }

    /// Returns the sender of `request`; nil when it carries no good credential.
    func caller(_ credentials: RequestCredentials, _ request: HTTPRequestSnapshot) async -> Caller? {
        let found = await principal(authorization: credentials.authorization, cookies: credentials.cookies)
        guard let found else { return nil }
        return Caller(found, request)
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

    /// - Parameters:
    ///   - effect: the effect of the route.
    ///   - body: the type of the bodies that the route takes.
    init(
        _ request: borrowing HTTPRequest, effect: RouteEffect, body: RouteBody, origins: borrowing OriginPolicy
    ) {
        let isWrite = effect == .begins || (request.method != .get && request.method != .head)
        isForeignWrite = isWrite && !origins.allowsCookieWrite(request)
        hasUnsupportedBody =
            request.announcesBody && body != .any
            && (request.hasContentCoding || !MediaType.isTaken(body, request))
        isLoadedAhead = effect != .ofMethod && Prefetch.isOne(request)
    }

    /// Returns why `entry` refuses the request of `caller`; nil when it does not.
    func failure(_ entry: borrowing RouteEntry, _ caller: Caller?) -> RouteFailure? {
        if isLoadedAhead { return .loadedAhead }
        if entry.access.needsSession {
            guard let caller else {
                return entry.effect == .completes ? .signInFirst(.missing) : .unauthenticated(.missing)
            }
            if let error = refusal(entry, caller) { return .service(error) }
        }
        if isForeignWrite, let caller, caller.place == .cookie { return .foreignOrigin }
        return hasUnsupportedBody ? .unsupportedMediaType : nil
    }

    private func refusal(_ entry: borrowing RouteEntry, _ caller: Caller) -> ServiceError? {
        if let scopes = caller.principal.scopes {
            if caller.namesUserBadly {
                return .invalid(field: "X-User-Id", message: "X-User-Id must be given once and must be a user id")
            }
            guard let scope = entry.scope else { return .forbidden("An application key does not open this route") }
            guard scopes.contains(scope) || scopes.contains(.admin) else {
                return .forbidden("The application key lacks the scope “\(scope.rawValue)”")
            }
        }
        guard case .users(let refusal) = entry.access, !caller.principal.isUser else { return nil }
        return .forbidden(
            caller.principal.kind == .application
                ? "\(refusal); an application names the user for whom it acts in X-User-Id" : refusal)
    }
}
