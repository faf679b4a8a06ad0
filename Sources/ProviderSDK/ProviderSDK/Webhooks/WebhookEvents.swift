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
        ///
        /// An event that lacks a part changes the data type.
        case deleted(dataType: String, sourceID: [ValuePath])
        /// The user ended the grant at the provider.
        case revoked
        /// The user may have ended the grant at the provider: the event does not say enough, so the host asks the provider.
        case mayBeRevoked
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

    /// Which account an event is about, where that depends on the event.
    public struct Account: Sendable {
        /// What the event must show; nil fits every event.
        public var `where`: Condition?
        /// Where the account stands; the first path that leads to a text counts.
        public var paths: [ValuePath]

        /// An account at one of `paths`, for events that meet `condition`.
        public init(where condition: Condition? = nil, _ paths: [ValuePath]) {
            self.where = condition
            self.paths = paths
        }
    }

    /// What a delivery must show for these events to be looked for; nil fits every delivery.
    public var `where`: Condition?
    /// Where the events stand: the array at the first path, and in each of its elements the array at the second.
    ///
    /// An object at the end of a path counts as an array of one. Empty means that the delivery is one event.
    public var each: [ValuePath]
    /// What an item must show to be one of these events; nil fits every item.
    public var itemWhere: Condition?
    /// Where the parts of the event's id stand, which are joined with `-`; an event that lacks one has no id.
    public var id: [ValuePath]
    /// Where the account stands; the first path that leads to a text counts, and without one there is no event.
    public var account: [ValuePath]
    /// Where the account stands instead of ``account``, by what the event shows: the first that fits counts, and no other is tried.
    public var accounts: [Account] = []
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

    /// Events that are found by these paths, with an account that depends on what they show.
    public init(
        where condition: Condition? = nil, each: [ValuePath] = [], id: [ValuePath], accounts: [Account],
        mode: [ValuePath] = [], at: [ValuePath], effects: [Rule]
    ) {
        self.init(where: condition, each: each, id: id, account: [], mode: mode, at: at, effects: effects)
        self.accounts = accounts
    }

    /// Events in the form of CloudEvents 1.0, in a batch or alone.
    ///
    /// - Parameters:
    ///   - account: the attribute that holds the account.
    ///   - prefix: what the type of every event begins with.
    ///   - dataTypes: the data type that changed, by what follows the prefix up to the next dot, as written here or in lower case.
    public static func cloudEvents(account: String, prefix: String, _ dataTypes: [String: String]) -> WebhookEvents {
        WebhookEvents(
            each: ["body"], id: ["item.id"], account: [ValuePath("item.\(account)")], at: ["item.time"],
            effects: dataTypes.sorted { $0.key < $1.key }.flatMap { name, dataType in
                Set([name, name.lowercased()]).map {
                    Rule(.hasPrefix("item.type", "\(prefix)\($0)."), .changed([dataType]))
                }
            } + [
                // It does not say what changed.
                Rule(
                    .all([.not(.isSet("item.type")), .isSet(ValuePath("item.\(account)"))]),
                    .changed(Set(dataTypes.values).sorted()))
            ])
    }
}

extension [WebhookEvents.Rule] {
    /// One rule for each text in `dataTypes`: where it stands at `path`, the data type beside it changed.
    public static func changes(at path: ValuePath, _ dataTypes: [String: String]) -> [WebhookEvents.Rule] {
        dataTypes.sorted { $0.key < $1.key }.map { text, dataType in
            WebhookEvents.Rule(.equals(path, .string(text)), .changed([dataType]))
        }
    }

    /// One rule for each data type in `texts`: where one of its texts stands at `path`, it changed.
    public static func changes(at path: ValuePath, _ texts: [String: [String]]) -> [WebhookEvents.Rule] {
        texts.sorted { $0.key < $1.key }.map { dataType, texts in
            WebhookEvents.Rule(.isOneOf(path, texts), .changed([dataType]))
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

extension [WebhookAnswer] {
    /// The answers to a delivery by which the provider checks the endpoint: it wants the member `name` of the body back.
    ///
    /// - Parameters:
    ///   - condition: what such a delivery shows.
    ///   - refusal: why one without the member is refused with 400, in one sentence.
    public static func challenge(
        _ name: String, where condition: Condition, refusal: String
    ) -> [WebhookAnswer] {
        let value = ValuePath("body.\(name)")
        return [
            WebhookAnswer(where: .all([condition, .not(.isSet(value))]), refusing: 400, refusal),
            WebhookAnswer(where: condition, reply: [Field(name, from: value)]),
        ]
    }
}
