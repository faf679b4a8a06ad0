// What stands in the request of an action: constants, inputs, and what is made of them. Values are data; the request is filled in one
// pass, so an input is never read as a placeholder.

/// A value in the query or the body of an action's request.
public indirect enum ActionValue: Sendable {
    /// An input as it was sent; absent when it was left out.
    case input(String)
    /// The amount in an input, in the smallest unit of the currency in the input `currency`.
    case minorUnits(String, currency: String)
    /// The amount in an input as a JSON number.
    case amount(String)
    /// The moment in an input, in seconds from 1970 on.
    case epochSeconds(String)
    /// This value.
    case constant(JSONValue)
    /// What the input chooses, such as the provider's word for it.
    case chosen(String, [String: JSONValue])
    /// The key of the run: 24 letters, digits and `_`, the same each time that the run is sent.
    case key
    /// The day on which the run began, such as `2026-01-31`.
    case today
    /// A value that the connection or the operator's settings have, as in ``ProviderRequest``: `accountId`, `setting.NAME`.
    case context(String)
    /// An object; absent when it would have no members.
    case object([ActionMember])
    /// An array of these values.
    case list([ActionValue])
    /// One value for each element of an input that is a list; its inputs are the element's.
    case each(String, ActionValue)
    /// This value where the input was sent; absent otherwise.
    case with(String, ActionValue)
}

/// A member of an object in the request of an action.
public struct ActionMember: Sendable {
    /// Its name.
    public var name: String
    /// Its value.
    public var value: ActionValue

    /// A member.
    public init(_ name: String, _ value: ActionValue) {
        self.name = name
        self.value = value
    }

    /// A member with the input of the same or another name.
    public static func input(_ name: String, as other: String? = nil) -> ActionMember {
        ActionMember(other ?? name, .input(name))
    }
}

extension ActionValue {
    /// The names of the inputs that it reads; those of list elements under the name of the list, as `lines.amount`.
    var inputs: [String] {
        switch self {
        case .input(let name), .amount(let name), .epochSeconds(let name), .chosen(let name, _): [name]
        case .minorUnits(let name, let currency): [name, currency]
        case .constant, .key, .today, .context: []
        case .object(let members): members.flatMap(\.value.inputs)
        case .list(let values): values.flatMap(\.inputs)
        case .each(let name, let value): [name] + value.inputs.map { "\(name).\($0)" }
        case .with(let name, let value): [name] + value.inputs
        }
    }

    /// The names of the placeholders that it reads.
    var placeholders: [String] {
        switch self {
        case .context(let name): [name]
        case .object(let members): members.flatMap(\.value.placeholders)
        case .list(let values): values.flatMap(\.placeholders)
        case .each(_, let value), .with(_, let value): value.placeholders
        default: []
        }
    }
}
