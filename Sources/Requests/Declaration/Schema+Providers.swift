// What the descriptions of routes call a provider: the one place with an example. No route depends on it.

import ProviderSDK

extension Schema {
    /// The id of a provider.
    package static let providerID = Schema.text.example("stripe").noted("The id of a provider.")
    /// The name of a provider, for people.
    package static let providerName = Schema.text.example("Stripe").noted("The name of a provider.")
}
