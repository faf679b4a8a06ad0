// What becomes of a connection whose provider says that its grant has ended: an event about an older grant does nothing, one of
// doubtful age is checked by asking the provider, any other makes the connection revoked and erases its credentials.

import ConnectionModel
import HTTPClient
import Observability
import Primitives
import ProviderSDK
import Providers

/// How the end of a grant stands to the present one.
enum GrantAge: Sendable, Equatable {
    /// It is about an older grant.
    case older
    /// It is about the present one.
    case present
    /// The clocks do not tell.
    case doubtful

    /// The age of an event.
    ///
    /// - Parameters:
    ///   - occurredAt: in whole seconds, as most providers tell; nil when they do not.
    ///   - grantedAt: the moment at which the host had the present grant.
    init(occurredAt: Timestamp?, grantedAt: Timestamp) {
        guard let occurredAt else {
            self = .doubtful
            return
        }
        // A provider tells the second in which something happened.
        let second = Timestamp(seconds: grantedAt.milliseconds / 1000) ?? grantedAt
        if occurredAt >= second {
            self = .present
        } else if occurredAt.advanced(by: IncomingLimits.clockSkewMax) < grantedAt {
            self = .older
        } else {
            self = .doubtful
        }
    }

    /// The moment of an event by the host's clock.
    ///
    /// A delivery that was signed after it arrived tells how far the host's clock is behind: without that, the end of an older grant
    /// would look like the end of the present one. The other way round nothing is known, because deliveries are repeated.
    static func moment(_ occurredAt: Timestamp?, sentAt: Timestamp?, receivedAt: Timestamp) -> Timestamp? {
        guard let occurredAt, let sentAt, sentAt > receivedAt else { return occurredAt }
        return occurredAt.advanced(by: receivedAt.duration(since: sentAt))
    }
}

/// Carries out what providers say about grants.
struct GrantEvents: Sendable {
    let users: UserStore
    let credentials: any ConnectionCredentials
    let gateway: ProviderGateway
    let time: TimeSource
    let log: Log

    /// What became of an event for one connection.
    enum Outcome: Sendable, Equatable {
        case revoked
        /// It is about an older grant, or the connection has none.
        case ignored
        /// The provider could not be asked.
        case unknown
    }

    /// The provider says that the grant of `connection` ended.
    func end(
        _ event: InboxEvent, of connection: Connection, user userID: String, _ provider: ConfiguredProvider
    ) async throws(ServiceError) -> Outcome {
        guard !connection.credentials.isEmpty, connection.disconnection == nil,
            let grantedAt = connection.grant.grantedAt
        else {
            return .ignored
        }
        switch GrantAge(occurredAt: event.occurredAt, grantedAt: grantedAt) {
        case .older: return .ignored
        case .present: break
        case .doubtful:
            switch await isAlive(connection, user: userID, provider) {
            case true: return .ignored
            case nil: return .unknown
            default: break
            }
        }
        let now = time.now
        // Asking may have refreshed the token, which is no other grant.
        let consequences = try await users.update(userID) { (user) throws(ServiceError) -> [Consequence] in
            try user.update(
                connection.id,
                where: {
                    $0.grant.number == connection.grant.number && $0.disconnection == nil && !$0.credentials.isEmpty
                }
            ) { (connection) throws(ServiceError) in try connection.revokedAtProvider(at: now) } ?? []
        }
        guard consequences.contains(.eraseGrant) else { return .ignored }
        log.info(
            "A connection was revoked at its provider.",
            ["connectionId": .text(connection.id), "service": .text(connection.service)])
        // What was written before is in the journal until everything in it is in place.
        await users.flush()
        return .revoked
    }

    /// Whether the provider takes the credential; nil when it did not say.
    private func isAlive(_ connection: Connection, user: String, _ provider: ConfiguredProvider) async -> Bool? {
        let source = credentials.source(user: user, connection: connection.id, provider: provider, grant: nil)
        let names = provider.grantedDataTypes(of: connection)
        do {
            if let name = names.first, let dataType = provider.manifest.dataType(name) {
                let session = ProviderSession(
                    gateway, provider, account: connection.account,
                    credentials: BoundedCredential(source, replacementsMax: 1))
                let since = dataType.incremental == nil ? nil : time.now.advanced(by: .seconds(-60))
                _ = try await session.page(PageRequest(dataType: name, cursor: nil, since: since))
            } else {
                _ = try await credentials.refresh(
                    user: user, connection: connection.id, provider: provider, replacing: nil)
            }
            return true
        } catch {
            switch error.kind {
            case .authRevoked: return false
            case .changesUnavailable, .scopeMissing: return true
            default: return nil
            }
        }
    }
}
