// A request to a provider's API as a plugin describes it: no host name, no token. The host adds both.

/// A name with its value, where order and repeats matter.
public struct NamedValue: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The value.
    public var value: String

    /// A name with its value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request to one of the provider's endpoints.
///
/// In ``path``, ``query``, ``headers`` and a form body, placeholders stand for values. `{accountId}`, `{accountName}` and
/// `{variant}` are the connection's. `{callback.NAME}` is a parameter of its OAuth callback, and `{setting.NAME}` an operator's setting
/// that is not secret. In the path they are percent-encoded. ``filled(_:)`` puts the values in.
public struct ProviderRequest: Sendable {
    /// Request methods (RFC 9110 section 9).
    public enum Method: String, Sendable {
        case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
    }

    /// What the body holds.
    public enum Body: Sendable {
        /// `application/x-www-form-urlencoded`.
        case form([NamedValue])
        /// `application/json`.
        case json(JSONValue)
        /// These bytes, of a media type; placeholders in them stand for themselves.
        case bytes([UInt8], type: String)
    }

    /// Whose credential authorises the request.
    ///
    /// The plugin never sees it.
    public enum Authorization: Sendable, Equatable {
        /// The connection's access token, in the form that the manifest describes.
        case connection
        /// A secret setting of the operator, sent as `Authorization: <scheme> <secret>`.
        case setting(String, scheme: String)
        /// None.
        case none
    }

    /// The request method.
    public var method: Method
    /// The endpoint of the manifest that the path is appended to.
    public var endpoint: String = "api"
    /// The path, beginning with `/`; or an absolute URL of the same origin as the endpoint, as next-page links are.
    public var path: String
    /// The query, encoded by the host.
    public var query: [NamedValue] = []
    /// Header fields besides those the host sets.
    public var headers: [NamedValue] = []
    /// The body.
    public var body: Body?
    /// Whose credential authorises the request.
    public var authorization: Authorization = .connection
    /// The name of the ``RateLimit`` this request counts against, besides those of every request.
    public var rateLimit: String?

    /// A request to `path`.
    public init(_ method: Method, _ path: String) {
        self.method = method
        self.path = path
    }

    /// A request to `path`, with what `configure` sets.
    public init(_ method: Method, _ path: String, _ configure: (inout ProviderRequest) -> Void) {
        self.init(method, path)
        configure(&self)
    }

    /// A GET request to `path` with `query`.
    public static func get(_ path: String, _ query: [NamedValue] = []) -> ProviderRequest {
        var request = ProviderRequest(.get, path)
        request.query = query
        return request
    }

    /// A POST request to `path` with `body`.
    public static func post(_ path: String, _ body: Body) -> ProviderRequest {
        var request = ProviderRequest(.post, path)
        request.body = body
        return request
    }
}
