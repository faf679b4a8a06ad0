// The inputs of an action, as data: what applications send, what pages and JSON Schema show, and what the request is made of.

/// One input of an action.
public struct ActionInput: Sendable {
    /// What an input holds.
    public indirect enum Kind: Sendable {
        /// A text of 1 to `bytesMax` bytes.
        ///
        /// Control characters are refused, apart from line breaks and tabs where the text has several lines.
        case text(bytesMax: Int, hasLines: Bool = false)
        /// An integer of this range.
        case integer(ClosedRange<Int64>)
        /// True or false.
        case boolean
        /// One of these texts.
        case choice([String])
        /// An amount of money as a decimal text such as `19.99`, from 0 on.
        ///
        /// `currency` is the input with the currency, which says how many digits stand behind the point; nil allows two.
        case money(currency: String?)
        /// A day such as `2026-01-31`.
        case date
        /// A moment in ISO 8601.
        case moment
        /// 1 to `countMax` objects with these inputs.
        case list([ActionInput], countMax: Int)
    }

    /// Its name in the body of a run.
    public let name: String
    /// What it holds.
    public let kind: Kind
    /// What it is, in one sentence.
    public let description: String
    /// Whether a run needs it.
    public var isRequired: Bool
    /// A value for documentation; nil for a general one.
    public var example: JSONValue?

    /// An input that a run needs.
    public static func required(
        _ name: String, _ kind: Kind, _ description: String, example: JSONValue? = nil
    ) -> ActionInput { ActionInput(name, kind, description, isRequired: true, example: example) }

    /// An input that a run can leave out.
    public static func optional(
        _ name: String, _ kind: Kind, _ description: String, example: JSONValue? = nil
    ) -> ActionInput { ActionInput(name, kind, description, isRequired: false, example: example) }

    private init(_ name: String, _ kind: Kind, _ description: String, isRequired: Bool, example: JSONValue?) {
        self.name = name
        self.kind = kind
        self.description = description
        self.isRequired = isRequired
        self.example = example
    }
}
