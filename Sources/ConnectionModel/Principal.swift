// Who is asking. Made by the authenticator, asked by routes; knows no token format.

/// How a principal proved who it is.
package enum PrincipalKind: String, Sendable {
    /// A user's session.
    case session
    /// A key that a user's own programs use.
    case apiKey = "api-key"
    /// A bot of the operator.
    case bot
    /// A service of the operator.
    case service
}

/// Who is asking.
package struct Principal: Sendable, Equatable {
    package let userID: String
    package var roles: [String] = []
    package let kind: PrincipalKind
    /// What stays the same for the whole of a session and is different for every other.
    package let sessionBinding: String

    package init(userID: String, roles: [String] = [], kind: PrincipalKind, sessionBinding: String) {
        self.userID = userID
        self.roles = roles
        self.kind = kind
        self.sessionBinding = sessionBinding
    }

    /// Whether the principal is a user, and not a bot or a service of the operator.
    package var isUser: Bool { kind == .session || kind == .apiKey }

    /// Whether the principal may act for others.
    package var isSuperuser: Bool {
        roles.contains("superuser") || roles.contains("SUPERUSER") || roles.contains("super_user")
    }
}
