// Xero beyond its tables: conformance, lists, tenants, error classes, OAuth, webhooks.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Xero

@Suite("Xero provider", .timeLimit(.minutes(2)))
struct XeroProviderTests {
    let provider = XeroProvider()
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    func context(
        account: String? = "t1", _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse
    ) -> (ProviderContext, ScriptedHTTP) {
        let http = ScriptedHTTP(provider.manifest, now: now, answer: answer)
        return (.testing(http, accountID: account, now: now), http)
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    @Test("The documented list entry matches the manifest")
    func isDocumented() {
        let manifest = provider.manifest
        #expect(manifest.id == "xero")
        #expect(manifest.name == "Xero")
        #expect(manifest.category == "Accounting")
        #expect(manifest.features == ["accounting", "invoicing", "expenses", "reporting"])
        #expect(
            manifest.scopes.documented.map(\.name) == [
                "accounting.transactions", "accounting.contacts", "accounting.settings",
            ])
        #expect(manifest.dataTypes.map(\.name) == ["invoices", "expenses", "contacts", "bank_transactions"])
    }

    @Test(
        "Each data type has its list, its order by id and its tenant",
        arguments: [
            ("invoices", "/api.xro/2.0/Invoices", [("order", "InvoiceID ASC"), ("pageSize", "250"), ("page", "1")]),
            (
                "expenses", "/api.xro/2.0/BankTransactions",
                [
                    ("order", "BankTransactionID ASC"), ("where", "Type==\"SPEND\""), ("pageSize", "250"),
                    ("page", "1"),
                ]
            ),
            (
                "contacts", "/api.xro/2.0/Contacts",
                [("includeArchived", "true"), ("order", "ContactID ASC"), ("pageSize", "250"), ("page", "1")]
            ),
            (
                "bank_transactions", "/api.xro/2.0/BankTransactions",
                [("order", "BankTransactionID ASC"), ("pageSize", "250"), ("page", "1")]
            ),
        ] as [(String, String, [(String, String)])])
    func lists(dataType: String, path: String, query: [(String, String)]) async throws {
        let resource = String(path.split(separator: "/").last ?? "")
        let (context, http) = context { _ in .json(#"{"Status":"OK","\#(resource)":[]}"#) }
        let page = try await provider.page(PageRequest(dataType: dataType), in: context)
        #expect(page.next == nil)
        #expect(http.requests[0].path == path)
        #expect(http.requests[0].query == query.map { NamedValue($0.0, $0.1) })
        #expect(http.requests[0].headers == [NamedValue("xero-tenant-id", "{accountId}")])
        #expect(provider.manifest.headers == [NamedValue("Accept", "application/json")])
    }

    @Test(
        "Pages go on to the last that is counted; uncounted ones until one is empty",
        arguments: [true, false], [1, 2, 3])
    func pages(isCounted: Bool, count: Int) async throws {
        let (context, http) = context { request in
            let page = request.query.first { $0.name == "page" }.flatMap { Int($0.value) } ?? 0
            let counted =
                isCounted
                ? #""pagination":{"page":\#(page),"pageSize":250,"pageCount":\#(count),"itemCount":\#(count)},"# : ""
            return .json(#"{\#(counted)"Contacts":[\#(page <= count ? #"{"ContactID":"c\#(page)"}"# : "")]}"#)
        }
        var ids: [String] = []
        var cursor: JSONValue?
        repeat {
            let page = try await provider.page(PageRequest(dataType: "contacts", cursor: cursor), in: context)
            ids += page.records.compactMap { $0.value["ContactID"]?.string }
            #expect(page.totalCount == (isCounted ? count : nil))
            cursor = try page.next.map { try JSONValue.parse($0.serialized) }
        } while cursor != nil
        #expect(ids == (1...count).map { "c\($0)" })
        #expect(http.requests.count == (isCounted ? count : count + 1))
    }

    @Test("Changes are asked for with a conditional header, in UTC without a zone")
    func asksForChanges() async throws {
        let (context, http) = context { _ in .json(#"{"Invoices":[{"InvoiceID":"i1","Status":"DELETED"}]}"#) }
        let page = try await provider.page(
            PageRequest(dataType: "invoices", since: Timestamp(iso8601: "2024-05-30T10:00:00+02:00")), in: context)
        // A deleted invoice is still there, with that status.
        #expect(page.records.map(\.change) == [.upserted])
        #expect(http.requests[0].headers.contains(NamedValue("If-Modified-Since", "2024-05-30T08:00:00")))
    }

    @Test("Expenses are the money spent alone, whatever the server filters")
    func filtersExpenses() async throws {
        let (context, _) = context { _ in
            .json(
                #"{"BankTransactions":[{"BankTransactionID":"a","Type":"SPEND"},{"BankTransactionID":"b","Type":"SPEND-TRANSFER"},{"BankTransactionID":"c","Type":"RECEIVE"}]}"#
            )
        }
        let page = try await provider.page(PageRequest(dataType: "expenses"), in: context)
        #expect(page.records.map { $0.value["BankTransactionID"] } == ["a"])
    }

    static func tenant(
        _ id: String, event: String = "e1", type: String = "ORGANISATION", updated: String = "2024-01-01"
    ) -> String {
        #"{"id":"connection-\#(id)","authEventId":"\#(event)","tenantId":"\#(id)","tenantType":"\#(type)","tenantName":"Name \#(id)","createdDateUtc":"2023-01-01T00:00:00.5165400","updatedDateUtc":"\#(updated)T18:46:19.5187840"}"#
    }

    @Test(
        "The account is the organisation of this authorization, else the one connected last",
        arguments: [
            ([tenant("t1", event: "e0", updated: "2024-05-01"), tenant("t2")], "t2"),
            ([tenant("t1"), tenant("t2", updated: "2024-03-01"), tenant("t3", updated: "2024-02-01")], "t2"),
            ([tenant("t1", event: "e0"), tenant("t2", event: "e0", updated: "2024-03-01")], "t2"),
            ([tenant("t1"), tenant("t2", type: "PRACTICE", updated: "2024-03-01")], "t1"),
            ([tenant("t2", type: "PRACTICE")], "t2"), ([], nil),
        ] as [([String], String?)])
    func identifies(tenants: [String], id: String?) async {
        let (context, http) = context(account: nil) { _ in .json("[\(tenants.joined(separator: ","))]") }
        let grant = TokenGrant(response: [:], claims: ["authentication_event_id": "e1"], callback: [:])
        let identity = try? await provider.identity(of: grant, in: context)
        #expect(identity == id.map { AccountIdentity(id: $0, name: "Name \($0)") })
        #expect(http.requests.map(\.path) == ["/connections"])
        #expect(http.requests[0].headers.isEmpty)
    }

    @Test("A token without claims is for the organisation connected last, and none at all is a dead grant")
    func identifiesWithoutClaims() async throws {
        let grant = TokenGrant(response: [:], claims: [:], callback: [:])
        let (context, _) = context { _ in .json("[\(Self.tenant("t1")),\(Self.tenant("t2", updated: "2024-02-01"))]") }
        #expect(try await provider.identity(of: grant, in: context).id == "t2")
        let (empty, _) = self.context { _ in .json("[]") }
        let error = await #expect(throws: ProviderError.self) { try await provider.identity(of: grant, in: empty) }
        #expect(error?.kind == .authRevoked)
        let (other, _) = self.context { _ in .json("{}") }
        let wrong = await #expect(throws: ProviderError.self) { try await provider.identity(of: grant, in: other) }
        #expect(wrong?.kind == .permanent)
    }

    @Test(
        "A refusal is about the scope while the organisation is connected, and the end of the grant when it is not",
        arguments: [
            ("[\(tenant("t1"))]", 200, ProviderError.Kind.scopeMissing([])), ("[\(tenant("t2"))]", 200, .authRevoked),
            ("[]", 200, .authRevoked), ("", 503, .scopeMissing([])),
        ])
    func tellsRefusalsApart(connections: String, status: Int, kind: ProviderError.Kind) async {
        let (context, _) = context { request in
            request.path == "/connections"
                ? .json(connections, status: status)
                : .json(
                    #"{"Type":null,"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful"}"#,
                    status: 403)
        }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "invoices"), in: context)
        }
        #expect(error?.kind == kind)
    }

    @Test(
        "Disconnecting one of several organisations leaves the others connected",
        arguments: [
            ([tenant("t1")], Detachment.revokesGrant, ["/connections"]), ([], .revokesGrant, ["/connections"]),
            ([tenant("t1"), tenant("t2")], .keepsGrant, ["/connections", "/connections/connection-t1"]),
            ([tenant("t2")], .keepsGrant, ["/connections"]),
        ] as [([String], Detachment, [String])])
    func detaches(tenants: [String], detachment: Detachment, paths: [String]) async throws {
        let (context, http) = context { request in
            request.method == .delete
                ? ProviderResponse(status: 204) : .json("[\(tenants.joined(separator: ","))]")
        }
        #expect(try await provider.detach(in: context) == detachment)
        #expect(http.requests.map(\.path) == paths)
    }

    @Test(
        "Error answers fall into the right class",
        arguments: [
            (401, #"{"Title":"Unauthorized","Status":401,"Detail":"TokenExpired: token expired"}"#, .authExpired),
            (401, #"{"Title":"Unauthorized","Status":401,"Detail":"AuthenticationUnsuccessful"}"#, .authExpired),
            (401, #"{"Title":"Unauthorized","Status":401,"Detail":"AuthorizationUnsuccessful"}"#, .scopeMissing([])),
            (401, #"{"title":"Unauthorized","status":401,"detail":"AuthorizationUnsuccessful"}"#, .scopeMissing([])),
            (403, #"{"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful"}"#, .scopeMissing([])),
            (
                400, #"{"ErrorNumber":10,"Type":"ValidationException","Message":"A validation exception occurred"}"#,
                .permanent
            ),
            (404, "The resource you're looking for cannot be found", .permanent), (412, "", .permanent),
            (500, "", .transient), (501, "", .transient), (503, "", .transient), (200, #"{"Invoices":[]}"#, nil),
            (304, "", nil),
        ] as [(Int, String, ProviderError.Kind?)])
    func classifies(status: Int, body: String, kind: ProviderError.Kind?) {
        let error = provider.manifest.errors.error(for: .json(body, status: status), now: now)
        #expect(error?.kind == kind)
    }

    @Test(
        "A minute limit is waited for; a day limit is longer than any pause",
        arguments: [
            ("minute", "12", 12, true), ("minute", nil, 60, true), (nil, nil, 60, true), ("appminute", nil, 60, true),
            ("concurrent", nil, 2, true), ("day", "40000", 40_000, false), ("day", nil, 3600, false),
            ("Day", nil, 3600, false), ("daily", nil, 3600, false), ("day", "30", 30, true),
        ] as [(String?, String?, Int64, Bool)])
    func waits(problem: String?, retryAfter: String?, seconds: Int64, isWaitedFor: Bool) throws {
        let headers =
            (problem.map { [NamedValue("X-Rate-Limit-Problem", $0)] } ?? [])
            + (retryAfter.map { [NamedValue("Retry-After", $0)] } ?? [])
        let errors = provider.manifest.errors
        let response = ProviderResponse(status: 429, headers: headers)
        let error = try #require(errors.error(for: response, now: now))
        #expect(error.kind == .rateLimited(after: .seconds(seconds)))
        #expect((.seconds(seconds) <= errors.pauseMax) == isWaitedFor)
    }

    @Test("The limits per minute of tenant and app are kept before they are hit")
    func limitsRates() {
        let limits = provider.manifest.rateLimits
        #expect(limits.map(\.requests) == [60, 10_000])
        #expect(limits.map(\.scope) == [.account, .application])
        #expect(limits.allSatisfy { $0.interval == .seconds(60) })
        #expect(
            provider.manifest.rateLimitHeaders.map(\.remaining) == ["X-MinLimit-Remaining", "X-AppMinLimit-Remaining"])
        #expect(provider.manifest.rateLimitHeaders.map(\.scope) == [.account, .application])
    }

    @Test("OAuth is described as Xero has it")
    func describesOAuth() throws {
        guard case .oauth2(let oauth) = provider.manifest.auth else { throw ProviderError(.permanent, "not OAuth") }
        #expect(oauth.clientAuthentication == .clientSecretBasic)
        #expect(oauth.pkce == .s256)
        #expect(oauth.scopeSeparator == " ")
        guard case .refreshToken(.rotates(let grace)) = oauth.refresh else { throw ProviderError(.permanent, "x") }
        #expect(grace == .seconds(1800))
        #expect(oauth.lifetimes.accessToken == .seconds(1800))
        #expect(oauth.lifetimes.refreshTokenIdle == .seconds(5_184_000))
        #expect(oauth.lifetimes.grant == nil)
        #expect(oauth.revocation?.token == .refreshToken)
        #expect(oauth.revocation?.encoding == .form)
        let dead = ProviderResponse.json(#"{"error":"invalid_grant"}"#, status: 400)
        #expect(oauth.tokenErrors.error(for: dead, now: now)?.kind == .authRevoked)
    }

    @Test("An authorization always asks for a refresh token, and for granular scopes of reading")
    func asksForScopes() {
        let manifest = provider.manifest
        #expect(
            manifest.requestedScopes(for: []) == [
                "accounting.invoices.read", "accounting.banktransactions.read", "accounting.contacts.read",
                "offline_access",
            ])
        #expect(
            manifest.requestedScopes(for: ["accounting.settings"], dataTypes: []) == [
                "accounting.settings.read", "offline_access",
            ])
        #expect(
            manifest.requestedScopes(for: ["accounting.contacts"], dataTypes: ["contacts"]) == [
                "accounting.contacts.read", "offline_access",
            ])
        #expect(
            manifest.requestedScopes(for: ["accounting.invoices"], dataTypes: ["invoices"]) == [
                "accounting.invoices", "offline_access",
            ])
    }

    @Test(
        "A grant with a broad or writing scope is good for what it contains",
        arguments: [
            (["accounting.transactions"], []), (["accounting.transactions.read"], []),
            (["accounting.invoices"], ["accounting.banktransactions.read"]),
            (["accounting.invoices.read", "accounting.banktransactions"], []),
            (["accounting.contacts"], ["accounting.invoices.read", "accounting.banktransactions.read"]),
        ] as [([String], [String])])
    func acceptsBroadScopes(granted: [String], missing: [String]) {
        let needed = ["invoices", "bank_transactions"].flatMap { provider.manifest.dataType($0)?.scopes ?? [] }
        #expect(provider.manifest.scopes.missing(needed, granted: granted) == missing)
    }

    @Test("Webhooks are signed over the body alone, in Base64, and a bad signature is 401")
    func describesSignature() throws {
        let scheme = try #require(provider.manifest.webhooks)
        #expect(scheme.algorithm == .hmacSHA256(secretSetting: "webhookKey"))
        #expect(scheme.header == "x-xero-signature")
        #expect(scheme.encoding == .base64)
        #expect(scheme.payload == [.body])
        #expect(scheme.rejectionStatus == 401)
        #expect(scheme.tolerance == nil)
    }

    func outcome(_ body: String) throws -> WebhookOutcome {
        try provider.outcome(of: WebhookDelivery(headers: [], body: Array(body.utf8), receivedAt: now))
    }

    @Test(
        "An intent to receive is answered 200 with nothing",
        arguments: [
            #"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3r4Nd0mt3xt"}"#,
            #"{"events":null,"firstEventSequence":0,"lastEventSequence":0,"entropy":"x"}"#,
        ])
    func answersIntent(body: String) throws {
        let outcome = try outcome(body)
        #expect(outcome.status == 200)
        #expect(outcome.reply == nil)
        #expect(outcome.events.isEmpty)
    }

    @Test("The changes of each organisation are reported once")
    func readsEvents() throws {
        func event(_ category: String, _ tenant: String, _ moment: String) -> String {
            #"{"resourceUrl":"https://api.xero.com/x","resourceId":"r","eventDateUtc":"\#(moment)","eventType":"UPDATE","eventCategory":"\#(category)","tenantId":"\#(tenant)","tenantType":"ORGANISATION"}"#
        }
        let events = [
            event("CONTACT", "t1", "2024-05-21T01:15:39.902"), event("INVOICE", "t2", "2024-05-21T01:15:40"),
            event("INVOICE", "t1", "2024-05-21T01:15:38.000"), event("CONTACT", "t1", "2024-05-21T01:15:37"),
            event("SUBSCRIPTION", "t3", "2024-05-21T01:15:37"), event("CREDITNOTE", "t1", "2024-05-21T01:15:37"),
        ]
        let counted = #""firstEventSequence":7,"lastEventSequence":12"#
        let outcome = try outcome(#"{"events":[\#(events.joined(separator: ","))],\#(counted),"entropy":"x"}"#)
        #expect(outcome.events.map(\.id) == ["t1-7-12", "t2-7-12"])
        #expect(outcome.events.map(\.accountID) == ["t1", "t2"])
        #expect(
            outcome.events.map(\.effect) == [
                .changed(dataTypes: ["contacts", "invoices"]), .changed(dataTypes: ["invoices"]),
            ])
        #expect(outcome.events[0].occurredAt?.text(withMilliseconds: true) == "2024-05-21T01:15:39.902Z")
    }

    @Test(
        "A signed body that is not an event is acknowledged without effect",
        arguments: ["", "no json", "{}", #"{"events":5}"#])
    func acknowledgesOthers(body: String) throws {
        let outcome = try outcome(body)
        #expect(outcome.status == 200 && outcome.reply == nil && outcome.events.isEmpty)
    }
}
