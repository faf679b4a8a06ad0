// The foreseeable end of a grant that the application was told of.

package import ProviderSDK

/// A moment after which only the user can make a connection work again.
package struct GrantDeadline: Sendable, Equatable {
    /// Why it ends then.
    package enum Reason: String, Sendable, CaseIterable {
        /// No refresh moves the end of the grant.
        case grantEnds
        /// What renews it ends of disuse: it could not be used for long.
        case unused
        /// The access token ends and nothing can replace it.
        case accessTokenEnds
    }

    package let reason: Reason
    package let at: Timestamp

    package init(reason: Reason, at: Timestamp) {
        self.reason = reason
        self.at = at
    }

    /// Whether `earlier` is the same deadline: a provider that gives the time left moves it by seconds with every answer.
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
