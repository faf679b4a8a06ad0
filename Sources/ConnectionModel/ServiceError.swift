// The one error of the host's services. Each route family turns it into its document's shape in one place.

package import ProviderSDK
package import StoreFiles

/// Why a service did not do what it was asked to.
package enum ServiceError: Error, Sendable, Equatable {
    /// The request is wrong at this field.
    case invalid(field: String, message: String)
    /// Nobody is signed in, or the session is not good.
    case unauthenticated
    /// The principal may not do this.
    case forbidden(String)
    /// There is no such thing, or it is somebody else's.
    case notFound
    /// It exists already, or is in a state in which this cannot be done.
    case conflict(String)
    /// A bound of the host is reached.
    case limit(String)
    /// Too many requests.
    case rateLimited(retryAfterSeconds: Int)
    /// The provider refused, failed or could not be reached.
    case provider(ProviderError)
    /// The operator has not configured what is needed.
    case notConfigured(String)
    /// The store or the host cannot do it now.
    case unavailable(String, retryAfterSeconds: Int)
    /// What is stored is damaged; the text is for callers, and names no file.
    case damaged(String)
    /// A fault of the host.
    case internalFault(String)

    /// What a failure of the store means to a caller.
    package init(_ error: StoreError) {
        switch error {
        case .noSpace, .readOnly, .busy, .closed, .io: self = .unavailable("\(error)", retryAfterSeconds: 5)
        default: self = .internalFault("\(error)")
        }
    }
}
