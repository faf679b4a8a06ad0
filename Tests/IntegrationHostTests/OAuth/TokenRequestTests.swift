// Token requests byte for byte: every client authentication, both encodings, other parameter names, second hops and tokens that
// renew themselves.

import HTTPClient
import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import OAuth

@Suite("Token requests", .timeLimit(.minutes(2)))
struct TokenRequestTests {
    /// Id and secret contain characters that each encoding treats differently.
    static func requests(_ change: (inout OAuth2) -> Void) -> TokenRequest {
        TokenRequest(
            oauth: OAuth2(change), clientID: "id:1", clientSecret: Secret("s&\"+"), settings: ["userAgent": "Bot/1"])
    }

    static func sent(_ request: HTTPClient.Request) -> [String] {
        [request.method.rawValue, request.url] + request.headers.map { "\($0.name): \($0.value)" }
            + [String(decoding: request.body ?? [], as: UTF8.self)]
    }

    static let form = "Content-Type: application/x-www-form-urlencoded"
    static let refreshes: [(name: String, change: @Sendable (inout OAuth2) -> Void, headers: [String], body: String)] =
        [
            (
                "Basic, with both parts encoded first", { $0.clientAuthentication = .clientSecretBasic },
                // Base64 of "id%3A1:s%26%22%2B".
                ["Authorization: Basic aWQlM0ExOnMlMjYlMjIlMkI=", form], "grant_type=refresh_token&refresh_token=r%201"
            ),
            (
                "form", { $0.clientAuthentication = .clientSecretPost }, [form],
                "grant_type=refresh_token&refresh_token=r%201&client_id=id%3A1&client_secret=s%26%22%2B"
            ),
            (
                "the secret as bearer", { $0.clientAuthentication = .secretAsBearer },
                ["Authorization: Bearer s&\"+", form],
                "grant_type=refresh_token&refresh_token=r%201"
            ),
            (
                "a public client", { $0.clientAuthentication = .none }, [form],
                "grant_type=refresh_token&refresh_token=r%201&client_id=id%3A1"
            ),
            (
                "JSON",
                {
                    $0.clientAuthentication = .clientSecretPost
                    $0.tokenRequestEncoding = .json
                }, ["Content-Type: application/json"],
                #"{"grant_type":"refresh_token","refresh_token":"r 1","client_id":"id:1","client_secret":"s&\"+"}"#
            ),
            (
                "other names",
                {
                    $0.clientAuthentication = .clientSecretPost
                    $0.tokenParameterNames = ["client_id": "client_key", "refresh_token": "token"]
                }, [form], "grant_type=refresh_token&token=r%201&client_key=id%3A1&client_secret=s%26%22%2B"
            ),
            (
                "header fields of its own, with settings",
                {
                    $0.clientAuthentication = .none
                    $0.tokenHeaders = [
                        NamedValue("User-Agent", "{setting.userAgent}"), NamedValue("X-Gone", "{setting.no}"),
                    ]
                }, ["User-Agent: Bot/1", form], "grant_type=refresh_token&refresh_token=r%201&client_id=id%3A1"
            ),
        ]

    @Test("A refresh request has the form that the manifest describes", arguments: refreshes.indices)
    func refresh(_ index: Int) {
        let expected = Self.refreshes[index]
        let request = Self.requests(expected.change).refresh(Secret("r 1"), at: "https://p.example/token")
        #expect(
            Self.sent(request)
                == ["POST", "https://p.example/token", "Accept: application/json"] + expected.headers + [expected.body],
            "\(expected.name)")
        #expect(!request.isReplayable)
    }

    @Test("A code is exchanged with redirect URI and verifier, unless the provider does not accept them")
    func exchange() {
        let full = Self.requests { $0.clientAuthentication = .none }
        #expect(
            Self.sent(full.exchange(code: "c/1", redirectURI: "https://a/b", verifier: "v", at: "https://p/t")).last
                == "grant_type=authorization_code&code=c%2F1&redirect_uri=https%3A%2F%2Fa%2Fb&code_verifier=v&client_id=id%3A1"
        )
        let bare = Self.requests { oauth in
            oauth.clientAuthentication = .secretAsBearer
            oauth.sendsRedirectURIInExchange = false
            oauth.exchangeParameters = [NamedValue("scope", "x y")]
        }
        #expect(
            Self.sent(bare.exchange(code: "c", redirectURI: "https://a/b", verifier: nil, at: "https://p/t")).last
                == "grant_type=authorization_code&code=c&scope=x%20y")
    }

    @Test("A second hop and a self-renewing token are GET requests with the token in the query")
    func hops() {
        let requests = Self.requests { _ in }
        #expect(
            Self.sent(
                requests.hop(
                    grantType: "exchange", tokenParameter: "access_token", token: Secret("a+1"),
                    sendsClientSecret: true,
                    at: "https://p/x"))
                == [
                    "GET",
                    "https://p/x?grant_type=exchange&client_secret=s%26%22%2B&access_token=a%2B1",
                    "Accept: application/json", "",
                ])
        #expect(
            Self.sent(
                requests.hop(
                    grantType: "renew", tokenParameter: "t", token: Secret("a"), sendsClientSecret: false,
                    at: "https://p/x"))[1] == "https://p/x?grant_type=renew&t=a")
    }
}
