// The grant of a connection: its scopes, sealed credentials, pending authorizations and refresh state.
// ConnectionLife decides the consequences of the connection's status.

package import ProviderSDK
package import StoredValues

/// The outcome of ending a grant at its provider.
package enum RevocationOutcome: String, Sendable, CaseIterable {
    case revoked
    /// There was no grant, or the provider has no way to end it.
    case notOffered
    /// Ending the grant would end the grants of other connections to the same account.
    case sharedAccount
    /// The provider has not answered yet; the host asks again for some days.
    case pending
    /// The provider refused, or did not answer for days.
    case failed
}

/// The grant of a connection.
package struct Grant: Sendable {
    /// The number of the grant; a response for an older grant is discarded.
    package private(set) var number = 0
    /// The permissions that the application requested, in its own words.
    package private(set) var permissions: [String] = []
    /// The provider's scopes that were requested.
    package private(set) var requestedScopes: [String] = []
    /// The provider's scopes that were granted.
    package private(set) var grantedScopes: [String] = []
    /// When the account was last connected.
    @OptionalMoment package private(set) var connectedAt: Timestamp?
    /// When the access token expires; nil when it does not expire or there is none.
    @OptionalMoment package private(set) var expiresAt: Timestamp?
    package private(set) var credentials = Credentials()
    /// The pending authorizations.
    package private(set) var authorizations: [PendingAuthorization] = []
    /// The state of token refreshes.
    package private(set) var refresh = RefreshState()
    /// The data of a grant whose account is not known yet.
    package private(set) var unidentified: UnidentifiedGrant?
    /// The end of the grant that the application was notified of; nil while no end is near.
    package private(set) var deadline: GrantDeadline?
    /// What was odd in the provider's last token response and was not used.
    package private(set) var oddities: [String] = []
    /// The outcome of ending the last grant at the provider; nil while a grant exists.
    package private(set) var revocation: RevocationOutcome?

    /// When the host received the present grant.
    package var grantedAt: Timestamp? {
        guard let unidentified else { return connectedAt }
        return max(unidentified.at, connectedAt ?? unidentified.at)
    }

    // MARK: Authorization

    package mutating func ask(permissions: [String]) { self.permissions = permissions }

    package mutating func begin(_ authorization: PendingAuthorization, permissions: [String]) {
        self.permissions = permissions
        requestedScopes = authorization.requestedScopes
        authorizations = [authorization]
    }

    /// Consumes a pending authorization.
    package mutating func claim(_ nonce: String) -> PendingAuthorization? {
        guard let index = authorizations.firstIndex(where: { $0.nonce.utf8.elementsEqual(nonce.utf8) }) else {
            return nil
        }
        return authorizations.remove(at: index)
    }

    mutating func dropAuthorizations(endedBy now: Timestamp) { authorizations.removeAll { $0.expiresAt <= now } }

    /// Stores tokens while their account is not known yet.
    package mutating func hold(_ tokens: SealedTokens, _ unidentified: UnidentifiedGrant) {
        self.unidentified = unidentified
        number += 1
        credentials = Credentials()
        renew(with: tokens, at: unidentified.at)
    }

    mutating func postponeIdentification(_ pause: Duration?, seed: String, at now: Timestamp) {
        unidentified?.postpone(pause, seed: seed, at: now)
    }

    /// Records that the account is connected with a key or without a credential.
    package mutating func link(key: String?, at now: Timestamp) {
        credentials = Credentials(key: key)
        expiresAt = nil
        refresh = RefreshState()
        revocation = nil
        number += 1
        connectedAt = now
    }

    /// Stores the tokens of a grant that another connection received.
    package mutating func adopt(_ other: Grant, _ credentials: Credentials) {
        self.credentials = credentials
        expiresAt = other.expiresAt
        oddities = other.oddities
        refresh = RefreshState(generation: max(other.refresh.generation, refresh.generation) + 1)
    }

    /// Records the account of an authorization.
    mutating func identify(_ held: UnidentifiedGrant, permissions: [String], at now: Timestamp) {
        if !permissions.isEmpty { self.permissions = permissions }
        requestedScopes = held.requestedScopes
        grantedScopes = held.scopes ?? held.requestedScopes
        connectedAt = now
        unidentified = nil
        number += 1
        deadline = nil
        revocation = nil
        authorizations = []
    }

    // MARK: Renewal

    mutating func beginRefresh(at now: Timestamp) { refresh.begin(at: now) }

    /// Stores new tokens for the same grant.
    mutating func renew(with tokens: SealedTokens, at now: Timestamp) {
        credentials.renew(with: tokens, at: now)
        expiresAt = tokens.expiresAt
        oddities = tokens.oddities
        refresh.succeed()
    }

    mutating func setGrantedScopes(_ scopes: [String]) { grantedScopes = scopes }

    mutating func failRefresh(_ failure: RefreshFailure, seed: String, at now: Timestamp) {
        refresh.fail(failure.reason, pause: failure.pause, seed: seed, at: now)
    }

    mutating func noteDeadline(_ deadline: GrantDeadline?) { self.deadline = deadline }

    package mutating func reseal(_ reseal: (_ text: String, _ field: String) -> String?) { credentials.reseal(reseal) }

    // MARK: End

    /// Erases the secrets and the data of the grant; responses that are still in flight then belong to an older grant.
    ///
    /// Pending authorizations are for a new grant and continue.
    package mutating func erase(_ outcome: RevocationOutcome?) {
        number += 1
        credentials = Credentials()
        refresh = RefreshState()
        unidentified = nil
        deadline = nil
        expiresAt = nil
        oddities = []
        revocation = outcome
    }

    /// Records the outcome of ending the last grant later than the connection gave it up.
    mutating func noteRevocation(_ outcome: RevocationOutcome) { revocation = outcome }

    /// The grant without anything but its number, its secrets and their end.
    var remnant: Grant {
        var remnant = Grant()
        remnant.number = number
        remnant.credentials = credentials
        remnant.expiresAt = expiresAt
        return remnant
    }

    /// Starts a new grant number, so that responses in flight belong to an older grant.
    mutating func outdate() { number += 1 }

    /// Clears the connected account and drops the pending authorizations.
    package mutating func disconnect() {
        authorizations = []
        connectedAt = nil
    }

    package mutating func note(connectedAt moment: Timestamp?) { connectedAt = moment }
}

