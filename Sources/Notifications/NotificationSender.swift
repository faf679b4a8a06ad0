// One attempt to deliver one event: signs it, sends it, classifies the answer. Keeps no state; `Notifications` decides
// what follows from an outcome.

package import ConnectionModel
package import HTTPClient
package import Primitives
package import ProviderSDK
package import Users

/// Sends notifications.
package struct NotificationSender: Sendable {
    package let client: HTTPClient
    package let policy: NotificationURLPolicy
    package let vault: CredentialVault
    package let time: TimeSource
    /// Whether requests go through the client's proxies.
    ///
    /// Users choose the addresses. Behind a proxy the host cannot check them, so the proxy has to.
    package let usesProxies: Bool
    /// How long a whole delivery may take.
    var timeout = NotificationLimits.timeout

    package init(
        client: HTTPClient, policy: NotificationURLPolicy, vault: CredentialVault, time: TimeSource,
        usesProxies: Bool = false
    ) {
        self.usesProxies = usesProxies
        self.client = client
        self.policy = policy
        self.vault = vault
        self.time = time
    }

    /// Sends an event once.
    ///
    /// The client connects to no address that the policy forbids, even when the name resolves to another address by
    /// then.
    ///
    /// - Returns: the outcome; nil when the host canceled the attempt or had no room, which does not count against
    ///   the endpoint.
    package func attempt(
        _ event: ConnectionEvent, of connection: Connection, user: String, at now: Timestamp
    ) async -> DeliveryAttempt? {
        guard let url = connection.settings.webhookURL else { return nil }
        let start = time.instant
        func result(_ outcome: DeliveryOutcome, status: Int? = nil, retryAfter: Duration? = nil) -> DeliveryAttempt {
            DeliveryAttempt(
                eventID: event.id, url: url,
                attempt: .init(
                    at: now, outcome: outcome, status: status,
                    milliseconds: Int((time.instant - start).nanoseconds / 1_000_000)),
                retryAfter: retryAfter, chance: .random(in: 0...1))
        }
        guard policy.refusal(of: url) == nil else { return result(.urlRefused) }
        let secrets: [SigningSecret]
        do { secrets = try vault.signingSecrets(of: connection, user: user, at: now) } catch {
            return result(.secretUnreadable)
        }
        guard !secrets.isEmpty else { return nil }
        let body = event.body(of: connection, user: user)
        var request = HTTPClient.Request(
            method: .post, url: url,
            headers: WebhookHeaders.fields(id: event.id, body: body, at: now, secrets: secrets), body: body)
        request.timeouts = .init(
            connect: timeout, firstByte: timeout, total: timeout)
        // The id lets the receiver recognize a repeat, so an open connection may be reused.
        request.isReplayable = true
        request.isDirect = !usesProxies
        request.responseBodyBytesMax = NotificationLimits.answerBytesMax
        if !policy.allowsPrivateAddresses {
            request.requiresHTTPS = true
            request.allowedPorts = NotificationURLPolicy.ports
        }
        do {
            let response = try await client.send(request)
            let outcome = DeliveryOutcome(status: response.status)
            guard outcome != .delivered else { return result(outcome, status: response.status) }
            let fields = response.headers.all("Retry-After").map { NamedValue("Retry-After", $0) }
            return result(
                outcome, status: response.status,
                retryAfter: ProviderResponse(status: response.status, headers: fields).retryAfter(now: time.now))
        } catch {
            return DeliveryOutcome(error).map { result($0) }
        }
    }
}

extension DeliveryOutcome {
    /// Returns the meaning of a status.
    package init(status: Int) {
        switch status {
        case 200...299: self = .delivered
        case 300...399: self = .redirected
        case 410: self = .gone
        case 429: self = .rateLimited
        case 400...499: self = .rejected
        default: self = .serverError
        }
    }

    /// Returns the meaning of a client failure; nil when the host itself caused it.
    package init?(_ error: HTTPClientError) {
        switch error.kind {
        case .invalidRequest: self = .urlRefused
        case .addressRefused: self = .addressRefused
        case .resolution, .connect, .connectionLost: self = .unreachable
        case .tls: self = .tls
        case .timeout(.queue), .cancelled, .queueFull, .shutdown, .library: return nil
        case .timeout: self = .timeout
        case .responseTooLarge, .protocolError: self = .invalidAnswer
        }
    }
}
