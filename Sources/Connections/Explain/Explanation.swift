// What people are told about a connection that is not as they expect: values only. How it is found is Diagnosis', how it is shown
// the rendering's.

package import ConnectionModel
package import ProviderSDK

/// The classes of explanations; every one has an action of its own.
package enum DiagnosisClass: String, Sendable, CaseIterable {
    /// Everything works.
    case working
    /// An authorization is under way.
    case pending
    /// An authorization was begun and not completed in time.
    case lapsed
    /// The user, or the provider for the user, refused to connect.
    case denied
    /// The provider did not take the authorization code.
    case codeRefused
    /// The grant was ended at the provider.
    case revoked
    /// The grant has reached its end.
    case ended
    /// A permission is missing.
    case scopeLost
    /// The operator's settings, here or at the provider, are wrong.
    case misconfigured
    /// The provider wants fewer requests.
    case rateLimited
    /// A failure that may pass.
    case transient
    /// The answer to a refresh was lost: whether the tokens are good shows at the next attempt.
    case unknown
    /// The provider refuses what it is asked for.
    case refused
    /// The stored credential cannot be opened.
    case credentialUnreadable
    /// There is no plugin for the provider.
    case pluginMissing
    /// The integration is only noted here.
    case unmanaged
    /// The user disconnected.
    case disconnected
    /// It works, and the application does not take its notifications.
    case notificationsFailing
}

/// Why a connection is as it is.
package struct Explanation: Sendable, Equatable {
    /// Who has to do something.
    package enum Actor: String, Sendable {
        case user, `operator`, nobody
    }

    /// What is to be done.
    package struct Action: Sendable, Equatable {
        package let by: Actor
        /// One sentence.
        package let what: String
    }

    /// The outcome of an attempt.
    package enum Outcome: String, Sendable {
        case succeeded, failed, partial, running, unknown
    }

    /// What the host tried last.
    package struct Attempt: Sendable, Equatable {
        package let operation: ConnectionOperation
        package let at: Timestamp
        package let outcome: Outcome
    }

    /// When trying again makes sense.
    package struct Retry: Sendable, Equatable {
        package let at: Timestamp
        /// Whether the host does so by itself.
        package let isAutomatic: Bool
    }

    /// A data type and what it lacks.
    package struct DataTypeState: Sendable, Equatable {
        package let name: String
        package let missingScopes: [String]
    }

    package let kind: DiagnosisClass
    /// One sentence on the state of the connection.
    package let state: String
    package let action: Action
    package let lastAttempt: Attempt?
    /// The provider's code for the failure, where there is one that can be shown.
    package let providerCode: String?
    /// More about the failure, without anything that could be a secret.
    package let detail: String?
    package let nextRetry: Retry?
    package let dataTypes: [DataTypeState]
    /// When the user must have connected again, whatever the host does.
    package let grantEndsAt: Timestamp?
    package let expiresSoon: Bool
    /// Notifications that wait for their delivery.
    package let notificationsWaiting: Int
}
