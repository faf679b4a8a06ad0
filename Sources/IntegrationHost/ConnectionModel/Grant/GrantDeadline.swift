// The foreseeable end of a grant that the application was told of.

import ProviderSDK

/// A moment after which only the user can make a connection work again.
struct GrantDeadline: Sendable, Equatable {
    /// Why it ends then.
    enum Reason: String, Sendable, CaseIterable {
        /// No refresh moves the end of the grant.
        case grantEnds
        /// What renews it ends of disuse: it could not be used for long.
        case unused
        /// The access token ends and nothing can replace it.
        case accessTokenEnds
    }

    let reason: Reason
    let at: Timestamp

    /// Whether `earlier` is the same deadline: a provider that gives the time left moves it by seconds with every answer.
    func isSame(as earlier: GrantDeadline?) -> Bool {
        guard let earlier, reason == earlier.reason else { return false }
        return abs(at.milliseconds - earlier.at.milliseconds) < 6 * 3_600_000
    }
}

// MARK: Stored form

extension GrantDeadline {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("reason", reason.rawValue)
            writer.moment("at", at)
        }
    }

    init?(decoding value: JSONValue) {
        guard let reason = value["reason"]?.string.flatMap(Reason.init), let at = value.moment("at") else { return nil }
        self.init(reason: reason, at: at)
    }
}
