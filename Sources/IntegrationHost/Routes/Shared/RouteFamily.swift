// A route family is one API document: a table of routes, and one place that turns errors into the document's shape.

import HTTPServer

/// Who may call a route at all.
///
/// What they may see is decided by the services.
enum RouteAccess: Sendable {
    /// Anybody.
    case open
    /// Anybody who is signed in.
    case signedIn
}

/// Which of the host's rate limits counts a route, and per what.
enum RouteLimit: Sendable {
    case none
    /// Creations of connections, per user.
    case connectionCreation
    /// Syncs, per connection: the path parameter `id`.
    case sync
    /// OAuth flows, per user.
    case oauth
    /// Status reads, per user.
    case status
}

/// One route of a family.
struct RouteEntry: Sendable {
    let method: HTTPMethod
    let template: String
    let access: RouteAccess
    let limit: RouteLimit
    let handle: @Sendable (RouteContext) async throws(ServiceError) -> Reply

    init(
        _ method: HTTPMethod, _ template: String, access: RouteAccess = .signedIn, limit: RouteLimit = .none,
        _ handle: @escaping @Sendable (RouteContext) async throws(ServiceError) -> Reply
    ) {
        self.method = method
        self.template = template
        self.access = access
        self.limit = limit
        self.handle = handle
    }
}

/// One API document.
struct RouteFamily: Sendable {
    let name: String
    /// The beginning of all its paths; unknown paths below it are answered in its shape.
    let prefix: String
    let routes: [RouteEntry]
    /// An error in the document's shape.
    let render: @Sendable (RouteFailure) -> Reply
}

/// Why a request got no ordinary answer: what a service said, or what went wrong before one was asked.
enum RouteFailure: Sendable, Equatable {
    case service(ServiceError)
    case noSuchPath
    case methodNotAllowed(allowed: String)
    case unsupportedMediaType
    case foreignOrigin
}
