// Where what a manifest says about its provider comes from. Hosts print it; nothing depends on it.

/// How far the facts in a manifest can be relied on.
public struct ProviderFacts: Sendable, Equatable {
    /// What the facts were compared with.
    public enum Verification: String, Sendable {
        /// The provider's documentation or its own code.
        case documentation
        /// A stand-in, because the provider documents nothing.
        case standIn = "stand-in"
        /// The provider itself.
        case live
    }

    /// What the facts were compared with.
    public var verified: Verification
    /// The day of the comparison, as `2026-11-30`.
    public var date: String
    /// Where the facts stand, as https URLs.
    public var sources: [String]
    /// The facts that no source says.
    public var unverified: [UnverifiedFact]

    /// Facts that were compared with `verified` on the day `date`.
    public init(
        verified: Verification, date: String, sources: [String] = [], unverified: [UnverifiedFact] = []
    ) {
        self.verified = verified
        self.date = date
        self.sources = sources
        self.unverified = unverified
    }

    /// What is wrong with the facts, one sentence each.
    var problems: [String] {
        var problems: [String] = []
        if date.utf8.count != 10 || Timestamp(iso8601: date) == nil {
            problems.append("the date of the facts, “\(date)”, is not a day such as 2026-11-30")
        }
        for source in sources where !source.hasPrefix("https://") {
            problems.append("the source “\(source)” is not an https URL")
        }
        for fact in unverified where fact.place.utf8.first != UInt8(ascii: "/") || fact.note.isEmpty {
            problems.append("the unverified fact “\(fact.place)” is not a place such as /endpoints/revoke with a note")
        }
        return problems
    }
}

/// A fact that no source says.
public struct UnverifiedFact: Sendable, Equatable {
    /// Which part of the manifest it is, as a JSON Pointer (RFC 6901): `/endpoints/revoke`.
    public var place: String
    /// What is not known about it.
    public var note: String

    /// An unverified fact.
    public init(_ place: String, _ note: String) {
        self.place = place
        self.note = note
    }
}
