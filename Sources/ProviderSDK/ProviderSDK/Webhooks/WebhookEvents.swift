// What a provider's webhook deliveries mean, as data: which answer they get, which accounts they are about, what the host does.
// The host verifies the signature before it uses any of this.

/// The events in a delivery.
///
/// Paths and conditions look into one JSON object. `body` is the body as JSON, or null; `headers` are the header fields by name in
/// lower case. With ``each`` there are also the `item` and, two levels deep, the `parent` that holds it.
public struct WebhookEvents: Sendable {
    /// What an event does.
    public enum Effect: Sendable, Equatable {
        /// Records of these data types changed.
        case changed([String])
        /// A record is gone; the paths lead to the parts of its source id, which are joined with `-`.
        case deleted(dataType: String, sourceID: [ValuePath])
        /// The user ended the grant at the provider.
        case revoked
        /// Nothing.
        case ignored
    }

    /// Which events have an effect.
    public struct Rule: Sendable {
        /// What the event must show.
        public var `where`: Condition
        /// What it does.
        public var effect: Effect

        /// A rule.
        public init(_ condition: Condition, _ effect: Effect) {
            self.where = condition
            self.effect = effect
        }
    }

    /// What a delivery must show for these events to be looked for; nil fits every delivery.
    public var `where`: Condition?
    /// Where the events stand: the array at the first path, and in each of its elements the array at the second.
    ///
    /// An object at the end of a path counts as an array of one. Empty means that the delivery is one event.
    public var each: [ValuePath]
    /// Where the parts of the event's id stand, which are joined with `-`; an event that lacks one has no id.
    public var id: [ValuePath]
    /// Where the account stands; the first path that leads to a text counts, and without one there is no event.
    public var account: [ValuePath]
    /// Where the mode stands; empty for providers without modes.
    public var mode: [ValuePath]
    /// Where the moment of the event stands, in any form.
    public var at: [ValuePath]
    /// What the event does; the first rule that fits counts, and without one there is no event.
    public var effects: [Rule]

    /// Events that are found by these paths.
    public init(
        where condition: Condition? = nil, each: [ValuePath] = [], id: [ValuePath], account: [ValuePath],
        mode: [ValuePath] = [], at: [ValuePath], effects: [Rule]
    ) {
        self.where = condition
        self.each = each
        self.id = id
        self.account = account
        self.mode = mode
        self.at = at
        self.effects = effects
    }
}

extension [WebhookEvents.Rule] {
    /// One rule for each text in `dataTypes`: where it stands at `path`, the data type beside it changed.
    public static func changes(at path: ValuePath, _ dataTypes: [String: String]) -> [WebhookEvents.Rule] {
        dataTypes.sorted { $0.key < $1.key }.map { text, dataType in
            WebhookEvents.Rule(.equals(path, .string(text)), .changed([dataType]))
        }
    }
}

/// The answer to a delivery, where it is not an empty 200.
public struct WebhookAnswer: Sendable {
    /// What the delivery must show, in the object of ``WebhookEvents``; nil fits every delivery.
    public var `where`: Condition?
    /// The status; from 400 on the delivery is refused and means nothing.
    public var status: Int
    /// The fields of the JSON in the answer; empty for no body.
    public var reply: [Field]
    /// The header fields of the answer.
    public var headers: [NamedValue]
    /// Why a delivery is refused, in one sentence.
    public var refusal: String

    /// An answer to deliveries that meet `condition`.
    public init(
        where condition: Condition? = nil, status: Int = 200, reply: [Field] = [], headers: [NamedValue] = []
    ) {
        self.where = condition
        self.status = status
        self.reply = reply
        self.headers = headers
        refusal = "The provider's delivery is refused."
    }

    /// A refusal of deliveries that meet `condition`.
    public init(where condition: Condition? = nil, refusing status: Int, _ refusal: String) {
        self.init(where: condition, status: status)
        self.refusal = refusal
    }
}
