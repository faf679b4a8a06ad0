// What a provider has granted to a connection: scopes, sealed credentials, authorizations under way and the state of renewing them.
// What follows from the status of the connection is ConnectionLife's.

package import ProviderSDK

/// The outcome of ending a grant at its provider.
package enum RevocationOutcome: String, Sendable, CaseIterable {
    case revoked
    /// There was no grant, or the provider offers no way.
    case notOffered
    /// Ending it would end the grants of other connections to the same account.
    case sharedAccount
    /// The provider refused, failed or could not be reached.
    case failed
}

/// The grant of a connection.
package struct Grant: Sendable {
    /// Counts grants: an answer that belongs to an older one is discarded.
    package private(set) var number = 0
    /// What the application asked for, in its own words.
    package private(set) var permissions: [String] = []
    /// The provider's scopes that were asked for.
    package private(set) var requestedScopes: [String] = []
    /// The provider's scopes that were granted.
    package private(set) var grantedScopes: [String] = []
    /// When the account was connected last.
    package private(set) var connectedAt: Timestamp?
    /// When the access token expires; nil when it does not or there is none.
    package private(set) var expiresAt: Timestamp?
    package private(set) var credentials = Credentials()
    /// Authorizations under way.
    package private(set) var authorizations: [PendingAuthorization] = []
    /// How renewing the token stands.
    package private(set) var refresh = RefreshState()
    /// What is known of a grant whose account is not known yet.
    package private(set) var unidentified: UnidentifiedGrant?
    /// The end of the grant that the application was told of; nil while none is near.
    package private(set) var deadline: GrantDeadline?
    /// The outcome of ending the last grant at the provider; nil while there is one.
    package private(set) var revocation: RevocationOutcome?

    /// When the host got the present grant.
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

    /// Uses an authorization up.
    package mutating func claim(_ nonce: String) -> PendingAuthorization? {
        guard let index = authorizations.firstIndex(where: { $0.nonce.utf8.elementsEqual(nonce.utf8) }) else {
            return nil
        }
        return authorizations.remove(at: index)
    }

    mutating func dropAuthorizations(endedBy now: Timestamp) { authorizations.removeAll { $0.expiresAt <= now } }

    /// Tokens came; whose account they are for is not known yet.
    package mutating func hold(_ tokens: SealedTokens, _ unidentified: UnidentifiedGrant) {
        self.unidentified = unidentified
        number += 1
        credentials = Credentials()
        renew(with: tokens, at: unidentified.at)
    }

    mutating func postponeIdentification(seed: String, at now: Timestamp) {
        unidentified?.postpone(seed: seed, at: now)
    }

    /// The account is connected with a key or without any credential.
    package mutating func link(key: String?, at now: Timestamp) {
        credentials = Credentials(key: key)
        connectedAt = now
    }

    /// Takes over the tokens of a grant that came for another connection.
    package mutating func adopt(_ other: Grant, _ credentials: Credentials) {
        self.credentials = credentials
        expiresAt = other.expiresAt
        refresh = RefreshState(generation: max(other.refresh.generation, refresh.generation) + 1)
    }

    /// The account of an authorization is known.
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

    /// New tokens came for the same grant.
    mutating func renew(with tokens: SealedTokens, at now: Timestamp) {
        credentials.renew(with: tokens, at: now)
        expiresAt = tokens.expiresAt
        refresh.succeed()
    }

    mutating func setGrantedScopes(_ scopes: [String]) { grantedScopes = scopes }

    mutating func failRefresh(_ failure: RefreshFailure, seed: String, at now: Timestamp) {
        refresh.fail(failure.reason, pause: failure.pause, seed: seed, at: now)
    }

    mutating func noteDeadline(_ deadline: GrantDeadline?) { self.deadline = deadline }

    package mutating func reseal(_ reseal: (_ text: String, _ field: String) -> String?) { credentials.reseal(reseal) }

    // MARK: End

    /// Erases the secrets of the grant and all that is said of it; answers that are still on their way belong to an older grant.
    ///
    /// Authorizations under way are for a new grant and go on.
    package mutating func erase(_ outcome: RevocationOutcome?) {
        number += 1
        credentials = Credentials()
        refresh = RefreshState()
        unidentified = nil
        deadline = nil
        expiresAt = nil
        revocation = outcome
    }

    /// Answers that are still on their way belong to an older grant from now on.
    mutating func outdate() { number += 1 }

    /// The user is not connected any more, and no authorization under way changes that.
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
            "deadlineTold", omittedIf: { $0.deadline == nil }, { $0.deadline?.write(to: &$1) },
            { $0.deadline = GrantDeadline(decoding: $1) }),
    ]
}
