// Why a request failed, and the facts for its answer. Knows no document and no wording.

package import ConnectionModel
import ProviderSDK
package import Sessions
package import Users

/// A failed request: the error of a service, or a refusal before any service was called.
package enum RouteFailure: Sendable, Equatable {
    case service(ServiceError)
    /// A step of connecting an account failed.
    case step(ServiceError, FailureReason)
    /// The request has no caller.
    case unauthenticated(TokenProblem)
    case noSuchPath
    case methodNotAllowed(allowed: String)
    case unsupportedMediaType
    case foreignOrigin
    /// A request that completes something lacks a session; nothing was used up.
    case signInFirst(TokenProblem)
    /// A browser loads ahead what has an effect.
    case loadedAhead
    /// The server refused the request before it looked up a route.
    case rejected(status: Int, detail: String)
}

extension RouteFailure {
    /// The host's own fault, for the log; nil for every other failure.
    var fault: String? {
        switch self {
        case .service(.internalFault(let fault)), .step(.internalFault(let fault), _): fault
        default: nil
        }
    }
}

/// The rows of every table of error words.
package enum ErrorKind: Sendable, CaseIterable {
    case noSuchPath, methodNotAllowed, unsupportedMediaType, foreignOrigin, loadedAhead
    /// A request that is not valid HTTP.
    case malformed
    /// A request that the server refuses for another reason: too large or too slow.
    case rejected
    case unauthenticated, forbidden, notFound, invalid, limit, conflict, rateLimited
    case providerUnreachable, providerRateLimited, providerMisconfigured, reauthorizationRequired, providerRefused
    case notConfigured, unavailable, damaged, internalFault
}

/// The facts of a failure, before a document puts them into words.
package struct FailureFacts: Sendable, Equatable {
    package let kind: ErrorKind
    /// The status of the server's refusal, or of the provider's answer; nil for every other failure.
    package var status: Int?
    /// The wrong part of the request, or the part of the host that failed.
    package var field = ""
    /// The failure's own message.
    package var reason = ""
    /// The longest wait that an answer asks for: a day.
    static let retryAfterSecondsMax = 86_400
    /// The seconds that the caller should wait; nil when the failure names no time.
    var retryAfterSeconds: Int?
    /// Why a step of connecting failed; nil for any other failure.
    package var step: FailureReason?
    /// What is wrong with the request's token; nil when the failure is not about it.
    var token: TokenProblem?
    /// The methods of the path, when the request's method is not among them.
    var allowedMethods: String?

    package init(_ failure: RouteFailure) {
        switch failure {
        case .service(let error): self.init(error)
        case .step(let error, let reason):
            self.init(error)
            step = reason
        case .unauthenticated(let problem):
            self.init(kind: .unauthenticated)
            token = problem
        case .noSuchPath: self.init(kind: .noSuchPath)
        case .methodNotAllowed(let allowed):
            self.init(kind: .methodNotAllowed)
            allowedMethods = allowed
        case .unsupportedMediaType: self.init(kind: .unsupportedMediaType)
        case .foreignOrigin: self.init(kind: .foreignOrigin)
        case .signInFirst(let problem):
            self.init(
                kind: .unauthenticated, field: "session",
                reason:
                    "Nothing is connected yet, and nothing was used up. Sign in, or return to the session that began, and "
                    + "open this address again within ten minutes.")
            token = problem
            step = .signInNeeded
        case .loadedAhead: self.init(kind: .loadedAhead)
        case .rejected(let status, let detail):
            self.init(kind: status == 400 ? .malformed : .rejected, field: "request", reason: detail)
            self.status = status
        }
    }

    private init(_ error: ServiceError) {
        switch error {
        case .invalid(let field, let message): self.init(kind: .invalid, field: field, reason: message)
        case .unauthenticated: self.init(kind: .unauthenticated)
        case .forbidden(let message): self.init(kind: .forbidden, field: "scope", reason: message)
        case .notFound: self.init(kind: .notFound)
        case .conflict(let message): self.init(kind: .conflict, reason: message)
        case .limit(let message): self.init(kind: .limit, field: "connections", reason: message)
        case .rateLimited(let seconds): self.init(kind: .rateLimited, retryAfter: seconds)
        case .provider(let error): self.init(error)
        case .notConfigured(let message): self.init(kind: .notConfigured, reason: message)
        case .unavailable(let problem, let seconds): self.init(kind: .unavailable, reason: problem, retryAfter: seconds)
        case .damaged(let message): self.init(kind: .damaged, reason: message)
        case .internalFault(let fault): self.init(kind: .internalFault, reason: fault)
        }
    }

    private init(_ error: ProviderError) {
        switch error.kind {
        case .transient: self.init(kind: .providerUnreachable, reason: error.message)
        case .rateLimited(let pause):
            let seconds = max(1, Int(min(pause ?? .seconds(60), .seconds(Self.retryAfterSecondsMax)) / .seconds(1)))
            self.init(kind: .providerRateLimited, reason: "\(error)", retryAfter: seconds)
        case .misconfigured: self.init(kind: .providerMisconfigured, reason: "\(error)")
        case .authExpired, .authRevoked: self.init(kind: .reauthorizationRequired, reason: "\(error)")
        default: self.init(kind: .providerRefused, reason: "\(error)")
        }
        field = "provider"
        status = error.status
    }

    private init(kind: ErrorKind, field: String = "", reason: String = "", retryAfter: Int? = nil) {
        self.kind = kind
        self.field = field
        self.reason = reason
        retryAfterSeconds = retryAfter
    }
}
