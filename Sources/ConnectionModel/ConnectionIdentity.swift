// The identity of a connection: its permanent properties and the account it belongs to. Does not contain the grant.

package import ProviderSDK
package import StoredValues

/// The permanent properties of a connection and its account.
package struct ConnectionIdentity: Sendable {
    /// The connection id: `conn-`, the 3 hex digits of the user's shard, 22 random base62 characters.
    package let id: String
    /// A small number, unique per user, for documents with numeric ids.
    package let number: Int
    /// The provider's id, or any other id for an integration that the host does not manage.
    package let service: String
    /// The provider's variant; nil for providers that have none.
    package private(set) var variant: String?
    /// The provider's id of the account; nil until it is known.
    package private(set) var accountID: String?
    /// The account's display name.
    package private(set) var accountName: String?
    /// The side of the provider that the grant is for; nil when there is only one or it is not known.
    package private(set) var mode: String?
    /// The parameters of the OAuth callback that the provider needs later.
    @KeptJSON package private(set) var callback: JSONValue = [:]

    package init(id: String, number: Int, service: String, variant: String? = nil) {
        self.id = id
        self.number = number
        self.service = service
        self.variant = variant
    }

    /// The account as plugins see it.
    package var account: ProviderContext.Account {
        var account = ProviderContext.Account()
        account.id = accountID
        account.name = accountName
        account.variant = variant
        account.callback = callback
        return account
    }

    /// Whether the connection is to this account, compared byte for byte.
    func leads(to service: String, _ variant: String?, accountID: String) -> Bool {
        self.service.utf8.elementsEqual(service.utf8)
            && (self.variant ?? "").utf8.elementsEqual((variant ?? "").utf8)
            && (self.accountID.map { $0.utf8.elementsEqual(accountID.utf8) } ?? false)
    }

    /// Sets the account that the provider reports.
    package mutating func identified(as account: AccountIdentity, callback: JSONValue) {
        accountID = account.id
        accountName = account.name
        mode = account.mode
        self.callback = callback
    }

    /// Sets the account that the user names.
    package mutating func linked(to accountID: String?) {
        self.accountID = accountID
        accountName = accountID
    }
}

// MARK: Stored form

extension ConnectionIdentity {
    package static let members: [StoredMember<ConnectionIdentity>] = [
        .init("id", { $1.value($0.id) }, { _, _ in }),
        .init("number", { $1.value($0.number) }, { _, _ in }),
        .init("service", { $1.value($0.service) }, { _, _ in }),
        .init("variant", { $1.value($0.variant) }, { $0.variant = $1.string }),
        .init("accountId", { $1.value($0.accountID) }, { $0.accountID = $1.string }),
        .init("accountName", { $1.value($0.accountName) }, { $0.accountName = $1.string }),
        .init("mode", omittedIf: { $0.mode == nil }, { $1.value($0.mode) }, { $0.mode = $1.string }),
        .init("callback", { $1.value($0.callback) }, { $0.callback = $1.detached }),
    ]

    /// The identity of a stored connection, without the members that its table reads; nil when required members are missing.
    package init?(decoding value: JSONValue) {
        guard let id = value["id"]?.string, let number = value.count("number"), let service = value["service"]?.string
        else { return nil }
        self.init(id: id, number: number, service: service)
    }
}
