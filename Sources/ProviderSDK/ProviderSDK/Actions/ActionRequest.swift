// The request of an action as a template, and the request that a run sends.

/// The request of an action, before the inputs of a run are in it.
public struct ActionRequest: Sendable {
    /// What the body holds.
    public enum Body: Sendable {
        /// `application/json`.
        case json([ActionMember])
        /// `application/x-www-form-urlencoded`; objects and lists become names such as `items[0][price]`.
        case form([ActionMember])
        /// `multipart/form-data` with one part for each member.
        case multipart([ActionMember])
    }

    /// The request method.
    public var method: ProviderRequest.Method
    /// The endpoint of the manifest that the path is appended to.
    public var endpoint: String = "api"
    /// The path, beginning with `/`; `{input.NAME}` and the placeholders of ``ProviderRequest`` are percent-encoded.
    public var path: String
    /// The query.
    public var query: [ActionMember] = []
    /// Header fields besides those the host sets, with placeholders of ``ProviderRequest``; no input can stand in them.
    public var headers: [NamedValue] = []
    /// The body; nil for none.
    public var body: Body?
    /// Whose credential authorises the request.
    public var authorization: ProviderRequest.Authorization = .connection
    /// The name of the ``RateLimit`` this request counts against, besides those of every request.
    public var rateLimit: String?

    /// A request to `path`, with what `configure` sets.
    public init(_ method: ProviderRequest.Method, _ path: String, _ configure: (inout ActionRequest) -> Void = { _ in })
    {
        self.method = method
        self.path = path
        configure(&self)
    }

    /// A POST request to `path` with `body`.
    public static func post(
        _ path: String, _ body: Body? = nil, _ configure: (inout ActionRequest) -> Void = { _ in }
    ) -> ActionRequest {
        var request = ActionRequest(.post, path)
        request.body = body
        configure(&request)
        return request
    }

    var members: [ActionMember] {
        switch body {
        case .json(let members), .form(let members), .multipart(let members): query + members
        case nil: query
        }
    }

    /// The names of the inputs that it reads.
    var inputs: [String] {
        Placeholders.names(in: path).compactMap { Placeholders.suffix(of: $0, after: "input.") }
            + members.flatMap(\.value.inputs)
    }

    /// The names of the other placeholders that it reads.
    var placeholders: [String] {
        Placeholders.names(in: path).filter { Placeholders.suffix(of: $0, after: "input.") == nil }
            + headers.flatMap { Placeholders.names(in: $0.value) } + members.flatMap(\.value.placeholders)
    }
}

/// What a run gives to the request of its action.
public struct ActionRun: Sendable {
    /// The inputs, which ``ActionInput/check(_:_:place:)`` accepts.
    public let inputs: JSONValue
    /// The key of the run.
    public let key: String
    /// When the run began.
    public let startedAt: Timestamp

    /// A run.
    public init(inputs: JSONValue, key: String, startedAt: Timestamp) {
        self.inputs = inputs
        self.key = key
        self.startedAt = startedAt
    }
}
