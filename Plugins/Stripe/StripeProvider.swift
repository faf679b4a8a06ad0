// Stripe Connect for standard accounts, and Stripe Apps, at version 2026-07-29.dahlia of the API. All but the walk over refunds is data.

import ProviderSDK

/// Stripe accounts, by Connect or by an app.
struct StripeProvider: Provider {
    let manifest = ProviderManifest(id: "stripe", name: "Stripe") { manifest in
        manifest.description = "Payment processing and subscription management"
        manifest.category = "Payments"
        manifest.features = ["payments", "subscriptions", "invoicing"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.variants = [Variant(id: "connect", name: "Stripe Connect"), StripeApps.variant]
        // Connect was the only way for years.
        manifest.defaultVariant = "connect"
        manifest.endpoints = [
            "authorize": "https://connect.stripe.com/oauth/authorize",
            "token": "https://connect.stripe.com/oauth/token",
            "revoke": "https://connect.stripe.com/oauth/deauthorize",
            "api": "https://api.stripe.com",
        ]
        manifest.headers = [NamedValue("Stripe-Version", "2026-07-29.dahlia")]
        manifest.accountIDs = AccountIDForm(.lettersAndDigits(and: "_"))
        manifest.identity = IdentitySource(
            id: ["token.stripe_user_id", "response.id"],
            name: [
                "response.business_profile.name", "response.settings.dashboard.display_name", "response.email",
            ],
            request: .get("/v1/account")
        ) {
            // Live and test data of an account share its id, and an endpoint for live events is sent test events too.
            $0.mode = ["token.livemode"]
        }
        manifest.dataTypes = StripeDataTypes.all
        manifest.offeredActions = StripeActions.all
        manifest.rateLimits = [
            RateLimit(
                100, per: .seconds(1), scope: .account,
                setting: ProviderSetting("requestsPerSecond", "Reads a second: 100 in live mode, 25 in test mode."))
        ]
        manifest.errors = errors
        manifest.settings = [
            ProviderSetting("webhookSecret", "The signing secret of the webhook endpoint (whsec_…).", isSecret: true),
            ProviderSetting(
                "scope",
                "A scope that every Connect authorization asks for: read_write for a platform, which may not ask for read_only."
            ),
        ]
        manifest.webhooks = webhooks
        manifest.facts = ProviderFacts(
            verified: .documentation, date: "2026-08-31",
            sources: [
                "https://docs.stripe.com/connect/oauth-changes-for-standard-platforms",
                "https://github.com/stripe/openapi",
            ])
    }

    /// The account; an app may lack the permission to read its name.
    func identity(of grant: TokenGrant, in context: ProviderContext) async throws(ProviderError) -> AccountIdentity {
        do throws(ProviderError) { return try await manifest.identity(of: grant, in: context) } catch {
            guard case .scopeMissing = error.kind, let id = grant.response["stripe_user_id"]?.string, !id.isEmpty else {
                throw error
            }
            var identity = AccountIdentity(id: id, name: id)
            identity.mode = grant.response["livemode"]?.boolean.map { String($0) }
            return identity
        }
    }

    /// OAuth: the platform's secret key authenticates, no client id is sent to the token endpoint, tokens do not expire.
    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .secretAsBearer
        oauth.pkce = .unsupported
        oauth.sendsRedirectURIInExchange = false
        oauth.refresh = .refreshToken(rotation: .keepsUntilReplaced)
        oauth.revocation = Revocation { revocation in
            revocation.token = .none
            // It removes the platform from the account, also for other users.
            revocation.reach = .account
            revocation.parameters = [
                NamedValue("client_id", "{clientId}"), NamedValue("stripe_user_id", "{accountId}"),
            ]
        }
    }

    /// Stripe knows two scopes; the documented names are folded into them.
    private static let scopes = ScopeTable([
        Scope("read:payments", grants: ["read_only"])
            .meaning("See payments", covers: "Amounts, dates, fees and refunds"),
        Scope("write:invoices", grants: ["read_write"])
            .meaning("Create and change invoices", covers: "What is billed, and what is due", writes: true),
        Scope("read:customers", grants: ["read_only"])
            .meaning("See customers", covers: "Names and e-mail addresses"),
        Scope("write:subscriptions", grants: ["read_write"])
            .meaning("Create and change subscriptions", covers: "Plans, prices and renewals", writes: true),
    ]) { table in
        table.contains = ["read_write": ["read_only"]]
        table.alwaysSetting = "scope"
        // Syncing only reads.
        table.standard = ["read:payments", "read:customers"]
    }

    private static let errors = ErrorClassification([
        ErrorRule(401, is: .authRevoked),
        ErrorRule(403, where: .equals("error.code", "account_invalid"), is: .authRevoked),
        ErrorRule(400, where: .equals("error.code", "rate_limit"), is: .rateLimited(after: nil)),
        ErrorRule(429, is: .rateLimited(after: nil)),
        // Stripe's advice whether to retry goes before the status.
        retryHeader("false", 409...409, is: .permanent), retryHeader("false", 500...599, is: .permanent),
        retryHeader("true", 400...499, is: .transient),
        ErrorRule(409, is: .transient),
    ]) { errors in
        errors.code = ["error.code", "error.type", "error"]
        errors.message = ["error.message", "error_description"]
    }

    private static func retryHeader(
        _ answer: String, _ statuses: ClosedRange<Int>, is kind: ProviderError.Kind
    ) -> ErrorRule {
        ErrorRule(statuses, header: HeaderCondition("stripe-should-retry", isOneOf: [answer]), is: kind)
    }

    /// Connect events name the account they are about; an event without one is about the platform itself.
    private static let webhooks = WebhookScheme(
        .hmacSHA256(secretSetting: "webhookSecret"), header: "Stripe-Signature"
    ) { scheme in
        scheme.layout = .pairs(timestamp: "t", signature: "v1")
        scheme.payload = [.timestamp, .text("."), .body]
        scheme.tolerance = .seconds(300)
        scheme.rejectionStatus = 400
        scheme.events = [
            WebhookEvents(
                id: ["body.id"], account: ["body.account", "body.context"], mode: ["body.livemode"],
                at: ["body.created"],
                effects: [
                    .init(.equals("body.type", "account.application.deauthorized"), .revoked),
                    // The event holds the charge, not the refund.
                    .init(.equals("body.type", "charge.refunded"), .changed(["charges", "refunds"])),
                    // The invoice that it announces does not exist yet.
                    .init(.equals("body.type", "invoice.upcoming"), .ignored),
                ] + .changes(at: "body.data.object.object", StripeDataTypes.names)
                    // A thin event names its object, and one without an object is known by its type.
                    + .changes(at: "body.related_object.type", StripeDataTypes.names) + StripeDataTypes.changesByType)
        ]
    }

    func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        guard request.dataType == "refunds", let since = request.since, let refunds = manifest.dataType("refunds")
        else {
            return try await manifest.page(request, in: context)
        }
        return try await StripeRefunds.page(request, since: since, of: refunds, in: context)
    }
}
