// How many requests a provider takes, and how its answers show what is left, as data. Hosts count.

/// How many requests the provider takes.
public struct RateLimit: Sendable {
    /// How many requests an operator can set.
    static let requestsRange = 1...1_000_000

    /// Who shares the limit.
    public enum Scope: Sendable, Equatable {
        /// All connections of this application.
        case application
        /// All connections to one account.
        case account
    }

    /// Who shares it.
    public var scope: Scope
    /// How many requests in ``interval``.
    public var requests: Int
    /// The interval.
    public var interval: Duration
    /// The name by which requests choose it; nil counts every request.
    public var name: String?
    /// The key of the operator's setting that holds another number of requests, for plans that differ; nil when there is none.
    public var setting: String?
    /// That setting, where the limit declares it itself; nil when it stands among ``ProviderManifest/settings``.
    public private(set) var declaredSetting: ProviderSetting?

    /// At most `requests` per `interval`.
    public init(_ requests: Int, per interval: Duration, scope: Scope, name: String? = nil) {
        self.requests = requests
        self.interval = interval
        self.scope = scope
        self.name = name
    }

    /// At most `requests` per `interval`, or as many as the operator sets.
    ///
    /// - Parameters:
    ///   - requests: the number of requests, which is the setting's default.
    ///   - interval: the interval.
    ///   - scope: who shares the limit.
    ///   - name: the name by which requests choose it; nil counts every request.
    ///   - setting: the operator's setting. A text is taken for an integer from 1 to a million.
    public init(
        _ requests: Int, per interval: Duration, scope: Scope, name: String? = nil, setting: ProviderSetting
    ) {
        self.init(requests, per: interval, scope: scope, name: name)
        var declared = setting
        if declared.kind == .text { declared.kind = .integer(RateLimit.requestsRange) }
        declared.defaultValue = declared.defaultValue ?? String(requests)
        self.setting = setting.key
        declaredSetting = declared
    }

    /// How many requests in ``interval`` under these settings: the number in ``setting`` where it is one from 1 to a million.
    public func requests(in settings: [String: String]) -> Int {
        guard let text = setting.flatMap({ settings[$0] }), let number = JSONNumber(text)?.integer,
            RateLimit.requestsRange ~= Int(number)
        else { return requests }
        return Int(number)
    }
}

/// The header fields in which answers tell what is left of a rate limit.
public struct RateLimitHeaders: Sendable {
    /// The field with the number of requests left.
    public var remaining: String
    /// The field that says when there are more; nil when none does.
    public var reset: String?
    /// How that field is written.
    public var resetFormat: ResetFormat = .seconds
    /// The interval that the limit is counted in, which bounds the pause when ``reset`` is nil or absent.
    public var interval: Duration?
    /// Who shares the limit.
    public var scope: RateLimit.Scope = .account

    /// These fields.
    public init(
        remaining: String, reset: String?, resetFormat: ResetFormat = .seconds, scope: RateLimit.Scope = .account
    ) {
        self.remaining = remaining
        self.reset = reset
        self.resetFormat = resetFormat
        self.scope = scope
    }

    /// The field `remaining` for a limit that is counted in `interval` and shared by `scope`.
    public init(remaining: String, interval: Duration, scope: RateLimit.Scope) {
        self.remaining = remaining
        self.interval = interval
        self.scope = scope
    }
}
