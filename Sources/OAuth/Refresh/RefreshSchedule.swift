// Computes when a connection's token must be replaced and when its grant ends for good, from the connection and the
// manifest alone. Pure.

import ConnectionModel
import Primitives
import ProviderSDK

/// The times at which a connection's token and grant need action.
enum RefreshSchedule {
    /// The longest time before its expiry that a token is replaced, without jitter.
    static let marginMax = Duration.seconds(300)

    /// Returns how long before its expiry a token with this lifetime is replaced.
    ///
    /// The result is five to ten minutes, depending on the connection, and at most a fifth of the lifetime.
    ///
    /// - Parameter life: the lifetime; nil when it is not known.
    static func margin(life: Duration?, seed: String) -> Duration {
        let margin = min(marginMax, (life ?? .seconds(3600)) / 10)
        return margin * (1 + Jitter.fraction(seed))
    }

    /// Returns how long before its expiry a token that expires when unused is refreshed.
    ///
    /// The result is a quarter of its lifetime, or slightly less depending on the connection.
    static func keepAliveMargin(life: Duration, seed: String) -> Duration {
        life / 4 * (0.8 + 0.2 * Jitter.fraction(seed))
    }

    /// Whether the access token can be replaced.
    static func canRefresh(_ connection: Connection, _ oauth: OAuth2) -> Bool {
        switch oauth.refresh {
        case .refreshToken: connection.credentials.refreshToken != nil
        case .accessToken: connection.credentials.accessToken != nil
        default: false
        }
    }

    /// Returns when the token should be replaced; nil when it never needs to be.
    ///
    /// A token is due before it ends, and before an unused grant expires. It is due at once when it is unknown whether it was
    /// replaced already, and when the provider called the grant dead and will be asked again.
    static func dueAt(_ connection: Connection, _ oauth: OAuth2) -> Timestamp? {
        guard canRefresh(connection, oauth) else { return nil }
        if connection.refresh.isUnknown || connection.refresh.isDoubted { return .epoch }
        let issuedAt = connection.credentials.issuedAt
        if case .accessToken(let style) = oauth.refresh {
            guard let end = connection.expiresAt else { return nil }
            let life = issuedAt.map { end.duration(since: $0) } ?? .seconds(3600)
            let due = end.advanced(by: .zero - keepAliveMargin(life: life, seed: connection.id))
            return issuedAt.map { max(due, $0.advanced(by: style.minimumAge)) } ?? due
        }
        let access = connection.expiresAt.map { end in
            end.advanced(
                by: .zero
                    - margin(
                        life: issuedAt.map { end.duration(since: $0) }, seed: connection.id))
        }
        let idle = connection.credentials.refreshExpiresAt.map { end in
            let life = issuedAt.map { end.duration(since: $0) } ?? .seconds(86_400)
            return end.advanced(by: .zero - keepAliveMargin(life: life, seed: connection.id))
        }
        return [access, idle].compactMap { $0 }.min()
    }

    /// Whether the provider would refuse to renew the token yet.
    static func isTooYoung(_ connection: Connection, _ oauth: OAuth2, at now: Timestamp) -> Bool {
        guard case .accessToken(let style) = oauth.refresh, let issuedAt = connection.credentials.issuedAt else {
            return false
        }
        return now < issuedAt.advanced(by: style.minimumAge)
    }

    /// Returns the end of the grant when it is near enough to announce; otherwise nil.
    static func deadline(
        _ connection: Connection, _ oauth: OAuth2?, at now: Timestamp
    ) -> GrantDeadline? {
        guard connection.expiresSoon(oauth, at: now), let end = connection.grantEnd(oauth) else { return nil }
        if connection.credentials.grantExpiresAt == end { return GrantDeadline(reason: .grantEnds, at: end) }
        let isRenewable = oauth.map { canRefresh(connection, $0) } ?? false
        return GrantDeadline(reason: isRenewable ? .unused : .accessTokenEnds, at: end)
    }
}
