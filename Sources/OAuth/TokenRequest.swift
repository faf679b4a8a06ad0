// Requests to token endpoints, built from the manifest's description. Pure: bytes to send, nothing sent.

import ConnectionModel
import Cryptography
import HTTPClient
import Primitives
import ProviderSDK
import Providers

/// Builds token requests of one provider.
struct TokenRequest {
    let oauth: OAuth2
    let clientID: String
    let clientSecret: Secret?
    /// The operator's settings, for header fields that name them.
    var settings: [String: String] = [:]

    /// Exchanges a code (RFC 6749 section 4.1.3).
    func exchange(code: String, redirectURI: String, verifier: String?, at url: String) -> HTTPClient.Request {
        var parameters = [NamedValue("grant_type", "authorization_code"), NamedValue("code", code)]
        if oauth.sendsRedirectURIInExchange { parameters.append(NamedValue("redirect_uri", redirectURI)) }
        if let verifier { parameters.append(NamedValue("code_verifier", verifier)) }
        return request(url, parameters + oauth.exchangeParameters)
    }

    /// Uses a refresh token (RFC 6749 section 6).
    func refresh(_ refreshToken: Secret, at url: String) -> HTTPClient.Request {
        request(
            url, [NamedValue("grant_type", "refresh_token"), NamedValue("refresh_token", refreshToken.value)])
    }

    /// A GET with the token in its query, as second hops and self-renewing tokens have it.
    func hop(
        grantType: String, tokenParameter: String, token: Secret, sendsClientSecret: Bool, at url: String
    ) -> HTTPClient.Request {
        var query = [NamedValue("grant_type", grantType)]
        if sendsClientSecret, let clientSecret { query.append(NamedValue("client_secret", clientSecret.value)) }
        query.append(NamedValue(tokenParameter, token.value))
        return limited(
            HTTPClient.Request(
                url: PercentEncoding.url(url, query), headers: [("Accept", "application/json")] + tokenHeaders))
    }

    /// Ends a grant (RFC 7009).
    func revocation(
        _ revocation: Revocation, token: Secret?, accountID: String?, at url: String
    ) -> HTTPClient.Request {
        let facts = ["{clientId}": clientID, "{accountId}": accountID ?? ""]
        var parameters = revocation.parameters.map { NamedValue($0.name, facts[$0.value] ?? $0.value) }
        if let token, !revocation.tokenParameter.isEmpty {
            parameters.insert(NamedValue(revocation.tokenParameter, token.value), at: 0)
        }
        var request = request(
            url, parameters, encoding: revocation.encoding,
            authentication: revocation.clientAuthentication ?? oauth.clientAuthentication)
        if let token, revocation.tokenParameter.isEmpty {
            request.headers += oauth.send.filled(with: token.value).headers.map { ($0.name, $0.value) }
        }
        return request
    }

    private func request(
        _ url: String, _ parameters: [NamedValue], encoding: OAuth2.Encoding? = nil,
        authentication: OAuth2.ClientAuthentication? = nil
    ) -> HTTPClient.Request {
        var parameters = parameters
        var headers = [(name: "Accept", value: "application/json")]
        let secret = clientSecret?.value ?? ""
        switch authentication ?? oauth.clientAuthentication {
        case .clientSecretBasic:
            // RFC 6749 section 2.3.1: both are form-encoded before Basic.
            let pair = PercentEncoding.encode(clientID) + ":" + PercentEncoding.encode(secret)
            headers.append(("Authorization", "Basic " + Base64.encode(Array(pair.utf8))))
        case .clientSecretPost:
            parameters += [NamedValue("client_id", clientID), NamedValue("client_secret", secret)]
        case .secretAsBasicUser:
            let pair = PercentEncoding.encode(secret) + ":"
            headers.append(("Authorization", "Basic " + Base64.encode(Array(pair.utf8))))
        case .secretAsBearer: headers.append(("Authorization", "Bearer " + secret))
        case .none: parameters.append(NamedValue("client_id", clientID))
        default: break
        }
        parameters = parameters.map { NamedValue(oauth.tokenParameterNames[$0.name] ?? $0.name, $0.value) }
        headers += tokenHeaders
        let body: String
        switch encoding ?? oauth.tokenRequestEncoding {
        case .json:
            headers.append(("Content-Type", "application/json"))
            body = JSONValue.object(parameters.map { ($0.name, .string($0.value)) }).description
        default:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            body = PercentEncoding.pairs(parameters)
        }
        return limited(HTTPClient.Request(method: .post, url: url, headers: headers, body: Array(body.utf8)))
    }

    /// The provider's own header fields, with settings filled in; a field whose setting is missing is left out.
    private var tokenHeaders: [(name: String, value: String)] {
        oauth.tokenHeaders.flatMap { header in
            var request = ProviderRequest(.post, "/")
            request.headers = [header]
            let filled = try? request.filled { name in
                name.hasPrefix("setting.") ? settings[String(name.dropFirst(8))] : nil
            }
            return (filled?.headers ?? []).map { ($0.name, $0.value) }
        }
    }

    private func limited(_ request: HTTPClient.Request) -> HTTPClient.Request {
        var request = request
        request.responseBodyBytesMax = OAuthLimits.tokenResponseBytesMax
        request.timeouts.total = .seconds(30)
        // If its answer is lost, the request may have used up the code or rotated the token, so it is never resent blindly.
        request.isReplayable = false
        return request
    }
}
