// A callback that used up its authorization, as it is stored with the user. It lets the same callback again get the same
// answer, also after a restart. It holds no code and no state.

import ConnectionModel
package import ProviderSDK
package import StoredValues

/// A callback that used up its authorization.
package struct ClaimedCallback: Sendable, Equatable {
    /// How long the same callback again gets the same answer.
    package static let lifetime = Duration.seconds(600)

    /// An HMAC over the session, the state and what the provider sent.
    package let tag: String
    /// The connection that it is about; another one when the account turns out to be connected already.
    package internal(set) var connectionID: String
    /// The caller's own state, sealed for the connection that the authorization began with.
    package let callerState: String?
    @Moment package private(set) var expiresAt: Timestamp

    package init(tag: String, connectionID: String, callerState: String?, expiresAt: Timestamp) {
        self.tag = tag
        self.connectionID = connectionID
        self.callerState = callerState
        self.expiresAt = expiresAt
    }

    /// The stored form.
    package var encoded: JSONValue {
        .object([
            ("tag", .string(tag)), ("connectionId", .string(connectionID)),
            ("callerState", callerState.map(JSONValue.string) ?? .null),
            ("expiresAt", .string(expiresAt.text(withMilliseconds: true))),
        ])
    }

    package init?(decoding value: JSONValue) {
        guard let tag = value["tag"]?.string, let id = value["connectionId"]?.string,
            let end = value.moment("expiresAt")
        else { return nil }
        self.init(tag: tag, connectionID: id, callerState: value["callerState"]?.string, expiresAt: end)
    }
}
