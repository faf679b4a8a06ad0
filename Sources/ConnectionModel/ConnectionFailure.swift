// Failures of a connection: the operation that failed and the class of the error, with their stored form.
// The consequences of a failure are decided elsewhere. Unknown words that a newer version stored are kept unchanged.

package import ProviderSDK
package import StoredValues

/// The operations of the host on a connection, as failures and explanations name them.
package enum ConnectionOperation: Sendable, Hashable {
    /// Connecting as a whole; only explanations use it.
    case connect
    /// Sending the user to the provider.
    case authorize
    /// Exchanging an authorization code for tokens.
    case exchange
    /// Identifying the account of a grant.
    case identify
    case refresh
    case sync
    /// Ending the grant at the provider.
    case revoke
    /// A word from another version that this version does not know.
    case other(String)
}

extension ConnectionOperation: RawRepresentable {
    private static let known: [ConnectionOperation] = [
        .connect, .authorize, .exchange, .identify, .refresh, .sync, .revoke,
    ]

    /// The operation with this stored word.
    package init(rawValue: String) {
        self = Self.known.first { $0.rawValue.utf8.elementsEqual(rawValue.utf8) } ?? .other(rawValue)
    }

    package var rawValue: String {
        switch self {
        case .connect: "connect"
        case .authorize: "authorize"
        case .exchange: "exchange"
        case .identify: "identity"
        case .refresh: "refresh"
        case .sync: "sync"
        case .revoke: "revoke"
        case .other(let word): word
        }
    }
}

/// The class of a failure: the kinds of ``ProviderError``, and refreshes without a known outcome.
package enum FailureKind: Sendable, Hashable {
    case authExpired, authRevoked, scopeMissing, rateLimited, transient, permanent, misconfigured, changesUnavailable
    /// No response came, so the outcome at the provider is not known.
    case unknown
    /// A word from another version that this version does not know.
    case other(String)

    /// Returns the class of a provider's error.
    package init(_ kind: ProviderError.Kind) {
        self =
            switch kind {
            case .authExpired: .authExpired
            case .authRevoked: .authRevoked
            case .scopeMissing: .scopeMissing
            case .rateLimited: .rateLimited
            case .transient: .transient
            case .permanent, .cursorRefused: .permanent
            case .misconfigured: .misconfigured
            case .changesUnavailable: .changesUnavailable
            @unknown default: .unknown
            }
    }
}

extension FailureKind: RawRepresentable {
    private static let known: [FailureKind] = [
        .authExpired, .authRevoked, .scopeMissing, .rateLimited, .transient, .permanent, .misconfigured,
        .changesUnavailable, .unknown,
    ]

    /// The class with this stored word.
    package init(rawValue: String) {
        self = Self.known.first { $0.rawValue.utf8.elementsEqual(rawValue.utf8) } ?? .other(rawValue)
    }

    package var rawValue: String {
        switch self {
        case .authExpired: "authExpired"
        case .authRevoked: "authRevoked"
        case .scopeMissing: "scopeMissing"
        case .rateLimited: "rateLimited"
        case .transient: "transient"
        case .permanent: "permanent"
        case .misconfigured: "misconfigured"
        case .changesUnavailable: "changesUnavailable"
        case .unknown: "unknown"
        case .other(let word): word
        }
    }
}

extension ProviderError.Kind {
    /// The word for the class in documents, logs and metrics.
    package var name: String { FailureKind(self).rawValue }
}

/// A failure of a connection.
package struct ConnectionFailure: Sendable, Equatable {
    /// The operation that failed.
    package let operation: ConnectionOperation
    /// The class of the failure.
    package let kind: FailureKind
    /// The provider's error code, if there is one.
    package let code: String?
    /// One sentence for people.
    package let message: String
    @Moment package private(set) var at: Timestamp
    /// The earliest moment at which the provider accepts another request.
    @OptionalMoment package var retryAt: Timestamp?
    /// The permissions that the provider reports as missing.
    package var scopes: [String] = []

    package init(
        operation: ConnectionOperation, kind: FailureKind, code: String?, message: String, at: Timestamp,
        retryAt: Timestamp? = nil, scopes: [String] = []
    ) {
        self.operation = operation
        self.kind = kind
        self.code = code
        self.message = message
        self.at = at
        self.retryAt = retryAt
        self.scopes = scopes
    }
}

extension ConnectionFailure {
    /// Creates the failure of `operation` with a provider's error.
    package init(operation: ConnectionOperation, _ error: ProviderError, at now: Timestamp) {
        self.init(
            operation: operation, kind: FailureKind(error.kind), code: error.code, message: error.message, at: now)
        switch error.kind {
        case .rateLimited(let pause): retryAt = pause.map(now.advanced(by:))
        case .scopeMissing(let missing): scopes = missing
        default: break
        }
    }
}

// MARK: Stored form

extension ConnectionFailure {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("operation", operation.rawValue)
            writer.member("kind", kind.rawValue)
            writer.member("code", code)
            writer.member("message", message)
            writer.moment("at", at)
            if let retryAt { writer.moment("retryAt", retryAt) }
            if !scopes.isEmpty { writer.member("scopes", scopes) }
        }
    }

    package init?(decoding value: JSONValue) {
        guard let operation = value["operation"]?.string, let kind = value["kind"]?.string,
            let message = value["message"]?.string, let at = value.moment("at")
        else { return nil }
        self.init(
            operation: ConnectionOperation(rawValue: operation), kind: FailureKind(rawValue: kind),
            code: value["code"]?.string, message: message, at: at)
        retryAt = value.moment("retryAt")
        scopes = value.texts("scopes")
    }
}
