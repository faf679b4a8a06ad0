// The caller of a request. The authenticator creates it, and routes query it. Does not depend on a token format.

/// How a principal was authenticated.
package enum PrincipalKind: String, Sendable {
    /// A user's session.
    case session
    /// An API key for a user's own programs.
    case apiKey = "api-key"
    /// A bot of the operator.
    case bot
    /// A service of the operator.
    case service
}

/// The caller of a request.
package struct Principal: Sendable, Equatable {
    package let userID: String
    package var roles: [String] = []
    package let kind: PrincipalKind
    /// A value that stays the same for the whole session and differs between sessions.
    package let sessionBinding: String

    package init(userID: String, roles: [String] = [], kind: PrincipalKind, sessionBinding: String) {
        self.userID = userID
        self.roles = roles
        self.kind = kind
        self.sessionBinding = sessionBinding
    }

    /// The role of those who may act for other users.
    package static let superuserRole = "superuser"

    /// Whether the principal is a user, not a bot or a service of the operator.
    package var isUser: Bool { kind == .session || kind == .apiKey }

    /// Whether the principal may act for other users.
    package var isSuperuser: Bool {
        roles.contains(Self.superuserRole) || roles.contains("SUPERUSER") || roles.contains("super_user")
    }
}
