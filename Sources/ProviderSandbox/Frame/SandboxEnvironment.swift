// What all stand-ins of a sandbox share: its configuration, its clock, and the moment its data ends.

struct SandboxEnvironment: Sendable {
    let configuration: SandboxConfiguration
    let clock: SandboxClock
    /// The end of the generated past, in seconds since 1970.
    let start: Int64

    init(_ configuration: SandboxConfiguration) {
        self.configuration = configuration
        clock = SandboxClock(configuration.clock)
        start = configuration.startSeconds ?? clock.seconds
    }

    /// The value of a setting: the configured one, or else the default.
    func setting(_ provider: String, _ name: String, _ other: String) -> String {
        configuration.settings[provider]?[name] ?? other
    }

    /// The accounts that users of a provider can choose from.
    func accounts(_ make: (Int) -> SandboxAccount) -> [SandboxAccount] {
        (0..<min(max(1, configuration.accountCount), SandboxLimits.accountsMax)).map(make)
    }

    func limiter() -> RequestLimiter { RequestLimiter(clock, isEnforced: configuration.enforcesRateLimits) }
}
