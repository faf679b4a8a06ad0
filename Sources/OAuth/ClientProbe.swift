// Finds out whether a provider accepts the credentials of the application, without any user: it exchanges a code that no provider has
// given. A provider looks at the client first, and then at the code.

package import HTTPClient
import ProviderSDK
package import Providers

/// A question to a token endpoint.
package struct ClientProbe: Sendable {
    /// What an answer says of the credentials.
    package enum Outcome: Sendable {
        /// The code was refused, so the credentials were accepted.
        case accepted(HTTPClient.Response)
        case refused(code: String, HTTPClient.Response)
        /// The answer is about neither.
        case unclear(status: Int, HTTPClient.Response)
        case unreachable(reason: String)
    }

    /// A code that no provider has given.
    private static let code = "integration-host-doctor"
    /// The error codes about the client: RFC 6749 section 5.2, and those of Slack (`oauth.v2.access`).
    private static let clientErrors: Set = [
        "invalid_client", "unauthorized_client", "invalid_client_id", "bad_client_secret", "invalid_client_secret",
        "incorrect_client_credentials",
    ]
    /// The error codes about the code: RFC 6749 section 5.2, and those of Slack and GitHub.
    private static let codeErrors: Set = [
        "invalid_grant", "invalid_code", "bad_verification_code", "code_already_used", "bad_redirect_uri",
        "redirect_uri_mismatch",
    ]

    private let request: HTTPClient.Request

    /// A question about one application of `provider`; nil when it has no token endpoint or no client id.
    package init?(_ provider: ConfiguredProvider, variant: String?) {
        guard let oauth = provider.oauth(variant), let id = provider.clientID(variant),
            let url = provider.endpoint("token", variant: variant)
        else { return nil }
        let requests = TokenRequest(
            oauth: oauth, clientID: id, clientSecret: provider.clientSecret(variant),
            settings: provider.publicSettings)
        request = requests.exchange(
            code: Self.code, redirectURI: "https://localhost/", verifier: oauth.pkce == .s256 ? Self.verifier : nil,
            at: url)
    }

    /// A verifier of the shortest length that is allowed (RFC 7636 section 4.1).
    private static let verifier = String(repeating: "a", count: 43)

    /// Asks the provider.
    package func outcome(_ client: HTTPClient) async -> Outcome {
        do throws(HTTPClientError) {
            let response = try await client.send(request)
            return Self.judge(response.status, response.body, response)
        } catch { return .unreachable(reason: "\(error)") }
    }

    private static func judge(_ status: Int, _ body: [UInt8], _ response: HTTPClient.Response) -> Outcome {
        let json = try? JSONValue.parse(body)
        let code = json?["error"]?.string ?? json?["error_code"]?.string ?? ""
        if clientErrors.contains(code) { return .refused(code: code, response) }
        if codeErrors.contains(code) { return .accepted(response) }
        return status == 401 ? .refused(code: "401", response) : .unclear(status: status, response)
    }
}
