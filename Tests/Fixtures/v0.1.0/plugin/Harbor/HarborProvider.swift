// Harbor: freight in two ports, connected with OAuth 2.0. An invented provider that uses most of ProviderSDK 1.0.

import ProviderSDK

/// The ports North and South.
struct HarborProvider: Provider {
    let manifest = ProviderManifest(id: "harbor", name: "Harbor") { manifest in
        manifest.version = "1.2.0"
        manifest.description = "Shipments, invoices and containers of two ports"
        manifest.category = "Freight"
        manifest.icon = "https://harbor.example/icon.svg"
        manifest.features = ["shipments", "invoices"]
        manifest.auth = .oauth2(oauth)
        manifest.scopes = scopes
        manifest.variants = [Variant(id: "north", name: "North Port"), south]
        manifest.endpoints = ["revoke": "https://harbor.example/oauth/revoke"]
        manifest.settings = [
            ProviderSetting("webhookSecret", "Signs what Harbor sends.", isSecret: true),
            ProviderSetting("requestsPerSecond", "Requests to one account in a second.", defaultValue: "50"),
            ProviderSetting("pageSize", "Notes on a page.", integer: 1...100, defaultValue: 2),
        ]
        var reads = RateLimit(50, per: .seconds(1), scope: .account)
        reads.setting = "requestsPerSecond"
        manifest.rateLimits = [reads, RateLimit(600, per: .seconds(60), scope: .application, name: "notes")]
        manifest.rateLimitHeaders = [RateLimitHeaders(remaining: "X-Remaining", resetAfter: "X-Reset-After")]
        manifest.errors = errors
        manifest.headers = [NamedValue("X-Port", "{variant}")]
        manifest.identity = IdentitySource(
            id: ["callback.port_id"], name: ["response.name", "token.name"], request: .get("/me"))
        manifest.dataTypes = HarborDataTypes.all
        manifest.webhooks = webhooks
        manifest.actions = [
            ProviderAction("renameContainer", "Renames a container.", rename) { action in
                action.toleratedCodes = ["gone"]
                action.additions = [NamedValue("port", "{accountId}")]
            }
        ]
        manifest.refreshesPerSyncMax = 2
    }

    private static let south: Variant = {
        var variant = Variant(id: "south", name: "South Port")
        variant.endpoints = ["api": "https://south.harbor.example/v1"]
        return variant
    }()

    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .form
        oauth.pkce = .s256
        oauth.scopeSeparator = ","
        oauth.authorizeParameters = [NamedValue("prompt", "consent")]
        oauth.tokenHeaders = [NamedValue("X-Client", "harbor-plugin")]
        oauth.tokenParameterNames = ["client_id": "app_id"]
        oauth.callbackParameters = [CallbackParameter("port_id")]
        var fields = TokenResponseFields()
        fields.container = "grant"
        fields.acceptedTokenTypes = ["bearer", "harbor"]
        oauth.tokenResponse = fields
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .seconds(60)))
        oauth.revocation = Revocation { revocation in
            revocation.token = .accessToken
            revocation.reach = .token
            revocation.succeeds = .equals("ended", true)
        }
    }

    private static let scopes: ScopeTable = {
        var table = ScopeTable([
            Scope("read:freight", grants: ["freight.read"]), Scope("write:freight", grants: ["freight.write"]),
        ])
        table.standard = ["read:freight"]
        table.always = ["offline"]
        table.contains = ["freight.write": ["freight.read"]]
        return table
    }()

    private static let errors: ErrorClassification = {
        var busy = ErrorRule(400...499, is: .transient)
        busy.header = HeaderCondition("X-Busy", isOneOf: ["yes"])
        var errors = ErrorClassification([
            busy, ErrorRule(403, where: .equals("error.code", "scope"), is: .scopeMissing([])),
            ErrorRule(404, where: .isOneOf("error.code", ["gone", "moved"]), is: .permanent),
            ErrorRule(429, is: .rateLimited(after: .seconds(2))),
        ])
        errors.missingScopes = ["error.scopes"]
        errors.retryAfter = ["error.seconds"]
        errors.pauseMax = .seconds(30)
        return errors
    }()

    private static let webhooks: WebhookScheme = {
        var scheme = WebhookScheme(.hmacSHA256(secretSetting: "webhookSecret"), header: "Harbor-Signature")
        scheme.layout = .pairs(timestamp: "t", signature: "v1")
        scheme.payload = [.timestamp, .text("."), .body]
        scheme.tolerance = .seconds(300)
        scheme.rejectionStatus = 403
        return scheme
    }()

    private static let rename: ProviderRequest = {
        var request = ProviderRequest(.patch, "/containers/{parameter.containerId}")
        request.body = .form([NamedValue("name", "{parameter.name}")])
        return request
    }()

    func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        guard request.dataType == "notes" else { return try await manifest.page(request, in: context) }
        return try await HarborNotes.page(request, in: context)
    }

    func detach(in context: ProviderContext) async throws(ProviderError) -> Detachment {
        _ = try await context.http.send(.post("/detach", .json(["port": .string(context.account.id ?? "")])))
        return .revokesGrant
    }

    func outcome(of delivery: WebhookDelivery) throws(ProviderError) -> WebhookOutcome {
        try HarborWebhook.outcome(of: delivery)
    }
}
