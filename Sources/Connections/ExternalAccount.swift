// The external account that a user has linked, as it is stored in the user's document.

package import ProviderSDK

/// A user's account at a provider whose bot issues link tokens.
package struct ExternalAccount: Sendable {
    /// The id of the provider.
    package let provider: String
    package let accountID: String
    /// The attributes of the token, as the bot sent them.
    package internal(set) var attributes: JSONValue
    package let linkedAt: Timestamp
    /// Whether the account has joined.
    package internal(set) var isMember: Bool
    /// Whether the user is archived because the account has left.
    package internal(set) var isArchived: Bool
    /// When the account joined, as the provider reports it.
    package internal(set) var joinedAt: String?
    /// The outcomes of the actions after linking, in their order.
    var actions: [(name: String, outcome: LinkActionOutcome)] = []

    var encoded: JSONValue {
        let outcomes = JSONValue.object(actions.map { ($0.name, .string($0.outcome.rawValue)) })
        return .object([
            ("provider", .string(provider)), ("accountId", .string(accountID)), ("attributes", attributes),
            ("linkedAt", .string(linkedAt.text(withMilliseconds: true))), ("inDiscord", .boolean(isMember)),
            ("archived", .boolean(isArchived)), ("joinedAt", joinedAt.map(JSONValue.string) ?? .null),
            ("actions", outcomes),
        ])
    }

    init(
        provider: String, accountID: String, attributes: JSONValue, linkedAt: Timestamp, isMember: Bool,
        isArchived: Bool
    ) {
        self.provider = provider
        self.accountID = accountID
        self.attributes = attributes
        self.linkedAt = linkedAt
        self.isMember = isMember
        self.isArchived = isArchived
    }

    /// The account stored in a user's document; nil without one.
    init?(_ value: JSONValue?) {
        guard let value, let provider = value["provider"]?.string, let accountID = value["accountId"]?.string else {
            return nil
        }
        self.provider = provider
        self.accountID = accountID
        attributes = value["attributes"] ?? [:]
        linkedAt = value["linkedAt"]?.string.flatMap(Timestamp.init(iso8601:)) ?? .epoch
        isMember = value["inDiscord"]?.boolean ?? false
        isArchived = value["archived"]?.boolean ?? false
        joinedAt = value["joinedAt"]?.string
        actions = (value["actions"]?.members ?? []).compactMap { name, value in
            value.string.flatMap(LinkActionOutcome.init(rawValue:)).map { (name, $0) }
        }
    }
}
