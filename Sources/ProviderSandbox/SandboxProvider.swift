// What a client needs to know of a stand-in, as plain data: where it is and which credentials it takes. A host writes
// its configuration from this without naming a provider.

/// One provider of a sandbox: its endpoints and the settings that a client of it is configured with.
///
/// `settings` and `endpoints` have the names of the host's configuration: `clientId`, `clientSecret`, `botToken`,
/// `accessToken` …; `authorize`, `token`, `revoke`, `api` …. All of them are made up and worth nothing outside the
/// sandbox.
public struct SandboxProvider: Sendable {
    /// One variant of a provider.
    public struct Variant: Sendable {
        /// The variant's id.
        public let id: String
        /// Its credentials.
        public let settings: [String: String]
        /// Its endpoints: absolute URLs.
        public let endpoints: [String: String]
    }

    /// The provider's id.
    public let id: String
    /// Its credentials; empty where only variants have some.
    public let settings: [String: String]
    /// Its endpoints: absolute URLs.
    public let endpoints: [String: String]
    /// Its variants; empty where it has none.
    public let variants: [Variant]
}
