// Why a callback completes nothing: the service's error, and the reason that a person reads. Reads what providers answer; stores nothing.

package import ConnectionModel
import ProviderSDK
package import Users

/// A callback that completes nothing.
package struct CallbackFailure: Error, Equatable {
    package let error: ServiceError
    package let reason: FailureReason

    /// - Parameter reason: nil for the reason that the error has by itself.
    init(_ error: ServiceError, _ reason: FailureReason? = nil) {
        self.error = error
        self.reason = reason ?? FailureReason(error)
    }

    static let canceled = CallbackFailure(.canceled)

    /// A state that is not good for the one who brings it.
    static func state(_ reason: FailureReason) -> CallbackFailure {
        let message =
            switch reason {
            case .stateExpired: "The state has expired: an authorization has to be finished within ten minutes"
            case .alreadyUsed: "The state was used before: begin the authorization again"
            case .otherSession: "The state belongs to another session: return with the session that began"
            default: "The state is not valid: a part of it is missing or was changed"
            }
        return CallbackFailure(.invalid(field: "state", message: message), reason)
    }

    /// A callback that lacks something, or has it in a form that the provider does not send.
    static func incomplete(_ field: String, _ message: String) -> CallbackFailure {
        CallbackFailure(.invalid(field: field, message: message), .stateInvalid)
    }

    /// The failure of a step behind the exchange: the provider holds the grant, and has not said whose account it is.
    static func afterExchange(_ error: ServiceError) -> CallbackFailure {
        switch error {
        case .provider(let problem): CallbackFailure(error, .identification(problem))
        case .invalid(field: "state", _): .state(.alreadyUsed)
        case .conflict: CallbackFailure(error, .wrongAccount)
        default: CallbackFailure(error)
        }
    }

    private static let wrongAccountCode = "wrong_account"

    /// The error that is recorded when another account comes out of an authorization than the one to be connected again.
    static func wrongAccount(_ account: AccountIdentity) -> ProviderError {
        ProviderError(
            .permanent, "The account “\(account.name)” is not the one that is connected again.", code: wrongAccountCode)
    }

    /// The failure that was recorded when the same callback came before.
    init(_ failure: ConnectionFailure, _ error: ProviderError) {
        guard failure.code != Self.wrongAccountCode else {
            self.init(.conflict(failure.message), .wrongAccount)
            return
        }
        let reason: FailureReason =
            switch failure.operation {
            case .authorize: .refusal(code: failure.code ?? "")
            case .exchange: .exchange(error)
            case .identify: .identification(error)
            default: FailureReason(error)
            }
        self.init(.provider(error), reason)
    }

    /// Whether the state is the problem.
    package var refusesState: Bool {
        guard case .invalid(field: "state", _) = error else { return false }
        return true
    }
}

extension FailureReason {
    /// The codes with which providers say that a person refused (RFC 6749 section 4.1.2.1, and names in use beside it).
    private static let denials: Set = [
        "access_denied", "user_denied", "user_cancelled", "user_canceled", "user_cancelled_authorize",
        "user_cancelled_login", "consent_denied", "declined",
    ]
    /// The codes with which providers say that an administrator has to allow access first.
    private static let approvals: Set = [
        "approval_required", "approval_pending", "admin_approval_required", "admin_consent_required",
        "app_approval_required", "not_approved", "consent_required", "request_pending",
    ]
    /// The codes about the application itself.
    private static let settings: Set = [
        "invalid_scope", "invalid_client", "invalid_request", "unauthorized_client", "unsupported_response_type",
        "redirect_uri_mismatch", "invalid_redirect_uri", "bad_redirect_uri", "bad_client_id",
    ]
    /// The codes that the host records for callbacks that lack something or come from elsewhere.
    private static let damages: Set = ["callback_incomplete", "issuer_mismatch", "account_id_invalid"]

    /// The reason for a callback with the error `code`.
    static func refusal(code: String) -> FailureReason {
        if denials.contains(code) { return .denied }
        if approvals.contains(code) { return .approvalNeeded }
        if settings.contains(code) { return .misconfigured }
        if damages.contains(code) { return .stateInvalid }
        return code == "temporarily_unavailable" || code == "server_error" ? .providerUnavailable : .refused
    }

    /// The reason for a code that was not exchanged.
    static func exchange(_ error: ProviderError) -> FailureReason {
        switch error.kind {
        case .authExpired, .authRevoked: .codeRefused
        case .permanent where error.code == "invalid_grant": .codeRefused
        default: FailureReason(error)
        }
    }

    /// The reason for an account that was not found out: while the failure may pass, the host asks again by itself.
    static func identification(_ error: ProviderError) -> FailureReason {
        switch error.kind {
        case .transient, .rateLimited, .misconfigured: .accountPending
        default: FailureReason(error)
        }
    }
}
