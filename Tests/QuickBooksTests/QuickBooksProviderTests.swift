// QuickBooks beyond its tables and its reading: conformance, identity, error classes, OAuth, webhooks.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import QuickBooks

@Suite("QuickBooks provider", .timeLimit(.minutes(2)))
struct QuickBooksProviderTests {
    let provider = QuickBooksProvider()
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    @Test("The documented list entry matches the manifest")
    func isDocumented() {
        let manifest = provider.manifest
        #expect(manifest.id == "quickbooks")
        #expect(manifest.name == "QuickBooks")
        #expect(manifest.category == "Accounting")
        #expect(manifest.features == ["accounting", "invoicing", "expenses", "reporting"])
        #expect(manifest.scopes.documented.map(\.name) == ["accounting", "payments", "invoicing"])
        #expect(manifest.dataTypes.map(\.name) == ["invoices", "expenses", "customers", "vendors"])
    }

    @Test(
        "The company comes from the callback; a name that cannot be read now is done without, a wrong company is not",
        arguments: [
            (200, #"{"QueryResponse":{"CompanyInfo":[{"CompanyName":"Sandbox Inc","Id":"1"}]}}"#, "Sandbox Inc"),
            (200, #"{"QueryResponse":{}}"#, "4620816365"), (503, "", "4620816365"), (404, "", "4620816365"),
            (401, "{}", nil),
            (403, #"{"fault":{"error":[{"code":"3100"}],"type":"SERVICE"}}"#, nil),
        ] as [(Int, String, String?)])
    func identifies(status: Int, body: String, name: String?) async {
        let http = ScriptedHTTP(provider.manifest, now: now) { _ in .json(body, status: status) }
        let grant = TokenGrant(
            response: ["access_token": .null, "expires_in": 3600], claims: [:], callback: ["realmId": "4620816365"])
        let identity = try? await provider.identity(of: grant, in: .testing(http, now: now))
        #expect(identity == name.map { AccountIdentity(id: "4620816365", name: $0) })
        #expect(http.requests.map(\.path) == ["/v3/company/{callback.realmId}/query"])
    }

    @Test("A callback without a company is no account")
    func requiresCompany() async {
        let http = ScriptedHTTP(provider.manifest, now: now) { _ in .json("{}") }
        let grant = TokenGrant(response: [:], claims: [:], callback: [:])
        await #expect(throws: ProviderError.self) {
            try await provider.identity(of: grant, in: .testing(http, now: now))
        }
    }

    static func fault(_ code: String, type: String, message: String = "m") -> [String] {
        [
            #"{"Fault":{"Error":[{"Message":"\#(message)","Detail":"d","code":"\#(code)"}],"type":"\#(type)"},"time":"t"}"#,
            #"{"warnings":null,"intuitObject":null,"fault":{"error":[{"message":"\#(message)","detail":"d","code":"\#(code)","element":null}],"type":"\#(type)"},"requestId":null}"#,
        ]
    }

    @Test(
        "Faults of both spellings fall into the right class",
        arguments: [
            (401, "3200", "AUTHENTICATION", "message=AuthenticationFailed", ProviderError.Kind.authExpired),
            (200, "3200", "AUTHENTICATION", "message=AuthenticationFailed", .authExpired),
            (200, "99", "AUTHENTICATION", "m", .authExpired), (403, "3201", "AUTHORIZATION", "m", .authRevoked),
            (401, "3201", "AUTHENTICATION", "m", .authRevoked), (403, "3100", "SERVICE", "m", .misconfigured),
            (401, "3100", "AUTHENTICATION", "m", .misconfigured),
            (403, "5020", "AUTHORIZATION", "m", .scopeMissing([])),
            (200, "5020", "AuthorizationFault", "m", .scopeMissing([])),
            (429, "3001", "SERVICE", "message=ThrottleExceeded; errorCode=003001", .rateLimited(after: .seconds(60))),
            (403, "3001", "SERVICE", "message=ThrottleExceeded; errorCode=003001", .rateLimited(after: .seconds(60))),
            (200, "3001", "SERVICE", "m", .rateLimited(after: .seconds(60))),
            (403, "9", "SERVICE", "ThrottleExceeded", .rateLimited(after: .seconds(60))),
            (404, "610", "ValidationFault", "Object Not Found", .permanent),
            (200, "610", "ValidationFault", "Object Not Found", .permanent),
            (400, "4001", "ValidationFault", "Invalid query", .permanent),
            (400, "6240", "ValidationFault", "Duplicate Name Exists Error", .permanent),
            (500, "10000", "SystemFault", "m", .transient), (200, "10000", "SystemFault", "m", .transient),
            (503, "1", "SERVICE", "m", .transient),
        ])
    func classifies(status: Int, code: String, type: String, message: String, kind: ProviderError.Kind) {
        for body in Self.fault(code, type: type, message: message) {
            let error = provider.manifest.errors.error(for: .json(body, status: status), now: now)
            #expect(error?.kind == kind)
            #expect(error?.code == code)
            #expect(error?.message == message)
        }
    }

    @Test(
        "Answers without a fault fall into the class of their status",
        arguments: [
            (200, #"{"QueryResponse":{}}"#, nil), (200, #"{"fault":null,"QueryResponse":{}}"#, nil),
            (401, "", .authExpired), (403, "", .scopeMissing([])), (429, "", .rateLimited(after: .seconds(60))),
            (502, "<html>", .transient), (400, "<IntuitResponse/>", .permanent),
        ] as [(Int, String, ProviderError.Kind?)])
    func classifiesStatuses(status: Int, body: String, kind: ProviderError.Kind?) {
        #expect(provider.manifest.errors.error(for: .json(body, status: status), now: now)?.kind == kind)
    }

    @Test(
        "A fault in XML is read like one in JSON, with any status",
        arguments: [
            (403, "SERVICE", "3001", "message=ThrottleExceeded; errorCode=003001", .rateLimited(after: .seconds(60))),
            (429, "SERVICE", "3001", "message=ThrottleExceeded", .rateLimited(after: .seconds(60))),
            (401, "AUTHENTICATION", "3200", "AuthenticationFailed", .authExpired),
            (200, "SystemFault", "10000", "An application error", .transient),
            (200, "ValidationFault", "2010", "Bad", .permanent),
            (403, "AuthorizationFault", "3100", "No", .misconfigured),
        ] as [(Int, String, String, String, ProviderError.Kind)])
    func classifiesXML(status: Int, type: String, code: String, message: String, kind: ProviderError.Kind) {
        let body = """
            <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
            <IntuitResponse time="2016-10-10T12:14:28.801-07:00" xmlns="http://schema.intuit.com/finance/v3">
            <Fault type="\(type)"><Error code="\(code)"><Message>\(message)</Message><Detail>d</Detail></Error></Fault></IntuitResponse>
            """
        let error = provider.manifest.errors.error(for: .json(body, status: status), now: now)
        #expect(error?.kind == kind)
        #expect(error?.code == code)
        #expect(error?.message == message)
    }

    func oauth() throws -> OAuth2 {
        guard case .oauth2(let oauth) = provider.manifest.auth else { throw ProviderError(.permanent, "not OAuth") }
        return oauth
    }

    @Test("OAuth is described as Intuit has it")
    func describesOAuth() throws {
        let oauth = try oauth()
        #expect(oauth.clientAuthentication == .clientSecretBasic)
        #expect(oauth.pkce == .unsupported)
        #expect(oauth.scopeSeparator == " ")
        #expect(oauth.callbackParameters == [CallbackParameter("realmId", isRequired: true)])
        #expect(oauth.tokenHeaders.contains(NamedValue("x-include-refresh-token-hard-expires-in", "true")))
        let token: JSONValue = [
            "x_refresh_token_expires_in": 8_726_400, "x_refresh_token_hard_expires_in": 157_680_000,
        ]
        #expect(oauth.tokenResponse.refreshExpiresIn.compactMap { token.at($0)?.integer } == [8_726_400])
        #expect(oauth.tokenResponse.refreshHardExpiresIn.compactMap { token.at($0)?.integer } == [157_680_000])
        guard case .refreshToken(.rotates(let grace)) = oauth.refresh else { throw ProviderError(.permanent, "x") }
        #expect(grace == .seconds(86_400))
        #expect(oauth.lifetimes.accessToken == .seconds(3600))
        #expect(oauth.lifetimes.refreshTokenIdle == .seconds(8_640_000))
        #expect(oauth.lifetimes.grant == .seconds(157_680_000))
        let revocation = try #require(oauth.revocation)
        #expect(revocation.encoding == .json)
        #expect(revocation.token == .refreshToken)
        #expect(revocation.tokenParameter == "token")
        let dead = ProviderResponse.json(#"{"error_description":"Token invalid","error":"invalid_grant"}"#, status: 400)
        #expect(oauth.tokenErrors.error(for: dead, now: now)?.kind == .authRevoked)
    }

    @Test("Documented scopes become Intuit's; the one for payments only by name")
    func asksForScopes() {
        let accounting = "com.intuit.quickbooks.accounting"
        let payment = "com.intuit.quickbooks.payment"
        let manifest = provider.manifest
        #expect(manifest.requestedScopes(for: []) == [accounting])
        #expect(manifest.requestedScopes(for: ["invoicing"]) == [accounting])
        #expect(manifest.requestedScopes(for: ["payments"]) == [payment, accounting])
        #expect(manifest.requestedScopes(for: ["accounting", "payments", "invoicing"]) == [accounting, payment])
        #expect(manifest.requestedScopes(for: [payment], dataTypes: []) == [payment])
    }

    @Test("Notifications are signed over the body alone, in Base64")
    func describesSignature() throws {
        let scheme = try #require(provider.manifest.webhooks)
        #expect(scheme.algorithm == .hmacSHA256(secretSetting: "webhookVerifierToken"))
        #expect(scheme.header == "intuit-signature")
        #expect(scheme.encoding == .base64)
        #expect(scheme.layout == .plain(prefix: ""))
        #expect(scheme.payload == [.body])
        #expect(scheme.tolerance == nil)
    }

    func outcome(_ body: String) throws -> WebhookOutcome {
        try provider.outcome(of: WebhookDelivery(headers: [], body: Array(body.utf8), receivedAt: now))
    }

    @Test("The older notification form gives each company's changes once")
    func readsNotifications() throws {
        let outcome = try outcome(
            #"""
            {"eventNotifications":[{"realmId":"1185883450","dataChangeEvent":{"entities":[
            {"name":"Customer","id":"1","operation":"Create","lastUpdated":"2024-05-31T10:00:00-07:00"},
            {"name":"Vendor","id":"1","operation":"Update","lastUpdated":"2024-05-31T10:05:00-07:00"},
            {"name":"Customer","id":"2","operation":"Delete","lastUpdated":"2024-05-31T09:00:00-07:00"},
            {"name":"Account","id":"3","operation":"Create","lastUpdated":"2024-05-31T12:00:00Z"}]}},
            {"realmId":"2","dataChangeEvent":{"entities":[{"name":"Purchase","id":"1","operation":"Create"}]}},
            {"realmId":"3","dataChangeEvent":{"entities":[{"name":"Class","id":"1","operation":"Create"}]}}]}
            """#)
        #expect(outcome.status == 200)
        #expect(outcome.reply == nil)
        #expect(outcome.events.map(\.accountID) == ["1185883450", "2"])
        #expect(
            outcome.events.map(\.effect) == [
                .changed(dataTypes: ["customers", "vendors"]), .changed(dataTypes: ["expenses"]),
            ])
        #expect(outcome.events[0].occurredAt?.description == "2024-05-31T17:05:00Z")
        #expect(outcome.events[1].occurredAt == nil)
        #expect(outcome.ignored == [.noMeaning: 2])
    }

    @Test("A notification that does not say what changed is about every data type")
    func readsIncompleteNotifications() throws {
        let all = WebhookOutcome.Event.Effect.changed(dataTypes: ["invoices", "expenses", "customers", "vendors"])
        for body in [
            #"{"eventNotifications":[{"realmId":"1","dataChangeEvent":{"entities":[{"id":"1"}]}}]}"#,
            #"{"eventNotifications":[{"realmId":"1"}]}"#,
            #"{"eventNotifications":[{"realmId":1,"dataChangeEvent":{}}]}"#,
        ] {
            let events = try outcome(body).events
            #expect(events.map(\.effect) == [all], "\(body)")
            #expect(events.map(\.accountID) == ["1"])
        }
        #expect(
            try outcome(#"{"eventNotifications":[{"dataChangeEvent":{"entities":[]}}]}"#).ignored == [.noMeaning: 1])
        let invoice = #"{"realmId":"1","dataChangeEvent":{"entities":[{"name":"Invoice","id":"1"}]}}"#
        for rest in [#"{"realmId":"2"}"#, #"{"realmId":"2","dataChangeEvent":{"entities":[]}}"#] {
            for order in ["\(invoice),\(rest)", "\(rest),\(invoice)"] {
                let outcome = try outcome(#"{"eventNotifications":[\#(order)]}"#)
                #expect(outcome.events.map(\.accountID) == ["1", "2"] && outcome.events[1].effect == all, "\(order)")
                #expect(outcome.events[0].effect == .changed(dataTypes: ["invoices"]) && outcome.ignored.isEmpty)
            }
        }
        let event = try outcome(#"[{"id":"1","intuitaccountid":"7"},{"id":"2"}]"#)
        #expect(event.events.map(\.accountID) == ["7"] && event.ignored == [.noMeaning: 1])
    }

    @Test(
        "A CloudEvent names its data type",
        arguments: [
            ("qbo.invoice.created.v1", "invoices"), ("qbo.invoice.deleted.v1", "invoices"),
            ("qbo.invoice.voided.v1", "invoices"), ("qbo.payment.created.v1", "invoices"),
            ("qbo.creditmemo.updated.v1", "invoices"), ("qbo.purchase.updated.v1", "expenses"),
            ("qbo.customer.merged.v1", "customers"), ("qbo.Vendor.updated.v1", "vendors"),
            ("qbo.account.created.v1", nil), ("other.invoice.created.v1", nil), ("qbo", nil),
        ] as [(String, String?)])
    func readsCloudEvents(type: String, dataType: String?) throws {
        let event =
            #"{"specversion":"1.0","id":"88cd","source":"intuit.x","type":"\#(type)","datacontenttype":"application/json","time":"2024-05-31T15:40:00Z","intuitentityid":"1234","intuitaccountid":"310687","data":{}}"#
        for body in ["[\(event)]", event] {
            let outcome = try outcome(body)
            #expect(outcome.events.first?.effect == dataType.map { .changed(dataTypes: [$0]) })
            guard dataType != nil else { continue }
            #expect(outcome.events[0].id == "88cd")
            #expect(outcome.events[0].accountID == "310687")
            #expect(outcome.events[0].occurredAt?.description == "2024-05-31T15:40:00Z")
        }
    }

    @Test(
        "A signed body that is not a notification is acknowledged without effect",
        arguments: ["", "no json", "{}", "5", #"{"stuff":"5"}"#])
    func acknowledgesOthers(body: String) throws {
        let outcome = try outcome(body)
        #expect(outcome.status == 200 && outcome.reply == nil && outcome.events.isEmpty)
    }
}
