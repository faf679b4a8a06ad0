// Why connecting an account did not succeed, as a closed list: for programs as a word, for pages as the page that a person sees.

package import ConnectionModel
package import ProviderSDK

/// The reason why a step of connecting an account failed.
package enum FailureReason: String, Error, Sendable, CaseIterable {
    /// The person did not allow access.
    case denied
    /// An administrator at the provider has to allow access first.
    case approvalNeeded
    /// The connect session has ended.
    case sessionExpired
    /// The authorization took too long.
    case stateExpired
    /// The state or the connect session was used before.
    case alreadyUsed
    /// The connect session belongs to another browser.
    case otherBrowser
    /// The authorization was begun by another session or user.
    case otherSession
    /// The request has no session.
    case signInNeeded
    /// The state or the callback is incomplete, or was changed.
    case stateInvalid
    /// The provider did not accept its own code.
    case codeRefused
    /// A scope that is needed was not granted.
    case permissionMissing
    /// Another account than the one to be connected again.
    case wrongAccount
    /// The provider did not accept the API key or the account id.
    case credentialRefused
    case providerUnavailable
    case providerLimited
    /// Access was allowed, and the account is not known yet; the host asks again.
    case accountPending
    /// The operator's settings are wrong.
    case misconfigured
    /// The provider cannot be connected here.
    case notAvailable
    /// The provider refused for another reason.
    case refused
    case tooMany
    case storeUnavailable

    /// The reason that an error has by itself.
    package init(_ error: ServiceError) {
        self =
            switch error {
            case .invalid(field: "service", _), .invalid(field: "variant", _), .notFound: .notAvailable
            case .invalid(field: "apiKey", _), .invalid(field: "accountId", _): .credentialRefused
            case .invalid: .stateInvalid
            case .unauthenticated: .signInNeeded
            case .forbidden: .otherSession
            case .conflict: .alreadyUsed
            case .limit, .rateLimited: .tooMany
            case .provider(let error): Self(error)
            case .notConfigured: .misconfigured
            case .unavailable, .damaged, .internalFault: .storeUnavailable
            }
    }

    /// The reason that a provider's error has by itself.
    package init(_ error: ProviderError) {
        self =
            switch error.kind {
            case .transient: .providerUnavailable
            case .rateLimited: .providerLimited
            case .misconfigured: .misconfigured
            case .scopeMissing: .permissionMissing
            default: .refused
            }
    }
}
