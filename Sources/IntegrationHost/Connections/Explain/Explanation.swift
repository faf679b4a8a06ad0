// What people are told about a connection that is not as they expect: values only. How it is found is Diagnosis', how it is shown
// the rendering's.

import ProviderSDK

/// The classes of explanations; every one has an action of its own.
enum DiagnosisClass: String, Sendable, CaseIterable {
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
struct Explanation: Sendable, Equatable {
    /// Who has to do something.
    enum Actor: String, Sendable {
        case user, `operator`, nobody
    }

    /// What is to be done.
    struct Action: Sendable, Equatable {
        let by: Actor
        /// One sentence.
        let what: String
    }

    /// The outcome of an attempt.
    enum Outcome: String, Sendable {
        case succeeded, failed, partial, running, unknown
    }

    /// What the host tried last.
    struct Attempt: Sendable, Equatable {
        let operation: ConnectionOperation
        let at: Timestamp
        let outcome: Outcome
    }

    /// When trying again makes sense.
    struct Retry: Sendable, Equatable {
        let at: Timestamp
        /// Whether the host does so by itself.
        let isAutomatic: Bool
    }

    /// A data type and what it lacks.
    struct DataTypeState: Sendable, Equatable {
        let name: String
        let missingScopes: [String]
    }

    let kind: DiagnosisClass
    /// One sentence on the state of the connection.
    let state: String
    let action: Action
    let lastAttempt: Attempt?
    /// The provider's code for the failure, where there is one that can be shown.
    let providerCode: String?
    /// More about the failure, without anything that could be a secret.
    let detail: String?
    let nextRetry: Retry?
    let dataTypes: [DataTypeState]
    /// When the user must have connected again, whatever the host does.
    let grantEndsAt: Timestamp?
    let expiresSoon: Bool
    /// Notifications that wait for their delivery.
    let notificationsWaiting: Int
}
