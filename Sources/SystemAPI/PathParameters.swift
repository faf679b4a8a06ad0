// What the parameters in paths stand for.

import ProviderSDK
import Requests

enum PathParameters {
    /// The shape of the parameter `name`.
    static func schema(of name: String) -> Schema {
        switch name {
        case "id": .text.noted("The id of what the path names.")
        case "service", "provider": .providerID
        case "variant": .text.noted("A variant of the provider.")
        case "user_id": .text.noted("The id of the user.")
        case "account_id": .text.noted("The account at the provider.")
        case "token": .text.noted("The token of an account that can be linked.")
        case "eventId": .text.noted("The id of an event.")
        case "file": .text.example("stripe.svg").noted("The id of a provider, with .svg.")
        case "session": .text.noted("The id of a connect session.")
        case "operation": .text.example("getApiIntegrations").noted("The name of a route in the OpenAPI document.")
        case "type": .text.example("stripe.payments").noted("A provider and one of its data types.")
        default: .text
        }
    }
}
