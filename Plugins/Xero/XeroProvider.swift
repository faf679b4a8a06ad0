// Xero. Facts: the Accounting API 2.0 and Xero's OAuth 2.0 as of mid 2026. One grant may cover several organisations; a
// connection is for one of them, found by XeroTenants. The rest is data.

import ProviderSDK

/// One Xero organisation for each connection.
struct XeroProvider: Provider {
    let manifest = ProviderManifest(id: "xero", name: "Xero") { manifest in
        manifest.description = "Accounting sync, invoice management and expense tracking"
        manifest.category = "Accounting"
        manifest.features = ["accounting", "invoicing", "expenses", "reporting"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.endpoints = [
            "authorize": "https://login.xero.com/identity/connect/authorize",
            "token": "https://identity.xero.com/connect/token",
            "revoke": "https://identity.xero.com/connect/revocation",
            "api": "https://api.xero.com",
        ]
        // Without it, answers are XML.
        manifest.headers = [NamedValue("Accept", "application/json")]
        manifest.dataTypes = XeroDataTypes.all
        // The daily limit differs by plan, and its day begins at another hour in each organisation. Only its 429 shows it.
        manifest.rateLimits = [
            RateLimit(60, per: .seconds(60), scope: .account),
            RateLimit(10_000, per: .seconds(60), scope: .application),
        ]
        manifest.rateLimitHeaders = [
            RateLimitHeaders(remaining: "X-MinLimit-Remaining", interval: .seconds(60), scope: .account),
            RateLimitHeaders(remaining: "X-AppMinLimit-Remaining", interval: .seconds(60), scope: .application),
        ]
        manifest.offeredActions = XeroActions.all
        manifest.errors = errors
        manifest.settings = [
            ProviderSetting("webhookKey", "The signing key of the app's webhooks.", isSecret: true),
            ProviderSetting(
                "scope",
                "Scopes that every authorization asks for, separated by spaces: accounting.contacts to create contacts."
            ),
        ]
        manifest.webhooks = webhooks
        manifest.facts = ProviderFacts(
            verified: .documentation, date: "2026-08-31",
            sources: [
                "https://github.com/XeroAPI/Xero-OpenAPI",
                "https://developer.xero.com/documentation/guides/oauth2/auth-flow",
            ],
            unverified: [
                UnverifiedFact("/auth/oauth2/pkce", "Whether web apps may send a challenge.")
            ])
    }

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .clientSecretBasic
        oauth.pkce = .s256
        // When the answer to a refresh is lost, the token before can be used again for half an hour.
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .seconds(1800)))
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(1800), refreshTokenIdle: .seconds(60 * 86_400))
        // It ends the grant with every organisation that the user connected, and taking one organisation out ends it for all.
        oauth.revocation = Revocation { $0.reach = .account }
    }

    /// The documented names stand for the granular scopes of reading.
    ///
    /// Apps created since March 2026 may ask for no others, and older ones may ask for them too. A grant with the broad scope that they
    /// replace is still good.
    private static let scopes = ScopeTable([
        Scope("accounting.transactions", grants: ["accounting.invoices.read", "accounting.banktransactions.read"])
            .meaning("See invoices and bank transactions", covers: "Amounts, dates, lines and payments"),
        Scope("accounting.contacts", grants: ["accounting.contacts.read"])
            .meaning("See contacts", covers: "Names and addresses of customers and suppliers"),
        Scope("accounting.settings", grants: ["accounting.settings.read"])
            .meaning("See settings of the organisation", covers: "Accounts, tax rates and currencies"),
    ]) { table in
        // No data type needs the settings.
        table.standard = ["accounting.transactions", "accounting.contacts"]
        // The documented name of contacts stands for reading them, so only the operator can ask for the scope that writes.
        table.alwaysSetting = "scope"
        // Without it there is no refresh token.
        table.always = ["offline_access"]
        for name in ["invoices", "banktransactions", "contacts", "settings", "transactions"] {
            table.contains["accounting.\(name)"] = ["accounting.\(name).read"]
        }
        for name in ["invoices", "payments"] {
            table.alternatives["accounting.\(name)"] = ["accounting.transactions"]
        }
        for name in ["invoices", "banktransactions"] {
            table.alternatives["accounting.\(name).read"] = ["accounting.transactions", "accounting.transactions.read"]
        }
    }

    private static let problem = "X-Rate-Limit-Problem"

    private static let errors = ErrorClassification([
        // Hours away where the answer does not say: longer than any pause that is waited for.
        ErrorRule(
            429, header: HeaderCondition(problem, isOneOf: ["day", "daily", "daylimit", "day limit"]),
            is: .rateLimited(after: .seconds(3600))),
        ErrorRule(
            429, header: HeaderCondition(problem, isOneOf: ["concurrent"]), is: .rateLimited(after: .seconds(2))),
        // A good token that lacks a scope; AuthenticationUnsuccessful and TokenExpired are about the token.
        ErrorRule(
            401,
            where: .any([
                .contains("Detail", "AuthorizationUnsuccessful"), .contains("detail", "AuthorizationUnsuccessful"),
            ]), is: .scopeMissing([])),
    ]) { errors in
        errors.code = ["ErrorNumber", "Title", "title", "error"]
        errors.message = ["Message", "Detail", "detail"]
        errors.defaultRetryAfter = .seconds(60)
    }

    /// Notifications hold no values; an archived contact comes as an update, and bank transactions have none.
    ///
    /// An intent to receive, which has no events, is answered 200 or 401 by its signature alone. The text of a repeated delivery
    /// differs, so the id is made of its sequence.
    private static let webhooks = WebhookScheme(
        .hmacSHA256(secretSetting: "webhookKey"), header: "x-xero-signature"
    ) { scheme in
        scheme.encoding = .base64
        scheme.events = [
            WebhookEvents(
                each: ["body.events"], id: ["item.tenantId", "body.firstEventSequence", "body.lastEventSequence"],
                account: ["item.tenantId"], at: ["item.eventDateUtc"],
                effects: .changes(at: "item.eventCategory", ["CONTACT": "contacts", "INVOICE": "invoices"]) + [
                    .init(.not(.isSet("item.eventCategory")), .changed(["contacts", "invoices"]))
                ])
        ]
    }

    func identity(of grant: TokenGrant, in context: ProviderContext) async throws(ProviderError) -> AccountIdentity {
        let event = grant.claims["authentication_event_id"]?.string
        return try XeroTenants(try await context.json(XeroTenants.request)).identity(authorizedBy: event)
    }

    /// A page of a list; what a refusal means depends on whether the organisation is still connected.
    func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        do throws(ProviderError) {
            return try await manifest.page(request, in: context)
        } catch {
            guard case .scopeMissing = error.kind, let tenant = context.account.id,
                let answer = try? await context.json(XeroTenants.request), let tenants = try? XeroTenants(answer),
                !tenants.contains(tenant)
            else { throw error }
            throw ProviderError(
                .authRevoked, "The organisation is no longer connected to this app in Xero.", code: error.code,
                status: error.status)
        }
    }

    /// Revoking a token would end all organisations that the user connected to this app: while there are others, only this one
    /// is taken out.
    func detach(in context: ProviderContext) async throws(ProviderError) -> Detachment {
        let tenants = try XeroTenants(try await context.json(XeroTenants.request))
        guard tenants.hasOther(than: context.account.id) else { return .revokesGrant }
        if let connection = tenants.connectionID(of: context.account.id) {
            _ = try await context.http.send(ProviderRequest(.delete, "\(XeroTenants.request.path)/\(connection)"))
        }
        return .keepsGrant
    }
}
