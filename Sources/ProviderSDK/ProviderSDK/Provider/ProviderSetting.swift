// What an operator can set for a provider, as data.

/// A setting of the operator for this provider.
public struct ProviderSetting: Sendable {
    /// What its value can be.
    public enum Kind: Sendable, Equatable {
        /// Any text that is not empty.
        case text
        /// An integer of this range; a JSON number in a configuration file.
        case integer(ClosedRange<Int>)
    }

    /// Its key in the provider's configuration.
    public let key: String
    /// What it is for.
    public let description: String
    /// Whether it is kept from plugins and every output.
    public var isSecret: Bool
    /// Whether the provider is unavailable without it.
    public var isRequired: Bool
    /// Its value when the operator configures none.
    public var defaultValue: String?
    /// What its value can be.
    ///
    /// A text that a ``RateLimit`` names is taken for an integer from 1 to a million.
    public var kind: Kind = .text

    /// A setting.
    public init(_ key: String, _ description: String, isSecret: Bool = false, isRequired: Bool = false) {
        self.key = key
        self.description = description
        self.isSecret = isSecret
        self.isRequired = isRequired
    }

    /// A setting that is an integer of `range`.
    public init(_ key: String, _ description: String, integer range: ClosedRange<Int>, defaultValue: Int? = nil) {
        self.init(key, description)
        kind = .integer(range)
        self.defaultValue = defaultValue.map { String($0) }
    }

    /// A setting that has a value without being configured.
    public init(_ key: String, _ description: String, defaultValue: String) {
        self.init(key, description)
        self.defaultValue = defaultValue
    }
}

extension ProviderManifest {
    /// All that the operator can configure: ``settings``, then those that rate limits declare, each key once.
    public var operatorSettings: [ProviderSetting] {
        var all = settings
        for declared in rateLimits.compactMap(\.declaredSetting) where !all.contains(where: { $0.key == declared.key })
        {
            all.append(declared)
        }
        return all
    }

    /// What the value of a setting can be, its use as a rate limit considered.
    public func kind(of setting: ProviderSetting) -> ProviderSetting.Kind {
        let isLimit = rateLimits.contains { $0.setting == setting.key }
        return isLimit && setting.kind == .text ? .integer(RateLimit.requestsRange) : setting.kind
    }
}
