// The foreseeable end of a grant that the application was notified of.

package import ProviderSDK
package import StoredValues

/// A moment after which only the user can make a connection work again.
package struct GrantDeadline: Sendable, Equatable {
    /// The reason for the end.
    package enum Reason: String, Sendable, CaseIterable {
        /// No refresh can extend the grant.
        case grantEnds
        /// The refresh token expires because it was not used for a long time.
        case unused
        /// The access token expires and cannot be replaced.
        case accessTokenEnds
    }

    package let reason: Reason
    @Moment package private(set) var at: Timestamp

    package init(reason: Reason, at: Timestamp) {
        self.reason = reason
        self.at = at
    }

    /// Whether `earlier` is the same deadline.
    ///
    /// A provider that reports the remaining time shifts it by seconds with every response.
    package func isSame(as earlier: GrantDeadline?) -> Bool {
        guard let earlier, reason == earlier.reason else { return false }
        return abs(at.milliseconds - earlier.at.milliseconds) < 6 * 3_600_000
    }
}

// MARK: Stored form

extension GrantDeadline {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("reason", reason.rawValue)
            writer.moment("at", at)
        }
    }

    package init?(decoding value: JSONValue) {
        guard let reason = value["reason"]?.string.flatMap(Reason.init), let at = value.moment("at") else { return nil }
        self.init(reason: reason, at: at)
    }
}
