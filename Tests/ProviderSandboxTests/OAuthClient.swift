// One way through any stand-in's OAuth: allow, exchange, refresh. Endpoints and credentials come from the sandbox's own
// table.

import ProviderSDK
import ProviderSandbox
import Testing

/// A client of one provider, as a host is configured.
struct OAuthClient {
    static let redirectURI = "https://app.example.com/callback"

    let sandbox: RunningSandbox
    let settings: [String: String]
    /// Paths under the sandbox's origin.
    let endpoints: [String: String]

    init(_ sandbox: RunningSandbox, _ provider: String, _ variant: String? = nil) throws {
        self.sandbox = sandbox
        let table = sandbox.sandbox.providers(origin: sandbox.origin)
        let entry = try #require(table.first { $0.id == provider })
        if let variant {
            let own = try #require(entry.variants.first { $0.id == variant })
            settings = own.settings
            endpoints = own.endpoints.mapValues { String($0.dropFirst(sandbox.origin.utf8.count)) }
        } else {
            settings = entry.settings
            endpoints = entry.endpoints.mapValues { String($0.dropFirst(sandbox.origin.utf8.count)) }
        }
    }

    var id: String { settings["clientId"] ?? "" }
    var secret: String { settings["clientSecret"] ?? "" }
    var api: String { endpoints["api"] ?? "" }

    /// The query of the redirect after the user allowed it.
    func allow(
        scope: String, _ extra: [(String, String)] = [], idName: String = "client_id",
        redirectName: String = "redirect_uri"
    ) throws -> [String: String] {
        let parameters =
            [
                (idName, id), ("response_type", "code"), (redirectName, Self.redirectURI), ("scope", scope),
                ("state", "s1"), ("decision", "allow"),
            ] + extra
        let reply = try sandbox.get((endpoints["authorize"] ?? "") + "?" + Percent.form(parameters))
        try #require(reply.status == 302, "\(reply.text)")
        return reply.callback
    }

    func token(_ form: [(String, String)], _ headers: [(String, String)]? = nil) throws -> Reply {
        try sandbox.post(endpoints["token"] ?? "", form: form, headers ?? [basic(id, secret)])
    }

    func exchange(_ code: String?, _ extra: [(String, String)] = [], _ headers: [(String, String)]? = nil) throws
        -> Reply
    {
        try token(
            [("grant_type", "authorization_code"), ("code", code ?? ""), ("redirect_uri", Self.redirectURI)] + extra,
            headers)
    }

    func refresh(_ token: String?, _ extra: [(String, String)] = [], _ headers: [(String, String)]? = nil) throws
        -> Reply
    {
        try self.token([("grant_type", "refresh_token"), ("refresh_token", token ?? "")] + extra, headers)
    }
}

extension Reply {
    var accessToken: String? { json["access_token"]?.string }
    var refreshToken: String? { json["refresh_token"]?.string }
}
