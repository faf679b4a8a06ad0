// Stripe Connect for standard accounts. Facts: Stripe's API reference at version 2026-07-29.dahlia. Everything but the plugin's
// entry points is data.

import ProviderSDK

/// Stripe Connect, standard accounts.
struct StripeProvider: Provider {
    let manifest = ProviderManifest(id: "stripe", name: "Stripe") { manifest in
        manifest.description = "Payment processing and subscription management"
        manifest.category = "Payments"
        manifest.features = ["payments", "subscriptions", "invoicing"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.endpoints = [
            "authorize": "https://connect.stripe.com/oauth/authorize",
            "token": "https://connect.stripe.com/oauth/token",
            "revoke": "https://connect.stripe.com/oauth/deauthorize",
            "api": "https://api.stripe.com",
        ]
        manifest.headers = [NamedValue("Stripe-Version", "2026-07-29.dahlia")]
        var identity = IdentitySource(
            id: ["token.stripe_user_id", "response.id"],
            name: [
                "response.business_profile.name", "response.settings.dashboard.display_name", "response.email",
            ],
            request: .get("/v1/account"))
        // Live and test data of an account share its id, and an endpoint for live events is sent test events too.
        identity.mode = ["token.livemode"]
        manifest.identity = identity
        manifest.dataTypes = StripeDataTypes.all
        var reads = RateLimit(100, per: .seconds(1), scope: .account)
        reads.setting = "requestsPerSecond"
        manifest.rateLimits = [reads]
        manifest.errors = errors
        manifest.settings = [
            ProviderSetting("webhookSecret", "The signing secret of the webhook endpoint (whsec_…).", isSecret: true),
            ProviderSetting(
                "requestsPerSecond", "Reads a second: 100 in live mode, 25 in test mode.", defaultValue: "100"),
        ]
        manifest.webhooks = webhooks
    }

    /// OAuth: the platform's secret key authenticates, no client id is sent to the token endpoint, tokens do not expire.
    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .secretAsBearer
        oauth.pkce = .unsupported
        oauth.sendsRedirectURIInExchange = false
        oauth.refresh = .refreshToken(rotation: .keepsUntilReplaced)
        oauth.revocation = Revocation { revocation in
            revocation.token = .none
            // It takes the platform away from the account, whoever connected it.
            revocation.reach = .account
            revocation.parameters = [
                NamedValue("client_id", "{clientId}"), NamedValue("stripe_user_id", "{accountId}"),
            ]
        }
    }

    /// Stripe knows two scopes; the documented names are folded into them.
    private static let scopes: ScopeTable = {
        var table = ScopeTable([
            Scope("read:payments", grants: ["read_only"]), Scope("write:invoices", grants: ["read_write"]),
            Scope("read:customers", grants: ["read_only"]), Scope("write:subscriptions", grants: ["read_write"]),
        ])
        table.contains = ["read_write": ["read_only"]]
        // Syncing only reads.
        table.standard = ["read:payments", "read:customers"]
        return table
    }()

    private static let errors: ErrorClassification = {
        var errors = ErrorClassification([
            ErrorRule(401, is: .authRevoked),
            ErrorRule(403, where: .equals("error.code", "account_invalid"), is: .authRevoked),
            ErrorRule(400, where: .equals("error.code", "rate_limit"), is: .rateLimited(after: nil)),
            ErrorRule(429, is: .rateLimited(after: nil)),
            // Where Stripe says whether to try again, that counts.
            toldToRetry("false", 409...409, is: .permanent), toldToRetry("false", 500...599, is: .permanent),
            toldToRetry("true", 400...499, is: .transient),
            ErrorRule(409, is: .transient),
        ])
        errors.code = ["error.code", "error.type", "error"]
        errors.message = ["error.message", "error_description"]
        return errors
    }()

    private static func toldToRetry(
        _ answer: String, _ statuses: ClosedRange<Int>, is kind: ProviderError.Kind
    ) -> ErrorRule {
        var rule = ErrorRule(statuses, is: kind)
        rule.header = HeaderCondition("stripe-should-retry", isOneOf: [answer])
        return rule
    }

    private static let webhooks: WebhookScheme = {
        var scheme = WebhookScheme(.hmacSHA256(secretSetting: "webhookSecret"), header: "Stripe-Signature")
        scheme.layout = .pairs(timestamp: "t", signature: "v1")
        scheme.payload = [.timestamp, .text("."), .body]
        scheme.tolerance = .seconds(300)
        scheme.rejectionStatus = 400
        return scheme
    }()

    func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
        StripeWebhook.outcome(of: delivery)
    }
}
