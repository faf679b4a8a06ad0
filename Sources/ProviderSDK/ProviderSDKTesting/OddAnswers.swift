// Answers that no API writes: pages for people, empty and broken bodies, firewalls. Tries them on a provider's lists, its classification
// and its token endpoint, and says what was taken for something else. Knows no provider.

public import ProviderSDK

/// Odd answers to one provider.
public struct OddAnswers: Sendable {
    private let provider: any Provider
    private let settings: [String: String]
    private static let now = Timestamp(iso8601: "2026-06-01") ?? .epoch

    /// The odd answers to `provider`.
    ///
    /// - Parameter settings: the operator's settings that its requests need.
    public init(to provider: any Provider, settings: [String: String] = [:]) {
        self.provider = provider
        self.settings = settings
    }

    private static let page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Hello</body></html>"
    private static let firewall = "<html><title>Attention Required! | Cloudflare</title></html>"

    /// Bodies with status 200 that are not the answer to a question for a page.
    ///
    /// An empty list counts as a value, so no value is missing here.
    private static let bodies = [
        page, "", " ", "null", "true", "0", "\"\"", "\"ok\"", "{\"items\":", "[{\"id\":", "OK",
        "<?xml version=\"1.0\"?><a/>",
        "{\"error\":\"temporarily_unavailable\"}", "{\"message\":\"Maintenance\"}", "\u{FEFF}", "{\"data\":null}",
        "{\"data\":\"\"}", "{\"data\":{}}", "{\"success\":true}", "callback({})", "[[]", "{}}",
    ]

    /// Tries every odd body as the first page of every data type and of its changes.
    ///
    /// - Returns: the ones that were taken for a page.
    public func takenForPages() async -> [String] {
        var taken: [String] = []
        for dataType in provider.manifest.dataTypes {
            for since in [nil, Self.now.advanced(by: .seconds(-3600))] where since == nil || dataType.incremental != nil
            {
                for body in Self.bodies {
                    let http = ScriptedHTTP(provider.manifest, now: Self.now) { _ in
                        ProviderResponse(status: 200, body: Array(body.utf8))
                    }
                    let variant = dataType.variants.first ?? provider.manifest.variants.first?.id
                    let context = ProviderContext.testing(
                        http, accountID: "123", variant: variant, settings: settings, accountName: "someone",
                        now: Self.now)
                    let request = PageRequest(dataType: dataType.name, since: since)
                    // A record that cannot be mapped is noticed; an empty page is the end of a list.
                    let page = try? await provider.page(request, in: context)
                    if page?.records.allSatisfy({ (try? dataType.mapping.map($0.value, now: Self.now)) != nil })
                        ?? false
                    {
                        taken.append("\(dataType.name)\(since == nil ? "" : " since"): \(body)")
                    }
                }
            }
        }
        return taken
    }

    /// Tries answers of proxies, firewalls and overloaded servers as answers to data requests and to token requests.
    ///
    /// - Returns: the ones after which a grant would count as dead, or a permission as missing.
    public func takenForEnds() -> [String] {
        var taken: [String] = []
        let json = #"{"error":"invalid_grant","error_description":"gone"}"#
        let answers: [(status: Int, body: String)] = [
            (200, Self.page), (302, ""), (400, Self.page), (401, Self.page), (403, Self.page), (403, Self.firewall),
            (403, "You've been blocked by network security."), (404, Self.page), (406, Self.firewall), (407, Self.page),
            (408, json), (425, json), (429, json), (429, Self.page), (500, json), (500, Self.page), (502, Self.page),
            (503, json), (503, ""), (504, Self.page), (520, "error code: 520"), (530, Self.firewall),
        ]
        let tables =
            [("data", provider.manifest.errors)]
            + ([provider.manifest.oauth(of: nil)] + provider.manifest.variants.map(\.oauth)).compactMap { oauth in
                oauth.map { ("token", $0.tokenErrors) }
            }
        for (name, table) in tables {
            for (status, body) in answers {
                let error = table.error(
                    for: ProviderResponse(status: status, body: Array(body.utf8)), now: Self.now)
                let isEnd =
                    switch error?.kind {
                    case .authRevoked: true
                    case .scopeMissing: true
                    default: false
                    }
                if isEnd { taken.append("\(name): \(status) \(body)") }
                if error == nil, status >= 400 { taken.append("\(name): \(status) is no error") }
            }
        }
        return taken
    }
}
