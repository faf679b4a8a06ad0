// QuickBooks Online. Facts: Intuit's API at minor version 75. The company stands in the OAuth callback and nowhere else; reading
// is done in a query language, which QuickBooksReader speaks; the rest is data.

import ProviderSDK

/// One QuickBooks Online company for each connection.
struct QuickBooksProvider: Provider {
    let manifest = ProviderManifest(id: "quickbooks", name: "QuickBooks") { manifest in
        manifest.description = "Accounting sync, invoice management and expense tracking"
        manifest.category = "Accounting"
        manifest.features = ["accounting", "invoicing", "expenses", "reporting"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.endpoints = [
            "authorize": "https://appcenter.intuit.com/connect/oauth2",
            "token": "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
            "revoke": "https://developer.api.intuit.com/v2/oauth2/tokens/revoke",
            "api": "https://quickbooks.api.intuit.com",
        ]
        // Without it, answers are XML.
        manifest.headers = [NamedValue("Accept", "application/json")]
        manifest.accountIDs = AccountIDForm(.digits, bytesMax: 32)
        manifest.identity = identity
        manifest.dataTypes = QuickBooksDataTypes.all
        manifest.offeredActions = QuickBooksActions.all
        manifest.rateLimits = [
            RateLimit(500, per: .seconds(60), scope: .account), RateLimit(10, per: .seconds(1), scope: .account),
        ]
        manifest.errors = QuickBooksErrors.classification
        manifest.settings = [
            ProviderSetting("webhookVerifierToken", "The verifier token of the app's webhooks.", isSecret: true)
        ]
        manifest.webhooks = webhooks
        manifest.facts = ProviderFacts(
            verified: .documentation, date: "2026-08-31",
            sources: [
                "https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries",
                "https://github.com/intuit/oauth-jsclient",
            ])
    }

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .clientSecretBasic
        // Intuit's discovery document names no challenge method, and its own clients send none.
        oauth.pkce = .unsupported
        oauth.callbackParameters = [CallbackParameter("realmId")]
        oauth.tokenHeaders = [
            NamedValue("Accept", "application/json"),
            // Asks for the end of the grant, which no refresh moves.
            NamedValue("x-include-refresh-token-hard-expires-in", "true"),
        ]
        oauth.tokenResponse.refreshExpiresIn = ["x_refresh_token_expires_in"]
        oauth.tokenResponse.refreshHardExpiresIn = ["x_refresh_token_hard_expires_in"]
        // The token before stays good for a day after a new one is issued.
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .seconds(86_400)))
        oauth.lifetimes = TokenLifetimes(
            accessToken: .seconds(3600), refreshTokenIdle: .seconds(100 * 86_400), grant: .seconds(5 * 365 * 86_400))
        oauth.revocation = Revocation { $0.encoding = .json }
    }

    /// The documented names are folded into Intuit's two.
    ///
    /// The scope for payments is asked for only by name. An app without that product could not be connected with it, and no data type
    /// needs it.
    private static let scopes = ScopeTable([
        Scope("accounting", grants: ["com.intuit.quickbooks.accounting"])
            .meaning(
                "See and change your accounting", covers: "Invoices, expenses, customers and vendors", writes: true),
        Scope("payments", grants: ["com.intuit.quickbooks.payment"])
            .meaning("Process payments", covers: "Cards and bank transfers of your customers", writes: true),
        Scope("invoicing", grants: ["com.intuit.quickbooks.accounting"])
            .meaning("Create and send invoices", covers: "What is billed, and to whom", writes: true),
    ]) { table in
        table.standard = ["accounting", "invoicing"]
    }

    /// The company of the callback; its name is one row of a query.
    private static let identity = IdentitySource(
        id: ["callback.realmId"], name: ["response.QueryResponse.CompanyInfo.0.CompanyName"],
        request: .get(
            "/v3/company/{callback.realmId}/query",
            [NamedValue("query", "SELECT * FROM CompanyInfo"), QuickBooksReader.minorVersion])
    ) { identity in
        identity.requestTellsNameOnly = true
    }

    private static let webhooks = WebhookScheme(
        .hmacSHA256(secretSetting: "webhookVerifierToken"), header: "intuit-signature"
    ) { scheme in
        scheme.encoding = .base64
        scheme.events = QuickBooksWebhook.events
    }

    func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        guard let entity = QuickBooksDataTypes.entities[request.dataType] else {
            throw ProviderError(.permanent, "QuickBooks has no data type \(request.dataType).")
        }
        return try await QuickBooksReader(entity, since: request.since, in: context).page(at: request.cursor)
    }
}
