// A provider as this installation has it: the plugin's manifest combined with the operator's settings. Knows no
// provider by name.

package import Configuration
package import ConnectionModel
package import ProviderSDK

/// A provider with the operator's settings.
package struct ConfiguredProvider: Sendable {
    package let provider: any Provider
    /// The manifest, read once.
    package let manifest: ProviderManifest
    package let configuration: ProviderConfiguration
    /// The file the plugin came from.
    package let path: String
    /// Identifies the build of the plugin.
    package let digest: String
    /// The settings that plugins may see, with the plugin's defaults.
    package let publicSettings: [String: String]
    /// The provider's limits with the operator's numbers.
    package var rateLimits: [RateLimit]

    package init(_ plugin: LoadedPlugin, configuration: ProviderConfiguration) {
        provider = plugin.provider
        manifest = plugin.provider.manifest
        path = plugin.path
        digest = plugin.digest
        self.configuration = configuration
        var configured: [String: String] = [:]
        for setting in manifest.operatorSettings where !setting.isSecret {
            configured[setting.key] = configuration.settings[setting.key]?.value.value
        }
        publicSettings = manifest.settings(with: configured)
        rateLimits = manifest.rateLimits.map { [publicSettings] limit in
            var limit = limit
            limit.requests = limit.requests(in: publicSettings)
            return limit
        }
    }

    package var id: String { manifest.id }

    /// The OAuth description of a variant, or of the provider for nil; nil for providers that are connected another way.
    package func oauth(_ variant: String?) -> OAuth2? { manifest.oauth(of: variant) }

    /// The names of the callback parameters that any variant keeps.
    package var callbackParameterNames: [String] {
        let ways = [manifest.oauth(of: nil)] + manifest.variants.map(\.oauth)
        return ways.compactMap(\.self).flatMap { $0.callbackParameters.map(\.name) }
    }

    /// Whether accounts are connected with OAuth.
    package var usesOAuth: Bool { manifest.oauth(of: nil) != nil }

    /// The scopes of a variant.
    package func scopes(_ variant: String?) -> ScopeTable { manifest.scopes(of: variant) }

    /// The variant as it is stored: the default variant is stored as nil.
    package func stored(_ variant: String?) -> String? {
        guard let variant, let standard = manifest.defaultVariant, variant.utf8.elementsEqual(standard.utf8) else {
            return variant
        }
        return nil
    }

    /// Whether connections can have this variant; nil is one for providers without variants or with a default variant.
    package func hasVariant(_ variant: String?) -> Bool {
        variant == nil && manifest.variants.isEmpty || manifest.variant(variant) != nil
    }

    /// The variant by its name, also the default one.
    private func named(_ variant: String?) -> String? { variant ?? manifest.defaultVariant }

    package func clientID(_ variant: String?) -> String? {
        let own = named(variant).flatMap { configuration.variants[$0]?.clientID }
        // Beside a default variant, another one is another application at the provider.
        let isOther = manifest.defaultVariant != nil && stored(variant) != nil
        return own ?? (isOther ? nil : configuration.clientID)
    }

    package func clientSecret(_ variant: String?) -> Secret? {
        named(variant).flatMap { configuration.variants[$0]?.clientSecret } ?? configuration.clientSecret
    }

    /// The URL of an endpoint.
    ///
    /// The order of precedence is: the operator's for the variant, the operator's, the plugin's for the variant, the
    /// plugin's.
    package func endpoint(_ name: String, variant: String?) -> String? {
        let own =
            named(variant).flatMap { configuration.variants[$0]?.endpoints[name] } ?? configuration.endpoints[name]
        let declared = manifest.variant(variant)?.endpoints[name]
        return own ?? declared ?? manifest.endpoints[name]
    }

    /// A setting that the manifest names, secret or not.
    package func setting(_ key: String) -> Secret? { configuration.settings[key]?.value }

    /// Whether users can connect this variant here: everything that must be configured is configured.
    package func isAvailable(_ variant: String?) -> Bool {
        for setting in manifest.operatorSettings where setting.isRequired && self.setting(setting.key) == nil {
            return false
        }
        return canServe(variant)
    }

    /// Whether existing connections of this variant can be served here.
    ///
    /// A required setting that has a default is needed for new connections only.
    package func canServe(_ variant: String?) -> Bool {
        for setting in manifest.operatorSettings
        where setting.isRequired && setting.defaultValue == nil && self.setting(setting.key) == nil {
            return false
        }
        switch manifest.auth {
        case .oauth2(let standard):
            let oauth = oauth(variant) ?? standard
            let hasSecret = oauth.clientAuthentication == .none || clientSecret(variant) != nil
            return clientID(variant) != nil && hasSecret
                && ["authorize", "token", "api"].allSatisfy { endpoint($0, variant: variant) != nil }
        case .accountID(let auth):
            return auth.secretSetting.map { setting($0) != nil } ?? true
                && (manifest.dataTypes.isEmpty || endpoint("api", variant: variant) != nil)
        case .apiKey, .linkToken, .none: return true
        @unknown default: return false
        }
    }

    /// Whether users can connect the provider in at least one variant.
    package var isAvailable: Bool {
        manifest.variants.isEmpty ? isAvailable(nil) : manifest.variants.contains { isAvailable($0.id) }
    }

    /// The names of the settings without which users cannot connect the provider, as far as the provider is one without variants.
    package var missingSettings: [String] {
        guard !isAvailable else { return [] }
        var missing = manifest.operatorSettings.filter { $0.isRequired && setting($0.key) == nil }.map(\.key)
        if case .oauth2(let oauth) = manifest.auth {
            if clientID(nil) == nil { missing.append("clientId") }
            if oauth.clientAuthentication != .none, clientSecret(nil) == nil { missing.append("clientSecret") }
        }
        return missing
    }

    /// The data types that a connection of a variant can sync.
    ///
    /// Data that the operator's own credential reads belongs to the operator. It is in no user's sync.
    package func dataTypes(_ variant: String?) -> [DataType] {
        manifest.dataTypes.filter { type in
            readsForConnection(type) && (type.variants.isEmpty || variant.map(type.variants.contains) ?? true)
        }
    }

    private func readsForConnection(_ type: DataType) -> Bool {
        // With an account id the operator's credential is the only credential, and the id chooses the data.
        if case .accountID = manifest.auth { return true }
        return type.needsConnection
    }
}