// MARK: Stored form

extension Grant {
    package static let members: [StoredMember<Grant>] = [
        .init("permissions", { $1.value($0.permissions) }, { $0.permissions = $1.texts }),
        .init("requestedScopes", { $1.value($0.requestedScopes) }, { $0.requestedScopes = $1.texts }),
        .init("grantedScopes", { $1.value($0.grantedScopes) }, { $0.grantedScopes = $1.texts }),
        .init("connectedAt", { $1.value($0.connectedAt) }, { $0.connectedAt = $1.moment }),
        .init("expiresAt", { $1.value($0.expiresAt) }, { $0.expiresAt = $1.moment }),
        .init(
            "credentials", { grant, writer in Credentials.members.write(grant.credentials, to: &writer) },
            { Credentials.members.read($1, into: &$0.credentials) }),
        .init(
            "authorizations", { $1.array(of: $0.authorizations) { $0.write(to: &$1) } },
            { $0.authorizations = ($1.array ?? []).compactMap(PendingAuthorization.init(decoding:)) }),
        .init("grant", { $1.value($0.number) }, { $0.number = $1.integer.map(Int.init) ?? 0 }),
        .init(
            "refresh", omittedIf: { $0.refresh == RefreshState() }, { $0.refresh.write(to: &$1) },
            { $0.refresh = RefreshState(decoding: $1) }),
        .init(
            "held", omittedIf: { $0.unidentified == nil }, { $0.unidentified?.write(to: &$1) },
            { $0.unidentified = UnidentifiedGrant(decoding: $1) }),
        .init(
            "revocation", omittedIf: { $0.revocation == nil }, { $1.value($0.revocation?.rawValue) },
            { $0.revocation = $1.string.flatMap(RevocationOutcome.init) }),
        .init(
            "odd", omittedIf: { $0.oddities.isEmpty }, { $1.value($0.oddities) }, { $0.oddities = $1.texts }),
        .init(
            "deadlineTold", omittedIf: { $0.deadline == nil }, { $0.deadline?.write(to: &$1) },
            { $0.deadline = GrantDeadline(decoding: $1) }),
    ]
}
