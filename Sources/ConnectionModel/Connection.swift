// A user's connection to one account of one provider: the aggregate behind all five API documents. Its facets are written only here, by
// transitions that take facts (what happened, when, with which values) and return what follows. Knows no HTTP, no clock and no storage.

package import ProviderSDK

/// A connection of a user to one account of one provider.
///
/// A transition that cannot happen in the connection's state throws and changes nothing that is stored.
package struct Connection: Sendable {
    package private(set) var identity: ConnectionIdentity
    package private(set) var life: ConnectionLife
    package private(set) var grant = Grant()
    package private(set) var sync = SyncState()
    package private(set) var notifications = Notifications()
    package private(set) var settings = ConnectionSettings()
    /// What went wrong last, for the people who ask why.
    package private(set) var failure: ConnectionFailure?
    package private(set) var createdAt: Timestamp
    package private(set) var updatedAt: Timestamp
    /// Members of the stored document that this version does not know; kept as they are.
    package private(set) var unknown: [(key: String, value: JSONValue)] = []

    /// A new connection.
    package init(
        id: String, number: Int, service: String, variant: String? = nil, status: ConnectionStatus, at now: Timestamp
    ) {
        identity = ConnectionIdentity(id: id, number: number, service: service, variant: variant)
        life = ConnectionLife(status)
        createdAt = now
        updatedAt = now
    }

    // MARK: Life

    /// Lets `event` happen: changes the state, and carries out what follows inside the document.
    ///
    /// - Parameters:
    ///   - revocation: the outcome of ending the grant at the provider, where the event ends it.
    ///   - data: what the application is told beside the event.
    /// - Throws: ``ServiceError/conflict(_:)`` when the event cannot happen in this state.
    @discardableResult
    private mutating func happen(
        _ event: LifeEvent, revocation: RevocationOutcome? = nil, telling data: JSONValue = [:], at now: Timestamp
    ) throws(ServiceError) -> [Consequence] {
        let consequences: [Consequence]
        switch life.outcome(of: event) {
        case .becomes(let next, let found):
            life = next
            consequences = found
        case .ends(let found): consequences = found
        case .ignored: return []
        case .refused: throw life.refusal
        }
        for consequence in consequences {
            switch consequence {
            case .eraseGrant: grant.erase(revocation)
            case .notify(let kind): try notify(kind, data, at: now)
            case .revokeGrant, .eraseRecords: break
            }
        }
        return consequences
    }

    /// Queues an event, where the application wants to be told.
    private mutating func notify(
        _ kind: ConnectionEvent.Kind, _ data: JSONValue = [:], at now: Timestamp
    ) throws(ServiceError) {
        guard settings.webhookURL != nil else { return }
        notifications.queue(try .new(kind, data, at: now))
    }

    // MARK: Connecting

    /// An authorization was begun.
    package mutating func authorizationBegan(_ authorization: PendingAuthorization, permissions: [String]) {
        grant.begin(authorization, permissions: permissions)
    }

    /// A callback uses an authorization up.
    ///
    /// - Returns: the authorization; nil when there is none with this nonce.
    package mutating func authorizationClaimed(_ nonce: String, at now: Timestamp) -> PendingAuthorization? {
        guard let authorization = grant.claim(nonce) else { return nil }
        updatedAt = now
        return authorization
    }

    /// Authorizations that were not completed in time are dropped.
    package mutating func authorizationsLapsed(at now: Timestamp) { grant.dropAuthorizations(endedBy: now) }

    /// An authorization came to nothing before the provider gave tokens.
    package mutating func authorizationFailed(
        _ operation: ConnectionOperation, _ error: ProviderError, at now: Timestamp
    ) throws(ServiceError) {
        failure = ConnectionFailure(operation: operation, error, at: now)
        updatedAt = now
        try happen(.authorizationFailed, telling: ["reason": .string(error.message)], at: now)
    }

    /// The provider gave tokens; whose account they are for is not known yet.
    package mutating func authorized(_ tokens: SealedTokens, _ unidentified: UnidentifiedGrant) throws(ServiceError) {
        try happen(.authorized, at: unidentified.at)
        grant.hold(tokens, unidentified)
        updatedAt = unidentified.at
    }

    /// The provider could not say whose account the tokens are for; it is asked again later.
    package mutating func identificationPostponed(_ error: ProviderError, at now: Timestamp) {
        grant.postponeIdentification(seed: id, at: now)
        var failure = ConnectionFailure(operation: .identify, error, at: now)
        failure.retryAt = grant.unidentified?.nextAttemptAt
        self.failure = failure
        updatedAt = now
    }

    /// Whose account the tokens are for can never be found out: the grant was ended.
    @discardableResult
    package mutating func abandoned(
        _ outcome: RevocationOutcome, _ error: ProviderError, at now: Timestamp
    ) throws(ServiceError) -> [Consequence] {
        let reason: JSONValue = ["reason": .string(error.message)]
        let consequences = try happen(.abandoned, revocation: outcome, telling: reason, at: now)
        failure = ConnectionFailure(operation: .identify, error, at: now)
        updatedAt = now
        return consequences
    }

    /// The tokens that came for `other` are for the account of this connection and take the place of its own.
    ///
    /// - Parameter reseal: seals a text of `other` for this connection.
    mutating func grantAdopted(
        from other: Connection, _ reseal: (_ text: String, _ field: String) throws(ServiceError) -> String
    ) throws(ServiceError) {
        var texts: [String: String] = [:]
        for (field, text) in other.grant.credentials.sealedTexts { texts[field] = try reseal(text, field) }
        grant.adopt(
            other.grant,
            other.grant.credentials.moved(
                accessToken: texts["accessToken"], refreshToken: texts["refreshToken"],
                keeping: status == .connected ? grant.credentials : nil))
    }

    /// The account of an authorization is known: the connection works.
    package mutating func identified(
        as account: AccountIdentity, _ held: UnidentifiedGrant, callback: JSONValue, permissions: [String],
        at now: Timestamp
    ) throws(ServiceError) {
        try happen(.identified, at: now)
        identity.identified(as: account, callback: callback)
        grant.identify(held, permissions: permissions, at: now)
        failure = nil
        updatedAt = now
    }

    /// The user named the account or gave a key: the connection works.
    ///
    /// - Parameter key: the sealed key; nil where none is needed.
    package mutating func linked(
        to accountID: String?, key: String? = nil, permissions: [String] = [], at now: Timestamp
    ) throws(ServiceError) {
        try happen(.linked, at: now)
        identity.linked(to: accountID)
        grant.ask(permissions: permissions)
        grant.link(key: key, at: now)
    }

    /// The application says whether an integration without a provider is connected.
    package mutating func noted(isConnected: Bool, at now: Timestamp) throws(ServiceError) {
        // What is being ended stays as it is.
        guard disconnection == nil else { return }
        try happen(isConnected ? .noted : .unnoted, at: now)
        grant.note(connectedAt: isConnected ? now : nil)
        updatedAt = now
    }

    // MARK: Renewing the grant

    /// A token request is about to be sent; to be made durable before that.
    package mutating func refreshBegan(at now: Timestamp) { grant.beginRefresh(at: now) }

    /// The provider gave new tokens.
    package mutating func refreshed(_ tokens: SealedTokens, at now: Timestamp) throws(ServiceError) {
        try happen(.renewed, at: now)
        grant.renew(with: tokens, at: now)
        if let scopes = tokens.scopes { grant.setGrantedScopes(scopes) }
        failure = nil
        updatedAt = now
    }

    /// A refresh brought no new tokens.
    package mutating func refreshFailed(_ failed: RefreshFailure, at now: Timestamp) throws(ServiceError) {
        let unknownSince = refresh.unknownSince
        grant.failRefresh(failed, seed: id, at: now)
        var message = failed.error.message
        if failed.reason == .revoked, let unknownSince {
            message =
                "The answer to the refresh of \(unknownSince) was lost, and with it the token that replaced this one, which the "
                + "provider no longer takes: connect it again. \(message)"
        }
        var failure = ConnectionFailure(
            operation: .refresh, kind: failed.reason.failureKind, code: failed.error.code,
            message: String(message.prefix(ProviderError.messageLengthMax)), at: now)
        failure.retryAt = refresh.nextAttemptAt
        if case .scopeMissing(let missing) = failed.error.kind { failure.scopes = missing }
        self.failure = failure
        updatedAt = now
        guard failed.reason == .revoked else { return }
        try happen(.grantRefused, telling: ["reason": .string(message)], at: now)
    }

    /// The end of the grant is near, or not any more.
    package mutating func deadlineNoted(_ deadline: GrantDeadline?, at now: Timestamp) throws(ServiceError) {
        grant.noteDeadline(deadline)
        guard let deadline else { return }
        try notify(
            .expiring, ["reason": .string(deadline.reason.rawValue), "expiresAt": .string("\(deadline.at)")], at: now)
    }

    /// The same connection with tokens that came too late to be stored with it, so that they can be ended.
    package func carrying(_ tokens: SealedTokens, at now: Timestamp) -> Connection {
        var orphan = self
        orphan.grant.renew(with: tokens, at: now)
        return orphan
    }

    /// Seals every secret of the connection again.
    ///
    /// - Parameter reseal: the new sealed text of a field; nil leaves the text as it is.
    package mutating func resealed(_ reseal: (_ text: String, _ field: String) -> String?) {
        grant.reseal(reseal)
        notifications.reseal(reseal)
    }

    // MARK: Ending

    /// The provider says that the grant was ended there.
    ///
    /// An authorization that is under way is for a new grant and goes on.
    @discardableResult
    package mutating func revokedAtProvider(at now: Timestamp) throws(ServiceError) -> [Consequence] {
        let consequences = try happen(
            .revokedAtProvider, revocation: .revoked, telling: ["reason": "provider"], at: now)
        failure = ConnectionFailure(
            operation: .revoke, kind: .authRevoked, code: nil, message: "The access was ended at the provider.", at: now
        )
        updatedAt = now
        return consequences
    }

    /// The user asks for the end of the connection; answers that are still on their way are for an older grant from now on.
    @discardableResult
    package mutating func endRequested(_ disconnection: Disconnection, at now: Timestamp) throws(ServiceError)
        -> [Consequence]
    {
        let event: LifeEvent = disconnection == .delete ? .deletionRequested : .disconnectRequested
        // Nothing can be told of a deletion once it is done; a disconnect is told then.
        let consequences = try happen(event, telling: ["reason": "deleted"], at: now)
        grant.outdate()
        return consequences
    }

    /// The connection is disconnected: its secrets are forgotten.
    ///
    /// - Parameter outcome: of ending the grant at the provider.
    @discardableResult
    package mutating func disconnected(_ outcome: RevocationOutcome?, at now: Timestamp) throws(ServiceError)
        -> [Consequence]
    {
        let consequences = try happen(
            .disconnected(hadGrant: !credentials.isEmpty), revocation: outcome, telling: ["reason": "disconnected"],
            at: now)
        guard !consequences.isEmpty else { return [] }
        grant.disconnect()
        updatedAt = now
        return consequences
    }

    /// The connection is removed by its user.
    package mutating func removed(at now: Timestamp) throws(ServiceError) -> [Consequence] {
        try happen(.removed, at: now)
    }

    // MARK: Syncs

    /// A sync begins.
    package mutating func syncBegan(_ run: SyncRun) { sync.begin(run) }

    /// A request for a sync was answered with a run that another one had begun.
    package mutating func syncJoined(_ runID: String, by request: SyncIdempotency) { sync.join(request, to: runID) }

    /// A sync ended.
    ///
    /// - Parameters:
    ///   - read: the data types of which everything was read since it began.
    ///   - number: of the grant that it worked with; nil when it did not come to that.
    package mutating func syncEnded(
        _ runID: String, _ outcome: SyncOutcome, counts: (processed: Int, synced: Int, errors: Int), read: Set<String>,
        grant number: Int?, at now: Timestamp
    ) throws(ServiceError) {
        guard let run = sync.end(runID, outcome, counts: counts, read: read, at: now) else { return }
        updatedAt = now
        switch outcome.status {
        case .completed: try notify(.syncCompleted, run.eventData, at: now)
        case .partial: try notify(.syncPartial, run.eventData, at: now)
        case .failed: try notify(.syncFailed, run.eventData, at: now)
        case .canceled, .running: return
        }
        // Connected again meanwhile: what went wrong before is over.
        guard number == nil || number == grant.number else { return }
        if let failed = outcome.failures.first {
            // What ended the grant was recorded by the refresh that found it, with the provider's own code.
            let isKnown =
                failed.error.kind == .authRevoked && failed.error.code == nil && failure?.kind == .authRevoked
            if !isKnown { failure = ConnectionFailure(operation: .sync, failed.error, at: now) }
        } else if failure?.operation == .sync {
            failure = nil
        }
        guard outcome.failures.contains(where: { $0.error.kind == .authRevoked }) else { return }
        try happen(.grantRefused, telling: ["reason": .string(outcome.message ?? "")], at: now)
    }

    /// The provider says that something changed.
    package mutating func changesNoted(of dataTypes: [String]) { sync.note(changesOf: dataTypes) }

    // MARK: Settings and notifications

    /// The user changed the settings.
    ///
    /// - Parameter newSecret: a new sealed signing secret; called when a URL is set and there is none.
    package mutating func settingsChanged(
        _ change: SettingsChange, newSecret: () throws(ServiceError) -> String, at now: Timestamp
    ) throws(ServiceError) {
        if let frequency = change.syncFrequency { settings.set(syncFrequency: frequency) }
        if let url = change.webhookURL {
            settings.set(webhookURL: url)
            if url == nil { notifications.close() } else { try notifications.open(newSecret: newSecret) }
        }
        if let permissions = change.permissions { grant.ask(permissions: permissions) }
        updatedAt = now
    }

    /// A delivery was attempted.
    @discardableResult
    package mutating func deliveryAttempted(_ result: WebhookAttempt, _ schedule: WebhookSchedule) -> AttemptEffect {
        notifications.record(result, url: settings.webhookURL, schedule)
    }

    /// The user asks for an event to be delivered again.
    package mutating func redeliveryRequested(_ eventID: String) throws(ServiceError) -> ConnectionEvent {
        try notifications.redeliver(eventID, to: settings.webhookURL)
    }

    /// The user asks for a test event.
    package mutating func testRequested(at now: Timestamp) throws(ServiceError) -> ConnectionEvent {
        let event = try ConnectionEvent.new(
            .test, ["message": "This notification was asked for to test the endpoint."], at: now)
        try notifications.test(event, to: settings.webhookURL)
        return event
    }

    /// Makes the signing secret of a connection that has a URL from before there were secrets.
    package mutating func signingSecretNeeded(_ new: () throws(ServiceError) -> String) throws(ServiceError) {
        guard settings.webhookURL != nil else { throw Notifications.noURL }
        try notifications.ensureSecret(new)
    }

    /// The signing secret was replaced.
    ///
    /// - Parameter overlapEnds: until when the one before signs along; nil when it does not.
    package mutating func signingSecretReplaced(by sealed: String, overlapEnds: Timestamp?) throws(ServiceError) {
        guard settings.webhookURL != nil else { throw Notifications.noURL }
        notifications.replaceSecret(by: sealed, overlapEnds: overlapEnds)
    }

    /// Erases a replaced signing secret whose time is over.
    package mutating func retiringSecretLapsed(at now: Timestamp) { notifications.eraseRetiringSecret(at: now) }

    /// Gives up the oldest event that waits, because the user has too many.
    mutating func oldestEventDropped() { notifications.dropOldest() }

    /// Forgets the oldest delivery that ended, because the user has too many.
    mutating func oldestDeliveryForgotten() { notifications.forgetOldestDelivery() }
}

