// The configuration a sandbox is started with. It knows providers only by the ids under which values are set.

import Primitives

/// How a sandbox listens and what its providers hold.
public struct SandboxConfiguration: Sendable {
    /// Where to listen, `127.0.0.1:9090`; port 0 lets the system choose.
    public var listen: String = "127.0.0.1:9090"
    /// The origin under which clients reach the sandbox; nil means `http://` and the address listened on.
    public var publicOrigin: String?
    /// Event loops; one is enough for tests.
    public var loopCount = 1
    /// Two sandboxes with the same seed, start and counts hold the same objects.
    public var seed: UInt64 = 1
    /// The moment the generated past ends, in seconds since 1970; nil means the moment of `start()`.
    public var startSeconds: Int64?
    /// How many objects each account has, by `provider/type`, such as `stripe/payments`; the rest keep their default.
    public var objectCounts: [String: Int] = [:]
    /// How many accounts a user can choose from at each provider.
    public var accountCount = 3
    /// Settings that replace the default credentials, by provider id (or `provider/variant`) and setting name.
    public var settings: [String: [String: String]] = [:]
    /// The redirect URIs registered, by provider id; where there is none, every absolute URI is accepted.
    public var redirectURIs: [String: [String]] = [:]
    /// Whether the providers' documented rate limits are enforced with 429; their headers are sent either way.
    public var enforcesRateLimits = false
    /// The time that the sandbox's clock starts from and runs with, in milliseconds since 1970.
    public var clock: @Sendable () -> Int64 = { SystemClock.millisecondsSince1970 }

    /// The defaults.
    public init() {}

    /// The defaults with the differences that `configure` sets.
    public init(_ configure: (inout SandboxConfiguration) -> Void) { configure(&self) }
}
