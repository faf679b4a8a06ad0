// What people read when a provider is connected: about scopes, variants, and what they type.

/// A field that a person fills in, as a page shows it.
public struct FormField: Sendable {
    /// Its label, such as “Account ID”.
    public var title: String
    /// Where to find the value, in one sentence.
    public var description: String = ""
    /// A page of the provider about it; nil for none.
    public var link: String?

    /// A field called `title`.
    public init(_ title: String, _ description: String = "", link: String? = nil) {
        self.title = title
        self.description = description
        self.link = link
    }
}

/// What a scope allows, in words for the people who are asked for it.
public struct ScopeMeaning: Sendable {
    /// What an application can do with it, beginning with a verb: “See payments”.
    public var phrase: String
    /// What that covers, in one line: “Amounts, dates, fees and refunds”.
    public var covers: String
    /// Whether it lets an application change something.
    public var writes: Bool

    /// A meaning.
    public init(_ phrase: String, covers: String = "", writes: Bool = false) {
        self.phrase = phrase
        self.covers = covers
        self.writes = writes
    }
}
