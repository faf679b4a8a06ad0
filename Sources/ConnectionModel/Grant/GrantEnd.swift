// Computes when a grant ends, and whether that is soon, from the expiry of its tokens. Pure.

package import ProviderSDK

extension Connection {
    /// The longest time before its end at which a grant counts as ending.
    static let expiresSoonMax = Duration.seconds(7 * 86_400)

    /// Returns the moment by which the user must connect again unless a refresh moves it.
    ///
    /// Returns nil when no end is known.
    package func grantEnd(_ oauth: OAuth2?) -> Timestamp? {
        guard !credentials.isEmpty else { return nil }
        var ends = [credentials.grantExpiresAt]
        if isRenewable(oauth) {
            ends.append(credentials.refreshExpiresAt)
        } else {
            ends.append(expiresAt)
        }
        return ends.compactMap(\.self).min()
    }

    /// Whether the host can get a new access token without the user.
    private func isRenewable(_ oauth: OAuth2?) -> Bool {
        switch oauth?.refresh {
        case .refreshToken: credentials.refreshToken != nil
        // The access token renews itself here: when it expires, the grant ends too.
        default: false
        }
    }

    /// Whether the grant of a working connection ends within a week, or within a fifth of a shorter lifetime.
    package func expiresSoon(_ oauth: OAuth2?, at now: Timestamp) -> Bool {
        expiresSoonFrom(oauth).map { $0 <= now } ?? false
    }

    /// The moment from which the grant of a working connection ends soon, unless a refresh moves it; nil for never.
    package func expiresSoonFrom(_ oauth: OAuth2?) -> Timestamp? {
        guard status == .connected, let end = grantEnd(oauth) else { return nil }
        var margin = Self.expiresSoonMax
        if let begin = credentials.issuedAt ?? connectedAt {
            margin = min(margin, max(.zero, end.duration(since: begin) / 5))
        }
        return end.advanced(by: .zero - margin)
    }
}
