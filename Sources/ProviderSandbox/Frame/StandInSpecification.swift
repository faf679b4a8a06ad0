// A stand-in as data: what differs between providers in addresses, client settings, OAuth and the objects of an account. It knows
// no provider.

import ProviderSDK

/// What is particular to one stand-in; ``StandInCore`` makes the rest of it.
struct StandInSpecification: Sendable {
    /// The provider's id, as in the host's plugins.
    let provider: String
    /// The variant it stands in for; nil where the provider has none.
    let variant: String?
    /// A client's settings by the names of the host's configuration, with the values that they have unless others are configured.
    var settings: [String: String] = [:]
    /// Where a client finds what, relative to the stand-in's prefix; OAuth adds its own.
    var endpoints: [String: String] = ["api": "/api"]
    /// The name that the accounts are drawn by; a change of it changes the accounts.
    var accountSeed: String
    /// The account of a number.
    var account: @Sendable (_ number: Int, _ random: inout SeededRandom) -> SandboxAccount
    /// The types of objects.
    var types: [ObjectType] = []
    /// Whose objects they are; the accounts unless others are named.
    var holders: @Sendable ([SandboxAccount]) -> [SandboxAccount] = { $0 }
    /// The decimal places of amounts.
    var exponents = CurrencyExponents.iso4217
    /// How OAuth is spoken; nil where the provider has none.
    var oauth: OAuthSpecification?

    init(
        _ provider: String, variant: String? = nil, accountSeed: String,
        account: @escaping @Sendable (_ number: Int, _ random: inout SeededRandom) -> SandboxAccount,
        _ configure: (inout StandInSpecification) -> Void
    ) {
        self.provider = provider
        self.variant = variant
        self.accountSeed = accountSeed
        self.account = account
        configure(&self)
    }

    /// `stripe`, or `kai/flo`: its name to control commands and the first part of its paths.
    var name: String { variant.map { "\(provider)/\($0)" } ?? provider }
}

/// What all stand-ins are made of: the accounts, the client's settings, the OAuth server, the limits and the objects.
final class StandInCore: Sendable {
    let specification: StandInSpecification
    let environment: SandboxEnvironment
    /// The client's settings as they are configured.
    let settings: [String: String]
    /// The accounts and their grants; has no routes where the provider has no OAuth.
    let server: OAuthServer
    let limiter: RequestLimiter
    let dataset: Dataset
    /// What clients wrote.
    let writes = WrittenObjects()

    init(_ environment: SandboxEnvironment, _ specification: StandInSpecification) {
        let name = specification.name
        self.environment = environment
        self.specification = specification
        var settings = specification.settings
        for (key, value) in settings { settings[key] = environment.setting(name, key, value) }
        self.settings = settings
        let accounts = environment.accounts { number in
            var random = SeededRandom(
                seed: environment.configuration.seed, account: number, type: specification.accountSeed, number: 0)
            return specification.account(number, &random)
        }
        let oauth = specification.oauth
        let rules = OAuthRules(
            clientID: settings["clientId"] ?? "", clientSecret: settings["clientSecret"] ?? ""
        ) { rules in
            oauth?.rules(&rules)
            rules.redirectURIs = environment.configuration.redirectURIs[name] ?? []
        }
        server = OAuthServer(
            oauth?.title ?? name, rules, accounts: accounts, clock: environment.clock,
            denial: oauth?.denial ?? [],
            callbackParameters: { oauth?.callbackParameters($0, accounts[$0.account]) ?? [] })
        limiter = environment.limiter()
        dataset = Dataset(
            environment, name: name, types: specification.types, accounts: specification.holders(accounts),
            exponents: specification.exponents)
    }

    var seed: UInt64 { environment.configuration.seed }

    /// The settings and endpoints as a client of the stand-in needs them.
    func endpoints(origin: String) -> [String: String] {
        var paths = specification.endpoints
        if let oauth = specification.oauth {
            paths["authorize"] = oauth.authorize
            paths["token"] = oauth.token
            if let revocation = oauth.revocation { paths["revoke"] = revocation.path }
        }
        return paths.mapValues { "\(origin)/\(specification.name)\($0)" }
    }
}
