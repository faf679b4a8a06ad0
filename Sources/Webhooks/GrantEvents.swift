// Handles a provider's event that a grant has ended. An event about an older grant does nothing. For an event of
// doubtful age the host asks the provider. Any other event makes the connection revoked and erases its credentials.

import ConnectionModel
import HTTPClient
import Observability
import Primitives
import ProviderSDK
import Providers
import Users

/// Whether the ended grant is the present one.
enum GrantAge: Sendable, Equatable {
    /// The event is about an older grant.
    case older
    /// The event is about the present grant.
    case present
    /// The clocks cannot decide it.
    case doubtful

    /// Compares the time of an event with the time of the grant.
    ///
    /// - Parameters:
    ///   - occurredAt: in whole seconds, as most providers give it; nil when the provider does not say.
    ///   - grantedAt: when the host received the present grant.
    init(occurredAt: Timestamp?, grantedAt: Timestamp) {
        guard let occurredAt else {
            self = .doubtful
            return
        }
        // A provider gives the time in whole seconds.
        let second = Timestamp(seconds: grantedAt.milliseconds / 1000) ?? grantedAt
        if occurredAt >= second {
            self = .present
        } else if occurredAt.advanced(by: WebhookLimits.clockSkewMax) < grantedAt {
            self = .older
        } else {
            self = .doubtful
        }
    }
}

/// Processes provider events about grants.
struct GrantEvents: Sendable {
    let users: UserStore
    let credentials: any ConnectionCredentials
    let gateway: ProviderGateway
    let time: TimeSource
    let log: Log

    /// The outcome of an event for one connection.
    enum Outcome: Sendable, Equatable {
        case revoked
        /// The event is about an older grant, or the connection has none.
        case ignored
        /// The provider could not be asked.
        case unknown
    }

    /// Handles an event that the grant of `connection` ended.
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
        // The check may have refreshed the token; that is still the same grant.
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
        // Earlier writes stay in the journal until all of it is checkpointed.
        await users.flush()
        return .revoked
    }

    /// Returns whether the provider accepts the credential; nil when it gave no clear answer.
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
