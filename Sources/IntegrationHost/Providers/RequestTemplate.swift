// What the placeholders of a plugin's requests stand for in one connection. Filling them in is the SDK's.

import ProviderSDK

/// What placeholders stand for.
struct RequestTemplate: Sendable {
    let account: ProviderContext.Account
    let settings: [String: String]

    /// `request` with its placeholders filled in.
    func filled(_ request: ProviderRequest) throws(ProviderError) -> ProviderRequest {
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
