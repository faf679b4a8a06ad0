// What the descriptions of routes call a provider, with an example that no provider is.

import ProviderSDK

extension Schema {
    /// The id of a provider.
    package static let providerID = Schema.text.example("acme").noted("The id of a provider.")
    /// The name of a provider, for people.
    package static let providerName = Schema.text.example("Acme").noted("The name of a provider.")
}
