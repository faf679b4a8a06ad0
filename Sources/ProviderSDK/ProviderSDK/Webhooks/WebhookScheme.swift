// How a provider signs its webhooks, as data: the host computes and compares, in constant time, on the raw bytes. No crypto here.

/// How a provider signs what it sends.
public struct WebhookScheme: Sendable {
    /// The signature algorithm and the operator's setting that holds its key.
    public enum Algorithm: Sendable, Equatable {
        /// HMAC-SHA256; the key is the text of a secret setting.
        case hmacSHA256(secretSetting: String)
        /// Ed25519 (RFC 8032); the public key is a setting in hexadecimal.
        case ed25519(publicKeySetting: String)
    }
    /// How signature bytes are written.
    public enum Encoding: Sendable, Equatable { case hex, base64 }
    /// How the signature stands in its header.
    public enum Layout: Sendable, Equatable {
        /// Alone, after a prefix that may be empty.
        case plain(prefix: String)
        /// Among `key=value` pairs separated by commas; several signatures may stand there, each under `signature`.
        case pairs(timestamp: String, signature: String)
    }
    /// A part of the signed bytes.
    public enum Part: Sendable, Equatable { case text(String), timestamp, body }

    /// The algorithm.
    public var algorithm: Algorithm
    /// The header field of the signature.
    public var header: String
    /// How signature bytes are written.
    public var encoding: Encoding = .hex
    /// How the signature stands in its header.
    public var layout: Layout = .plain(prefix: "")
    /// The header field of the timestamp, where it is not in the signature's own.
    public var timestampHeader: String?
    /// What is signed.
    public var payload: [Part] = [.body]
    /// How far the timestamp may be from now; nil when there is no timestamp.
    public var tolerance: Duration?
    /// The status for a bad signature.
    public var rejectionStatus: Int = 401
    /// The answers to deliveries, most particular first; the first that fits counts, and without one it is an empty 200.
    public var answers: [WebhookAnswer] = []
    /// What deliveries mean; empty when the plugin says it in code.
    public var events: [WebhookEvents] = []

    /// Signatures by `algorithm` in `header`.
    public init(_ algorithm: Algorithm, header: String) {
        self.algorithm = algorithm
        self.header = header
    }

    /// Signatures by `algorithm` in `header`, with what `configure` sets.
    public init(_ algorithm: Algorithm, header: String, _ configure: (inout WebhookScheme) -> Void) {
        self.init(algorithm, header: header)
        configure(&self)
    }
}

/// A verified delivery.
public struct WebhookDelivery: Sendable {
    /// The header fields.
    public let headers: [NamedValue]
    /// The body, exactly as signed.
    public let body: [UInt8]
    /// When it arrived.
    public let receivedAt: Timestamp

    /// A delivery.
    public init(headers: [NamedValue], body: [UInt8], receivedAt: Timestamp) {
        self.headers = headers
        self.body = body
        self.receivedAt = receivedAt
    }
}

/// What a delivery means.
public struct WebhookOutcome: Sendable {
    /// One event in a delivery.
    public struct Event: Sendable {
        /// What the event does to the connections of its account.
        public enum Effect: Sendable, Equatable {
            /// Records of these data types changed: sync them.
            case changed(dataTypes: [String])
            /// The user ended the grant at the provider.
            case revoked
            /// The records with these source ids are gone, for providers whose lists do not show deletions.
            case deleted(dataType: String, sourceIDs: [String])
        }
        /// An id that repeats of the event share and no other event of the provider has, for deduplication.
        ///
        /// It is the provider's own id where there is one; otherwise it is made of what distinguishes the event. Nil when nothing does:
        /// repeats then have the same bytes, and the host distinguishes deliveries by a digest.
        public var id: String?
        /// The account it is about, as ``AccountIdentity/id`` has it: every connection to it is meant.
        public var accountID: String
        /// The mode that it is about, as ``AccountIdentity/mode`` has it: connections of another mode are not meant.
        ///
        /// Nil where the provider has none, or does not say.
        public var mode: String?
        /// What it does.
        public var effect: Effect
        /// When it happened, to distinguish an old event from one about the present grant.
        ///
        /// An event that ends a grant says nothing about a later grant.
        ///
        /// Nil when the provider does not say.
        public var occurredAt: Timestamp?

        /// An event.
        public init(id: String?, accountID: String, effect: Effect, occurredAt: Timestamp? = nil) {
            self.id = id
            self.accountID = accountID
            self.effect = effect
            self.occurredAt = occurredAt
        }
    }

    /// The status to answer with.
    public var status: Int = 200
    /// The JSON to answer with; nil for an empty body.
    public var reply: JSONValue?
    /// Header fields of the answer.
    public var headers: [NamedValue] = []
    /// The events.
    public var events: [Event] = []
    /// How many events of the delivery have no effect, by reason.
    public var ignored: [IgnoredReason: Int] = [:]

    /// Why an event of a verified delivery has no effect.
    public enum IgnoredReason: String, Sendable, CaseIterable {
        /// The delivery holds no event.
        case noEvents
        /// The event does not say which account it is about.
        case noAccount
        /// The event is of a kind that means nothing here.
        case noMeaning
    }

    /// An empty 200.
    public init() {}
}
