// The caller of a request. The authenticator creates it, and routes query it. Does not depend on a token format.

package import Audit

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
    /// An application itself, by its key.
    case application
    /// An application's back end that acts for one of its users.
    case onBehalf = "on-behalf"
    /// A browser that opened a connect session, for the session's user.
    case connect

    /// The kinds that a session token can name; the others come from keys.
    package static let ofTokens: [PrincipalKind] = [.session, .bot, .service]
}

/// The caller of a request.
package struct Principal: Sendable, Equatable {
    package let userID: String
    package var roles: [String] = []
    package let kind: PrincipalKind
    /// A value that stays the same for the whole session and differs between sessions.
    package let sessionBinding: String
    /// The scopes of an application key; nil for every other principal, which no scope restricts.
    package var scopes: Set<ApplicationScope>?

    package init(
        userID: String, roles: [String] = [], kind: PrincipalKind, sessionBinding: String,
        scopes: Set<ApplicationScope>? = nil
    ) {
        self.userID = userID
        self.roles = roles
        self.kind = kind
        self.sessionBinding = sessionBinding
        self.scopes = scopes
    }

    /// The role of those who may act for other users.
    package static let superuserRole = "superuser"

    /// Whether the principal is a user or acts for one; a bot, a service and an application itself are not.
    package var isUser: Bool { kind == .session || kind == .apiKey || kind == .onBehalf || kind == .connect }

    /// The id of the application key; nil for every other principal.
    package var applicationKeyID: String? {
        guard scopes != nil, sessionBinding.hasPrefix(Self.applicationBinding) else { return nil }
        return String(sessionBinding.dropFirst(Self.applicationBinding.count))
    }

    /// What the binding of an application's principals begins with.
    package static let applicationBinding = "app-key:"

    /// The principal as the audit log names it.
    package var actor: AuditActor {
        switch kind {
        case .application: AuditActor(.application, keyID: applicationKeyID)
        case .onBehalf: AuditActor(.application, keyID: applicationKeyID, userID: userID)
        case .session: AuditActor(.session, userID: userID)
        case .apiKey: AuditActor(.apiKey, userID: userID)
        case .connect: AuditActor(.connect, userID: userID)
        case .bot: AuditActor(.bot, userID: userID)
        case .service: AuditActor(.service, userID: userID)
        }
    }

    /// Whether the principal may act for other users.
    package var isSuperuser: Bool {
        roles.contains(Self.superuserRole) || roles.contains("SUPERUSER") || roles.contains("super_user")
            || scopes?.contains(.admin) ?? false
    }

    /// What an authorization that this principal begins is bound to: its session.
    ///
    /// One begun for a user, by an application or in a connect session, is bound to the user, because the browser that completes it may
    /// have another session.
    package var authorizationBinding: String {
        kind == .onBehalf || kind == .connect ? Self.binding(of: userID) : sessionBinding
    }

    /// Whether the principal may complete an authorization that is bound to `binding`.
    package func completes(_ binding: String) -> Bool {
        binding.utf8.elementsEqual(sessionBinding.utf8)
            || isUser && binding.utf8.elementsEqual(Self.binding(of: userID).utf8)
    }

    private static func binding(of userID: String) -> String { "user:\(userID)" }

    /// The application that acts for a user.
    package func acting(for userID: String) -> Principal {
        Principal(userID: userID, roles: roles, kind: .onBehalf, sessionBinding: sessionBinding, scopes: scopes)
    }
}