// MARK: Stored form

extension Connection {
    /// The names of version 0.1.0 in their order; members that came later stand behind them.
    private static let order = [
        "id", "number", "service", "variant", "accountId", "accountName", "mode", "status", "permissions",
        "requestedScopes", "grantedScopes", "settings", "createdAt", "updatedAt", "connectedAt", "expiresAt",
        "lastSyncAt", "syncStatus", "scheduledSyncAt", "changes", "callback", "credentials", "authorizations", "grant",
        "refresh", "held", "ending", "revocation", "deadlineTold", "failure", "syncs", "outbox", "eventsDropped",
        "webhook",
    ]

    private static let ownMembers: [StoredMember<Connection>] = [
        .init(
            "settings", { ConnectionSettings.members.write($0.settings, to: &$1) },
            { ConnectionSettings.members.read($1, into: &$0.settings) }),
        .init("createdAt", { $1.value($0.createdAt) }, { _, _ in }),
        .init("updatedAt", { $1.value($0.updatedAt) }, { $0.updatedAt = $1.moment ?? $0.updatedAt }),
        .init(
            "failure", omittedIf: { $0.failure == nil }, { $0.failure?.write(to: &$1) },
            { $0.failure = ConnectionFailure(decoding: $1) }),
    ]

    private static let members = (facetMembers + ownMembers).ordered(by: order)

