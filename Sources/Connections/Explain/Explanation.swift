// Explains a connection that is not as its user expects. These are values only: Diagnosis computes them, and the routes render
// them.

package import ConnectionModel
package import ProviderSDK

/// The classes of explanations; each class has a separate action.
package enum DiagnosisClass: String, Sendable, CaseIterable {
    /// The connection works.
    case working
    /// An authorization is in progress.
    case pending
    /// An authorization was started and not completed in time.
    case lapsed
    /// The user, or the provider on behalf of the user, denied the authorization.
    case denied
    /// The provider did not accept the authorization code.
    case codeRefused
    /// The grant was ended at the provider.
    case revoked
    /// The grant has expired.
    case ended
    /// A permission is missing.
    case scopeLost
    /// The operator's settings, here or at the provider, are wrong.
    case misconfigured
    /// The provider limits the rate of requests.
    case rateLimited
    /// A transient failure.
    case transient
    /// The response to a refresh was lost; the next attempt shows whether the tokens are valid.
    case unknown
    /// The provider refuses the requests.
    case refused
    /// The stored credential cannot be opened.
    case credentialUnreadable
    /// The plugin of the provider is missing.
    case pluginMissing
    /// The integration is only recorded here.
    case unmanaged
    /// The user disconnected the connection.
    case disconnected
    /// The connection works, and the application does not accept its notifications.
    case notificationsFailing
}

/// The reason for the state of a connection.
package struct Explanation: Sendable, Equatable {
    /// The person who must act.
    package enum Actor: String, Sendable, CaseIterable {
        case user, `operator`
        case noOne = "nobody"
    }

    /// The action that resolves the problem.
    package struct Action: Sendable, Equatable {
        package let by: Actor
        /// The action in one sentence.
        package let what: String
    }

    /// The outcome of an attempt.
    package enum Outcome: String, Sendable, CaseIterable {
        case succeeded, failed, partial, running, unknown
    }

    /// The last attempt of the host.
    package struct Attempt: Sendable, Equatable {
        package let operation: ConnectionOperation
        package let at: Timestamp
        package let outcome: Outcome
    }

    /// The time of the next useful attempt.
    package struct Retry: Sendable, Equatable {
        package let at: Timestamp
        /// Whether the host makes the attempt automatically.
        package let isAutomatic: Bool
    }

    /// A data type and its missing scopes.
    package struct DataTypeState: Sendable, Equatable {
        package let name: String
        package let missingScopes: [String]
    }

    package let kind: DiagnosisClass
    /// One sentence on the state of the connection.
    package let state: String
    package let action: Action
    package let lastAttempt: Attempt?
    /// The provider's error code, if there is one that can be shown.
    package let providerCode: String?
    /// Details of the failure, without possible secrets.
    package let detail: String?
    package let nextRetry: Retry?
    package let dataTypes: [DataTypeState]
    /// The deadline by which the user must connect again, independent of the host.
    package let grantEndsAt: Timestamp?
    package let expiresSoon: Bool
    /// The number of notifications that wait for delivery.
    package let notificationsWaiting: Int
    /// The number of dead letters; nil when the records cannot be read.
    package let deadLetters: Int?
    /// What else a reader should know, one sentence each.
    package let notes: [String]
}
