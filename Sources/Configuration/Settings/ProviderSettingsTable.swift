// The settings that every provider, and every variant of one, can have. A plugin declares further ones in its manifest. Knows no provider by name.

import ConnectionModel

/// The table of the settings of a provider.
enum ProviderSettingsTable {
    /// A setting that is a text.
    struct Text: Sendable {
        let key: String
        let documentation: String
        let isSecret: Bool
        /// Whether it names a file that holds the value; environment variables cannot set it.
        let isFile: Bool
        let set: @Sendable (inout ProviderConfiguration, String) -> Void
    }

    /// The key of the object that holds the providers by their ids.
    static let key = "providers"
    /// The key of the URLs that replace the plugin's.
    static let endpoints = "endpoints"
    /// The key of the settings of variants.
    static let variants = "variants"

    /// The settings that are texts.
    static let texts = [
        Text(
            key: "clientId", documentation: "the client id at the provider", isSecret: false, isFile: false,
            set: { $0.clientID = $1 }),
        Text(
            key: "clientSecret", documentation: "the client secret at the provider", isSecret: true, isFile: false,
            set: { $0.clientSecret = Secret($1) }),
        Text(
            key: "clientSecretFile", documentation: "a file with the client secret, in place of `clientSecret`",
            isSecret: false, isFile: true, set: { $0.clientSecret = Secret($1) }),
    ]

    /// The documentation of the other keys.
    static let documentation = [
        (
            key: endpoints,
            documentation: "absolute http or https URLs, without query and fragment, in place of the plugin's"
        ),
        (key: variants, documentation: "the same settings for each variant, by its id; in the file only"),
        (
            key: "<setting>",
            documentation: "what the plugin asks for, as text or number; its page in [providers/](providers) has them"
        ),
    ]
}

extension Configuration {
    /// The keys of settings that every provider can have.
    package static let providerKeys =
        ProviderSettingsTable.texts.map(\.key) + [ProviderSettingsTable.endpoints, ProviderSettingsTable.variants]
}
