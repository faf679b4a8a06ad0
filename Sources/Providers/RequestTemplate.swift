// The values of the placeholders in a plugin's requests for one connection. The SDK fills them in.

package import ProviderSDK

/// The values of placeholders.
package struct RequestTemplate: Sendable {
    package let account: ProviderContext.Account
    package let settings: [String: String]

    /// Returns `request` with its placeholders filled in.
    package func filled(_ request: ProviderRequest) throws(ProviderError) -> ProviderRequest {
        try request.filled { name in
            switch name {
            case "accountId": account.id
            case "accountName": account.name
            case "variant": account.variant
            default:
                if name.hasPrefix("setting.") {
                    settings[String(name.dropFirst(8))]
                } else if name.hasPrefix("callback.") {
                    account.callback[String(name.dropFirst(9))]?.scalarText
                } else {
                    nil
                }
            }
        }
    }
}
