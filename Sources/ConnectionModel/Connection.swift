// A user's connection to one account of one provider: the aggregate behind all five API documents.
// Only the transitions here write its facets. They take facts (what happened, when, with which values) and return the consequences.
// Does not use HTTP, a clock or storage.

package import ProviderSDK

/// A connection of a user to one account of one provider.
///
/// A transition that the connection's state does not allow throws, and changes no stored value.
package struct Connection: Sendable {
    private(set) var shared: SharedFacets

    private var facets: Facets {
        get { shared.facets }
        _modify {
            if !isKnownUniquelyReferenced(&shared) || shared.isRead { shared = SharedFacets(shared.facets) }
            yield &shared.facets
        }
    }

    package private(set) var identity: ConnectionIdentity {
        get { shared.facets.identity }
        _modify { yield &facets.identity }
    }
    package private(set) var life: ConnectionLife {
        get { shared.facets.life }
        _modify { yield &facets.life }
    }
    package private(set) var grant: Grant {
        get { shared.facets.grant }
        _modify { yield &facets.grant }
    }
    package private(set) var sync: SyncState {
        get { shared.facets.sync }
        _modify { yield &facets.sync }
    }
    package private(set) var notifications: Notifications {
        get { shared.facets.notifications }
        _modify { yield &facets.notifications }
    }
    package private(set) var settings: ConnectionSettings {
        get { shared.facets.settings }
        _modify { yield &facets.settings }
    }
    /// The last failure, for explanations.
    package private(set) var failure: ConnectionFailure? {
        get { shared.facets.failure }
        _modify { yield &facets.failure }
    }
    package private(set) var createdAt: Timestamp {
        get { shared.facets.createdAt }
        _modify { yield &facets.createdAt }
    }
    package private(set) var updatedAt: Timestamp {
        get { shared.facets.updatedAt }
        _modify { yield &facets.updatedAt }
    }
    /// Members of the stored document that this version does not know; they are kept unchanged.
    package private(set) var unknown: [(key: String, value: JSONValue)] {
        get { shared.facets.unknown }
        _modify { yield &facets.unknown }
    }

    /// A new connection.
    package init(
        id: String, number: Int, service: String, variant: String? = nil, status: ConnectionStatus, at now: Timestamp
    ) {
        let identity = ConnectionIdentity(id: id, number: number, service: service, variant: variant)
        shared = SharedFacets(
            Facets(identity: identity, life: ConnectionLife(status), createdAt: now, updatedAt: now))
    }

    package init(decoding value: JSONValue) throws(UserCodingError) {
        shared = SharedFacets(try Facets(decoding: value))
    }

    // MARK: Life

    /// Applies `event`: changes the state and carries out the consequences inside the document.
    ///
    /// - Parameters:
    ///   - revocation: the outcome of ending the grant at the provider, when the event ends it.
    ///   - data: further data for the application's notification.
    /// - Throws: ``ServiceError/conflict(_:)`` when the state does not allow the event.
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

    /// Queues a notification, if the connection has a webhook URL.
    private mutating func notify(
        _ kind: ConnectionEvent.Kind, _ data: JSONValue = [:], at now: Timestamp
    ) throws(ServiceError) {
        guard settings.webhookURL != nil else { return }
        notifications.queue(try .new(kind, data, at: now))
    }

    // MARK: Connecting

    /// Records that an authorization was started.
    package mutating func authorizationBegan(_ authorization: PendingAuthorization, permissions: [String]) {
        grant.begin(authorization, permissions: permissions)
    }

    /// Consumes the authorization of a callback.
    ///
    /// - Returns: the authorization; nil when no authorization has this nonce.
    package mutating func authorizationClaimed(_ nonce: String, at now: Timestamp) -> PendingAuthorization? {
        guard let authorization = grant.claim(nonce) else { return nil }
        updatedAt = now
        return authorization
    }

    /// Drops authorizations that were not completed in time.
    package mutating func authorizationsLapsed(at now: Timestamp) { grant.dropAuthorizations(endedBy: now) }

    /// Records that an authorization failed before the provider returned tokens.
    package mutating func authorizationFailed(
        _ operation: ConnectionOperation, _ error: ProviderError, at now: Timestamp
    ) throws(ServiceError) {
        failure = ConnectionFailure(operation: operation, error, at: now)
        updatedAt = now
        try happen(.authorizationFailed, telling: ["reason": .string(error.message)], at: now)
    }

    /// Stores the tokens of the provider while the account is not known yet.
    package mutating func authorized(_ tokens: SealedTokens, _ unidentified: UnidentifiedGrant) throws(ServiceError) {
        try happen(.authorized, at: unidentified.at)
        grant.hold(tokens, unidentified)
        updatedAt = unidentified.at
    }

    /// Records that the provider could not identify the account of the tokens; the host asks again later.
    package mutating func identificationPostponed(_ error: ProviderError, at now: Timestamp) {
        grant.postponeIdentification(error.retryAfter, seed: id, at: now)
        var failure = ConnectionFailure(operation: .identify, error, at: now)
        failure.retryAt = grant.unidentified?.nextAttemptAt
        self.failure = failure
        updatedAt = now
    }

    /// Records that the account of the tokens cannot be identified and that the grant was ended.
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

    /// Replaces the tokens by those that `other` received for the same account.
    ///
    /// - Parameter reseal: seals a text of `other` for this connection.
    package mutating func grantAdopted(
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

    /// Records the account of an authorization; the connection is now connected.
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

    /// Records the account that the user named or the key that the user gave; the connection is now connected.
    ///
    /// - Parameter key: the sealed key; nil when no key is needed.
    package mutating func linked(
        to accountID: String?, key: String? = nil, permissions: [String] = [], at now: Timestamp
    ) throws(ServiceError) {
        try happen(.linked, at: now)
        identity.linked(to: accountID)
        grant.ask(permissions: permissions)
        grant.link(key: key, at: now)
    }

    /// Records a key that the provider has accepted, and its account; the connection is now connected.
    package mutating func keyAccepted(
        _ key: String, of account: AccountIdentity?, permissions: [String], at now: Timestamp
    ) throws(ServiceError) {
        try happen(.linked, at: now)
        if let account { identity.identified(as: account, callback: [:]) }
        grant.ask(permissions: permissions)
        grant.link(key: key, at: now)
        failure = nil
        updatedAt = now
    }

    /// Sets whether an integration without a provider is connected, as the application reports it.
    package mutating func noted(isConnected: Bool, at now: Timestamp) throws(ServiceError) {
        // A connection that is being ended does not change.
        guard disconnection == nil else { return }
        try happen(isConnected ? .noted : .unnoted, at: now)
        grant.note(connectedAt: isConnected ? now : nil)
        updatedAt = now
    }

    // MARK: Renewing the grant

    /// Records that a token request is about to be sent.
    ///
    /// Make this durable before you send the request.
    package mutating func refreshBegan(at now: Timestamp) { grant.beginRefresh(at: now) }

    /// Stores new tokens from the provider.
    package mutating func refreshed(_ tokens: SealedTokens, at now: Timestamp) throws(ServiceError) {
        // The application was not notified of a doubt.
        try happen(refresh.isDoubted ? .doubtResolved : .renewed, at: now)
        grant.renew(with: tokens, at: now)
        if let scopes = tokens.scopes { grant.setGrantedScopes(scopes) }
        failure = nil
        updatedAt = now
    }

    /// Records that a refresh returned no new tokens.
    package mutating func refreshFailed(_ failed: RefreshFailure, at now: Timestamp) throws(ServiceError) {
        let (unknownSince, wasRefused) = (refresh.unknownSince, refresh.refusals)
        grant.failRefresh(failed, seed: id, at: now)
        var message = failed.error.message
        if failed.reason == .revoked, let unknownSince {
            message =
                "The response to the refresh of \(unknownSince) was lost, together with the new token. "
                + "The provider no longer accepts the old one: connect it again. \(message)"
        }
        var failure = ConnectionFailure(
            operation: .refresh, kind: failed.reason.failureKind, code: failed.error.code,
            message: String(message.prefix(ProviderError.messageLengthMax)), at: now)
        failure.retryAt = refresh.nextAttemptAt
        if case .scopeMissing(let missing) = failed.error.kind { failure.scopes = missing }
        self.failure = failure
        updatedAt = now
        guard failed.reason == .revoked, refresh.refusals != wasRefused else { return }
        // One refusal may be passing. After two the connection cannot be used, and after three it is dead.
        switch refresh.refusals {
        case 1: break
        case 2: try happen(.grantDoubted, at: now)
        default:
            try happen(
                wasRefused == 2 ? .doubtConfirmed : .grantRefused, telling: ["reason": .string(message)], at: now)
        }
    }

    /// Records that the access token has ended and that nothing can renew it.
    package mutating func lapsed(at now: Timestamp) throws(ServiceError) {
        try happen(.grantRefused, telling: ["reason": "The access token has ended."], at: now)
        updatedAt = now
    }

    /// Returns the connection as it is at `now`: expired when its access token has ended and nothing can renew it.
    package func asOf(_ now: Timestamp) -> Connection {
        guard isLapsed(at: now) else { return self }
        var connection = self
        connection.life = ConnectionLife(.expired)
        return connection
    }

    /// Updates whether the end of the grant is near.
    package mutating func deadlineNoted(_ deadline: GrantDeadline?, at now: Timestamp) throws(ServiceError) {
        grant.noteDeadline(deadline)
        guard let deadline else { return }
        try notify(
            .expiring, ["reason": .string(deadline.reason.rawValue), "expiresAt": .string("\(deadline.at)")], at: now)
    }

    /// Returns a copy with tokens that came too late to be stored, so that they can be revoked.
    package func carrying(_ tokens: SealedTokens, at now: Timestamp) -> Connection {
        var orphan = self
        orphan.grant.renew(with: tokens, at: now)
        return orphan
    }

    /// Returns what is left of a connection that gave up its grant: its account and its secrets.
    package func remnant(at now: Timestamp) -> Connection {
        var remnant = Connection(
            id: id, number: number, service: service, variant: variant, status: .disconnected, at: createdAt)
        remnant.identity = identity
        remnant.grant = grant.remnant
        remnant.updatedAt = now
        return remnant
    }

    /// Records the outcome of a revocation that the provider had not answered when the connection gave up its grant.
    package mutating func revocationEnded(_ outcome: RevocationOutcome) {
        guard status == .disconnected, revocation == .pending else { return }
        grant.noteRevocation(outcome)
    }

    /// Seals every secret of the connection again.
    ///
    /// - Parameter reseal: returns the new sealed text of a field; nil leaves the text unchanged.
    package mutating func resealed(_ reseal: (_ text: String, _ field: String) -> String?) {
        grant.reseal(reseal)
        notifications.reseal(reseal)
    }

    // MARK: Ending

    /// Records that the provider reports the end of the grant.
    ///
    /// A pending authorization is for a new grant and continues.
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

    /// Starts to end the connection at the user's request.
    ///
    /// Responses that are still in flight then belong to an older grant.
    @discardableResult
    package mutating func endRequested(_ disconnection: Disconnection, at now: Timestamp) throws(ServiceError)
        -> [Consequence]
    {
        let event: LifeEvent = disconnection == .delete ? .deletionRequested : .disconnectRequested
        // A deletion is reported now, because no notification is possible after it. A disconnect is reported when it is done.
        let consequences = try happen(event, telling: ["reason": "deleted"], at: now)
        grant.outdate()
        return consequences
    }

    /// Completes a disconnect: erases the secrets.
    ///
    /// - Parameter outcome: the outcome of ending the grant at the provider.
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

    /// Records that the user removes the connection.
    package mutating func removed(at now: Timestamp) throws(ServiceError) -> [Consequence] {
        try happen(.removed, at: now)
    }

    // MARK: Syncs

    /// Records that a sync started.
    package mutating func syncBegan(_ run: SyncRun) { sync.begin(run) }

    /// Records that a request for a sync was answered with a run that another request started.
    package mutating func syncJoined(_ run: SyncRun, by request: SyncIdempotency) { sync.join(request, to: run) }

    /// Records that a sync ended.
    ///
    /// - Parameters:
    ///   - read: the data types that were read completely since the sync started.
    ///   - number: the number of the grant that the sync used; nil when it used none.
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
        // The connection was connected again in the meantime, so the earlier failure is over.
        guard number == nil || number == grant.number else { return }
        if let failed = outcome.failures.first {
            // The refresh that found the end of the grant recorded it with the provider's own code.
            let isKnown =
                failed.error.kind == .authRevoked && failed.error.code == nil && failure?.kind == .authRevoked
            if !isKnown { failure = ConnectionFailure(operation: .sync, failed.error, at: now) }
        } else if failure?.operation == .sync {
            failure = nil
        }
        guard outcome.failures.contains(where: { $0.error.kind == .authRevoked }) else { return }
        try happen(.grantRefused, telling: ["reason": .string(outcome.message ?? "")], at: now)
    }

    /// Records that the provider reports a change.
    package mutating func changesNoted(of dataTypes: [String]) { sync.note(changesOf: dataTypes) }

    // MARK: Settings and notifications

    /// Applies the user's changes of the settings.
    ///
    /// - Parameter newSecret: returns a new sealed signing secret; called when a URL is set and no secret exists.
    package mutating func settingsChanged(
        _ change: SettingsChange, newSecret: () throws(ServiceError) -> String, at now: Timestamp
    ) throws(ServiceError) {
        settings.apply(change)
        if let url = change.webhookURL {
            if url == nil { notifications.close() } else { try notifications.open(newSecret: newSecret) }
        }
        if let permissions = change.permissions { grant.ask(permissions: permissions) }
        updatedAt = now
    }

    /// Records an attempt to deliver a notification.
    @discardableResult
    package mutating func deliveryAttempted(_ result: DeliveryAttempt, _ schedule: DeliverySchedule) -> AttemptEffect {
        notifications.record(result, url: settings.webhookURL, schedule)
    }

    /// Queues an event again at the user's request.
    ///
    /// - Parameter moved: the event as the connection's history has it; nil when that has none.
    package mutating func redeliveryRequested(
        _ eventID: String, _ moved: ConnectionEvent? = nil
    ) throws(ServiceError) -> ConnectionEvent {
        try notifications.redeliver(eventID, moved, to: settings.webhookURL)
    }

    /// Queues a test event at the user's request.
    package mutating func testRequested(at now: Timestamp) throws(ServiceError) -> ConnectionEvent {
        let event = try ConnectionEvent.new(
            .test, ["message": "This is a test notification."], at: now)
        try notifications.test(event, to: settings.webhookURL)
        return event
    }

    /// Creates the signing secret of a connection whose URL was set before signing secrets existed.
    package mutating func signingSecretNeeded(_ new: () throws(ServiceError) -> String) throws(ServiceError) {
        guard settings.webhookURL != nil else { throw Notifications.noURL }
        try notifications.ensureSecret(new)
    }

    /// Replaces the signing secret.
    ///
    /// - Parameter overlapEnds: until when the previous secret also signs; nil when it does not.
    package mutating func signingSecretReplaced(by sealed: String, overlapEnds: Timestamp?) throws(ServiceError) {
        guard settings.webhookURL != nil else { throw Notifications.noURL }
        notifications.replaceSecret(by: sealed, overlapEnds: overlapEnds)
    }

    /// Erases a replaced signing secret whose overlap has ended.
    package mutating func retiringSecretLapsed(at now: Timestamp) { notifications.eraseRetiringSecret(at: now) }

    // MARK: History

    /// Records that the connection's history has what had ended in `earlier`, durably.
    package mutating func endedMoved(_ earlier: Connection) { facets.endedMoved(earlier.shared.facets) }

    /// Returns the connection with what its history has, as if nothing had moved: for readers, and for formats without histories.
    package func recalling(syncs: [SyncRun], deliveries: [ConnectionEvent]) -> Connection {
        var connection = self
        connection.facets.recall(syncs: syncs, deliveries: deliveries)
        return connection
    }

    /// Drops the oldest waiting event, because the user has too many.
    package mutating func oldestEventDropped() { notifications.dropOldest() }

    /// Drops the oldest finished delivery, because the user has too many.
    package mutating func oldestDeliveryForgotten() { notifications.forgetOldestDelivery() }
}