    /// The members of the facets; each is written and read by the facet's own table.
    private static var facetMembers: [StoredMember<Connection>] {
        var members = ConnectionIdentity.members.map { member in
            StoredMember<Connection>(
                member.name, omittedIf: { member.isOmitted($0.identity) }, { member.write($0.identity, &$1) },
                { member.read(&$0.identity, $1) })
        }
        members += ConnectionLife.members.map { member in
            StoredMember<Connection>(
                member.name, omittedIf: { member.isOmitted($0.life) }, { member.write($0.life, &$1) },
                { member.read(&$0.life, $1) })
        }
        members += Grant.members.map { member in
            StoredMember<Connection>(
                member.name, omittedIf: { member.isOmitted($0.grant) }, { member.write($0.grant, &$1) },
                { member.read(&$0.grant, $1) })
        }
        members += SyncState.members.map { member in
            StoredMember<Connection>(
                member.name, omittedIf: { member.isOmitted($0.sync) }, { member.write($0.sync, &$1) },
                { member.read(&$0.sync, $1) })
        }
        members += Notifications.members.map { member in
            StoredMember<Connection>(
                member.name, omittedIf: { member.isOmitted($0.notifications) },
                { member.write($0.notifications, &$1) }, { member.read(&$0.notifications, $1) })
        }
        return members
    }

    private static let knownNames = Set(members.map(\.name))

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            Self.members.writeMembers(of: self, to: &writer)
            for (key, value) in unknown { writer.member(key, value) }
        }
    }

    package init(decoding value: JSONValue) throws(UserCodingError) {
        guard let identity = ConnectionIdentity(decoding: value),
            let status = value["status"]?.string.flatMap(ConnectionStatus.init),
            let createdAt = value.moment("createdAt")
        else { throw UserCodingError(problem: "a connection lacks id, number, service, status or createdAt") }
        self.identity = identity
        life = ConnectionLife(status)
        self.createdAt = createdAt
        updatedAt = createdAt
        Self.members.read(value, into: &self)
        unknown = (value.members ?? []).filter { !Self.knownNames.contains($0.key) }
    }
}
