// Sends a plugin's requests to its provider: origin, credential, headers, limits, and the translation of failures. One
// gateway serves all connections; the caller passes what belongs to one connection.

package import ConnectionModel
package import HTTPClient
package import Observability
package import Primitives
package import ProviderSDK

/// Supplies the credential of a connection, and its replacement when it is rejected.
package protocol CredentialSource: Sendable {
    /// The value of the access token.
    func accessToken() async throws(ProviderError) -> Secret
    /// Returns a token in place of `rejected`, which the provider no longer accepts; nil when there is no way to get
    /// one.
    func replacement(for rejected: Secret) async throws(ProviderError) -> Secret?
}

/// Sends requests to providers.
package struct ProviderGateway: Sendable {
    package let client: HTTPClient
    package let limiter: ProviderRateLimiter
    package let time: TimeSource
    package let log: Log
    /// How long a whole request may take.
    var requestTimeout = ProviderLimits.requestTimeout

    package init(client: HTTPClient, limiter: ProviderRateLimiter, time: TimeSource, log: Log) {
        self.client = client
        self.limiter = limiter
        self.time = time
        self.log = log
    }

    /// Sends `request` for a connection of `provider`.
    ///
    /// - Throws: ``ProviderError`` for an answer that the manifest calls an error, and for a missing answer.
    package func send(
        _ request: ProviderRequest, to provider: ConfiguredProvider, template: RequestTemplate,
        credentials: any CredentialSource, wait: RateLimitWait, call: PluginCall? = nil
    ) async throws(ProviderError) -> ProviderResponse {
        let bare = try outgoing(request, to: provider, template: template)
        var outgoing = bare
        let token = try await authorize(&outgoing, request, provider, template, credentials)
        do {
            return try await attempt(outgoing, request, provider, template, wait, call)
        } catch {
            guard error.isAboutToken, request.authorization == .connection else { throw error }
            guard let token, let form = provider.oauth(template.account.variant)?.send else {
                throw error.isFinal(in: provider) ? error.ending : error
            }
            // Also a statement that the grant is dead costs one refresh, because a grant that can be refreshed may outlive its token.
            let fresh: Secret?
            do throws(ProviderError) { fresh = try await credentials.replacement(for: token) } catch {
                // The request itself was refused for its token, so nothing was done.
                throw error.unsent
            }
            guard let fresh else { throw error.ending }
            outgoing = bare
            outgoing.add(form.filled(with: fresh.value))
            do {
                return try await attempt(outgoing, request, provider, template, wait, call)
            } catch {
                throw error.isAboutToken ? error.ending : error
            }
        }
    }

    /// Sends one request within the provider's limits, and throws what the manifest classifies as an error.
    private func attempt(
        _ outgoing: HTTPClient.Request, _ request: ProviderRequest, _ provider: ConfiguredProvider,
        _ template: RequestTemplate, _ wait: RateLimitWait, _ call: PluginCall?
    ) async throws(ProviderError) -> ProviderResponse {
        try await limiter.admit(provider, account: template.account.id, name: request.rateLimit, wait)
        try await wait.beforeSending?()
        call?.sent(outgoing.credentials(of: provider))
        let response = try await plain(outgoing, call: call)
        let now = time.now
        limiter.observe(response, provider, account: template.account.id, now: now)
        guard let error = provider.manifest.errors.error(for: response, to: request, now: now) else { return response }
        if case .rateLimited(let pause) = error.kind {
            limiter.pause(
                provider, account: template.account.id, for: pause ?? provider.manifest.errors.defaultRetryAfter)
        } else if let pause = error.retryAfter, let account = template.account.id {
            limiter.pause(provider, account: account, for: pause)
        }
        throw error.shown(without: outgoing.credentials(of: provider))
    }

    /// Sends without classification: returns every answer, and throws when none arrives.
    ///
    /// - Parameter call: keeps the memory of a large answer.
    package func plain(
        _ outgoing: HTTPClient.Request, call: PluginCall? = nil
    ) async throws(ProviderError) -> ProviderResponse {
        do { return try await answer(outgoing, call: call) } catch {
            let kind: ProviderError.Kind =
                switch error.kind {
                case .addressRefused, .invalidRequest, .library: .misconfigured
                case .responseTooLarge: .permanent
                default: .transient
                }
            let failure = ProviderError(kind, "\(error)")
            throw error.mayHaveBeenSent ? failure : failure.unsent
        }
    }

    /// Sends a request; the error of a missing answer says whether the request may have been received.
    ///
    /// - Parameter call: keeps the memory of a large answer.
    package func answer(
        _ outgoing: HTTPClient.Request, call: PluginCall? = nil
    ) async throws(HTTPClientError) -> ProviderResponse {
        do {
            let response = try await client.send(outgoing)
            if let lease = response.lease { call?.keep(lease) }
            Metrics.outgoingAnswered.add()
            return ProviderResponse(
                status: response.status, headers: response.headers.all.map { NamedValue($0.name, $0.value) },
                body: BodyText.utf8(response.body, contentType: response.headers["Content-Type"]))
        } catch {
            Metrics.outgoingFailed.add()
            throw error
        }
    }

    /// Adds the credential; returns the connection's token when it added that token.
    private func authorize(
        _ outgoing: inout HTTPClient.Request, _ request: ProviderRequest, _ provider: ConfiguredProvider,
        _ template: RequestTemplate, _ credentials: any CredentialSource
    ) async throws(ProviderError) -> Secret? {
        switch request.authorization {
        case .none: return nil
        case .setting(let key, let scheme):
            outgoing.headers.append(("Authorization", "\(scheme) \(try secret(key, of: provider).value)"))
            return nil
        case .connection:
            switch provider.manifest.auth {
            case .oauth2(let standard):
                let oauth = provider.oauth(template.account.variant) ?? standard
                let token = try await credentials.accessToken()
                outgoing.add(oauth.send.filled(with: token.value))
                return token
            case .apiKey(let auth):
                outgoing.add(auth.send.filled(with: try await credentials.accessToken().value))
            case .accountID(let auth):
                guard let key = auth.secretSetting else { return nil }
                outgoing.headers.append(("Authorization", "\(auth.scheme) \(try secret(key, of: provider).value)"))
            case .linkToken, .none: break
            @unknown default: break
            }
            return nil
        @unknown default: return nil
        }
    }

    private func secret(_ key: String, of provider: ConfiguredProvider) throws(ProviderError) -> Secret {
        guard let secret = provider.setting(key) else {
            throw ProviderError(.misconfigured, "The setting “\(key)” of \(provider.manifest.name) is not configured.")
        }
        return secret
    }

    private func outgoing(
        _ request: ProviderRequest, to provider: ConfiguredProvider, template: RequestTemplate
    ) throws(ProviderError) -> HTTPClient.Request {
        guard let endpoint = provider.endpoint(request.endpoint, variant: template.account.variant) else {
            throw ProviderError(
                .misconfigured, "The endpoint “\(request.endpoint)” of \(provider.manifest.name) is not configured.")
        }
        var whole = request
        whole.headers = provider.manifest.headers + request.headers
        let filled = try template.filled(whole)
        var outgoing = HTTPClient.Request(
            method: HTTPClient.Method(rawValue: filled.method.rawValue) ?? .get,
            url: PercentEncoding.url(try filled.url(behind: endpoint), filled.query),
            headers: filled.headers.map { ($0.name, $0.value) },
            responseBodyBytesMax: ProviderLimits.responseBytesMax)
        outgoing.timeouts.total = requestTimeout
        outgoing.memoryOfBody = AnswerMemory.bytes(of:)
        if !filled.headers.contains(where: { ASCII.equalIgnoringCase($0.name, "accept") }) {
            outgoing.headers.append(("Accept", "application/json"))
        }
        switch filled.body {
        case .form(let pairs):
            outgoing.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
            outgoing.body = Array(PercentEncoding.pairs(pairs).utf8)
        case .json(let value):
            outgoing.headers.append(("Content-Type", "application/json"))
            outgoing.body = value.serialized
        case .bytes(let bytes, let type):
            outgoing.headers.append(("Content-Type", type))
            outgoing.body = bytes
        case nil: break
        @unknown default: break
        }
        return outgoing
    }
}

