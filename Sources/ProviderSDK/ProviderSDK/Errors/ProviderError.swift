// What can go wrong at a provider, in the classes that decide what the host does next. Holds no token and no body.

/// Why a call to a provider did not give what was asked for.
public struct ProviderError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The class of a failure: it alone decides what the host does.
    public enum Kind: Sendable, Equatable {
        /// The access token was rejected and refreshing may help: refreshed once, then the request is repeated once.
        case authExpired
        /// The grant is dead: the connection must be connected again.
        case authRevoked
        /// The token is good but a permission is missing: the data type is skipped and the user sees which one.
        case scopeMissing([String])
        /// Too many requests: wait this long, or the provider's usual pause when nil.
        case rateLimited(after: Duration?)
        /// A failure that may pass: retried with backoff.
        case transient
        /// A failure that will not pass: recorded, not retried.
        case permanent
        /// The application's own settings at the provider are wrong: only the operator can fix it.
        case misconfigured
        /// What changed since the moment that was asked for is not known, or not completely: everything is read instead.
        case changesUnavailable
        /// The provider no longer takes the place at which a walk continues: it begins again.
        case cursorRefused
    }

    /// The class of the failure.
    public var kind: Kind
    /// The provider's own code for it, such as `invalid_grant` or `ThrottleExceeded`.
    public var code: String?
    /// One sentence for people; bounded, never a token or a body.
    public var message: String
    /// The HTTP status of the answer, if there was one.
    public var status: Int?
    /// How long the provider asks to wait before the next request; nil when it does not say.
    ///
    /// A server can say so with any status (RFC 9110 section 10.2.3).
    public var retryAfter: Duration?
    /// Whether the provider cannot have acted on the request, although no answer says so: no byte of it was sent.
    public var isUnsent = false

    /// Characters of ``message`` and ``code`` that are kept.
    public static let messageLengthMax = 300

    /// A failure of class `kind`.
    public init(_ kind: Kind, _ message: String, code: String? = nil, status: Int? = nil) {
        self.kind = kind
        self.message = String(message.prefix(ProviderError.messageLengthMax))
        self.code = code.map { String($0.prefix(ProviderError.messageLengthMax)) }
        self.status = status
    }

    /// The message with the provider's code.
    public var description: String { code.map { "\(message) (\($0))" } ?? message }

    /// Whether the failure says something about the grant: that it is dead, too narrow, or of another application.
    public var isAboutGrant: Bool {
        switch kind {
        case .authExpired, .authRevoked, .scopeMissing, .misconfigured: true
        default: false
        }
    }
}
