// The one error type of the host's services. Each route family renders it in the shape of its API document.

package import ProviderSDK
package import StoreFiles

/// The reason why a service did not carry out a request.
package indirect enum ServiceError: Error, Sendable, Equatable {
    /// The value of this request field is invalid.
    case invalid(field: String, message: String)
    /// The caller is not signed in, or the session is invalid.
    case unauthenticated
    /// The principal lacks the permission.
    case forbidden(String)
    /// The object does not exist, or it belongs to another user.
    case notFound
    /// The object exists already, or its state does not allow the action.
    case conflict(String)
    /// A limit of the host is reached.
    case limit(String)
    /// The caller sent too many requests.
    case rateLimited(retryAfterSeconds: Int)
    /// The provider refused, failed or could not be reached.
    case provider(ProviderError)
    /// The operator has not configured a required setting.
    case notConfigured(String)
    /// The store or the host is temporarily unavailable.
    case unavailable(String, retryAfterSeconds: Int)
    /// Stored data is damaged.
    ///
    /// The text is for callers and contains no file name.
    case damaged(String)
    /// An internal error of the host.
    case internalFault(String)

    /// The error of a request whose caller went away, or that a stop interrupted.
    package static let canceled = ServiceError.unavailable("The request was canceled.", retryAfterSeconds: 1)

    /// The service error for a failure of the store.
    package init(_ error: StoreError) {
        switch error {
        case .noSpace, .readOnly, .busy, .closed, .io: self = .unavailable("\(error)", retryAfterSeconds: 5)
        default: self = .internalFault("\(error)")
        }
    }
}