extension ProviderError {
    /// Whether the answer says that the token was rejected, also where its provider then calls the grant dead.
    fileprivate var isAboutToken: Bool { kind == .authExpired || kind == .authRevoked && status == 401 }

    /// Whether a rejected credential of this provider has no replacement.
    fileprivate func isFinal(in provider: ConfiguredProvider) -> Bool {
        if case .apiKey = provider.manifest.auth { return true }
        return false
    }

    /// The error of a request of which no byte was sent.
    fileprivate var unsent: ProviderError {
        var unsent = self
        unsent.isUnsent = true
        return unsent
    }

    /// The error when the token has no replacement, or its replacement was rejected too: the grant has ended.
    ///
    /// A page for people is no statement of the API about a grant.
    fileprivate var ending: ProviderError {
        var ending = self
        ending.kind = code == ErrorClassification.pageCode ? .transient : .authRevoked
        return ending
    }
}

extension HTTPClient.Request {
    /// Adds a credential to the header fields and the query.
    fileprivate mutating func add(_ credential: CredentialForm) {
        headers += credential.headers.map { ($0.name, $0.value) }
        if !credential.query.isEmpty { url = PercentEncoding.url(url, credential.query) }
    }

    /// The credentials in the header fields and the query.
    package func credentials(of provider: ConfiguredProvider? = nil) -> [String] {
        let form: CredentialForm? =
            switch provider?.manifest.auth {
            case .oauth2(let oauth): oauth.send
            case .apiKey(let auth): auth.send
            default: nil
            }
        let names = Set(["authorization"] + (form?.headers ?? []).map { ASCII.lowercased($0.name) })
        let inHeaders = headers.filter { names.contains(ASCII.lowercased($0.name)) }.compactMap { field in
            field.value.split(separator: " ").last.map(String.init)
        }
        let parameters = url.split(separator: "?", maxSplits: 1).dropFirst().flatMap { $0.split(separator: "&") }
        let inQuery = (form?.query ?? []).flatMap { secret in
            parameters.filter { $0.hasPrefix(secret.name + "=") }.map { parameter in
                let sent = String(parameter.dropFirst(secret.name.count + 1))
                return (try? PercentEncoding.decode(sent.utf8Span.span)) ?? sent
            }
        }
        return inHeaders + inQuery
    }
}

/// Sends the plugin's requests for one connection.
struct ConnectionHTTP: ProviderHTTP {
    let gateway: ProviderGateway
    let provider: ConfiguredProvider
    let template: RequestTemplate
    let credentials: any CredentialSource
    /// How its requests wait for the provider's rate limits.
    let wait: RateLimitWait
    /// Learns the provider's time from the answers.
    let clock: ProviderClock?
    /// The call that the requests belong to.
    var call: PluginCall?

    func send(_ request: ProviderRequest) async throws(ProviderError) -> ProviderResponse {
        let response = try await gateway.send(
            request, to: provider, template: template, credentials: credentials, wait: wait, call: call)
        clock?.observe(response, now: gateway.time.now, at: gateway.time.instant)
        return response
    }
}
