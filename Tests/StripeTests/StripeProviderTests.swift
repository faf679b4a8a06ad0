// Stripe beyond its tables: conformance, paging, incremental reading, identity, error classes, webhooks.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Stripe

@Suite("Stripe provider", .timeLimit(.minutes(2)))
struct StripeProviderTests {
    let provider = StripeProvider()
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    func context(_ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse) -> (ProviderContext, ScriptedHTTP)
    {
        let http = ScriptedHTTP(provider.manifest, now: now, answer: answer)
        return (.testing(http, accountID: "acct_1", now: now), http)
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    @Test("Pages until has_more is false, starting after the last record")
    func pages() async throws {
        let (context, http) = context { request in
            let after = request.query.first { $0.name == "starting_after" }?.value
            return .json(
                after == nil
                    ? #"{"object":"list","has_more":true,"data":[{"id":"pi_2"},{"id":"pi_1"}]}"#
                    : #"{"object":"list","has_more":false,"data":[{"id":"pi_0"}]}"#)
        }
        let first = try await provider.page(PageRequest(dataType: "payments"), in: context)
        #expect(first.records.count == 2)
        let second = try await provider.page(PageRequest(dataType: "payments", cursor: first.next), in: context)
        #expect(second.next == nil)
        #expect(http.requests.map(\.path) == ["/v1/payment_intents", "/v1/payment_intents"])
        #expect(http.requests[1].query.contains(NamedValue("starting_after", "pi_1")))
        #expect(http.requests[0].query == [NamedValue("limit", "100")])
    }

    @Test("Subscriptions are asked for with all statuses")
    func asksForAllSubscriptions() async throws {
        let (context, http) = context { _ in .json(#"{"has_more":false,"data":[]}"#) }
        _ = try await provider.page(PageRequest(dataType: "subscriptions"), in: context)
        #expect(http.requests[0].query.contains(NamedValue("status", "all")))
    }

    @Test("Changes come from events: other objects are skipped, deletions reported")
    func readsEvents() async throws {
        let (context, http) = context { _ in
            .json(
                #"""
                {"has_more":false,"data":[
                {"id":"evt_1","type":"customer.updated","data":{"object":{"id":"cus_1","object":"customer"}}},
                {"id":"evt_2","type":"customer.subscription.updated","data":{"object":{"id":"sub_1","object":"subscription"}}},
                {"id":"evt_3","type":"customer.deleted","data":{"object":{"id":"cus_2","object":"customer"}}}]}
                """#)
        }
        let page = try await provider.page(
            PageRequest(dataType: "customers", since: Timestamp(iso8601: "2024-05-30")), in: context)
        #expect(page.records.map { $0.value["id"] } == ["cus_1", "cus_2"])
        #expect(page.records.map(\.change) == [.upserted, .deleted])
        #expect(http.requests[0].path == "/v1/events")
        #expect(http.requests[0].query.contains(NamedValue("created[gte]", "1717027200")))
        #expect(http.requests[0].query.contains(NamedValue("type", "customer.*")))
    }

    @Test("The newest event of an object wins, within and across pages; a deletion stays")
    func readsNewestEvents() async throws {
        @Sendable func event(_ number: Int, _ type: String, _ id: String, _ name: String) -> String {
            #"{"id":"evt_\#(number)","created":\#(number),"type":"\#(type)","data":{"object":{"id":"\#(id)","object":"customer","name":"\#(name)"}}}"#
        }
        let (context, http) = context { request in
            guard request.path == "/v1/events" else {
                return .json(#"{"error":{"code":"resource_missing"}}"#, status: 404)
            }
            let after = request.query.first { $0.name == "starting_after" }?.value
            return .json(
                after == nil
                    ? #"{"has_more":true,"data":[\#(event(9, "customer.updated", "cus_1", "newest")),\#(event(8, "customer.deleted", "cus_2", "b")),\#(event(7, "customer.updated", "cus_1", "older")),\#(event(6, "customer.updated", "cus_3", "c"))]}"#
                    : #"{"has_more":false,"data":[\#(event(5, "customer.updated", "cus_2", "b")),\#(event(4, "customer.created", "cus_1", "oldest")),\#(event(3, "customer.created", "cus_4", "d"))]}"#
            )
        }
        let since = Timestamp(iso8601: "2024-05-30")
        let first = try await provider.page(PageRequest(dataType: "customers", since: since), in: context)
        #expect(first.records.map { $0.value["name"] } == ["newest", "b", "c"])
        // The last of the page may have changed again at the same second on the next one: it is read, and is gone.
        #expect(first.records.map(\.change) == [.upserted, .deleted, .deleted])
        let cursor = try JSONValue.parse(try #require(first.next).serialized)
        let second = try await provider.page(
            PageRequest(dataType: "customers", cursor: cursor, since: since), in: context)
        #expect(second.records.map { $0.value["id"] } == ["cus_4"])
        #expect(second.next == nil)
        #expect(http.requests.map(\.path) == ["/v1/events", "/v1/customers/cus_3", "/v1/events"])
        #expect(http.requests[2].query.contains(NamedValue("starting_after", "evt_6")))
    }

    @Test("An invoice that is only announced has no id and is passed over")
    func passesOverUpcoming() async throws {
        let (context, _) = context { _ in
            .json(
                #"{"has_more":false,"data":[{"id":"evt_1","type":"invoice.upcoming","data":{"object":{"object":"invoice"}}}]}"#
            )
        }
        let request = PageRequest(dataType: "invoices", since: Timestamp(iso8601: "2024-05-30"))
        #expect(try await provider.page(request, in: context).records.isEmpty)
    }

    @Test(
        "The account's name is the first that is not empty",
        arguments: [
            (#"{"id":"acct_1","business_profile":{"name":"Shop"},"email":"a@b.c"}"#, "Shop"),
            (
                #"{"id":"acct_1","business_profile":{"name":null},"settings":{"dashboard":{"display_name":"Dash"}}}"#,
                "Dash"
            ),
            (#"{"id":"acct_1","email":"a@b.c"}"#, "a@b.c"), (#"{"id":"acct_1"}"#, "acct_1"),
        ])
    func identifies(account: String, name: String) async throws {
        let (context, _) = context { _ in .json(account) }
        let grant = TokenGrant(response: ["stripe_user_id": "acct_1"], claims: [:], callback: [:])
        #expect(try await provider.identity(of: grant, in: context) == AccountIdentity(id: "acct_1", name: name))
    }

    @Test(
        "Error answers fall into the right class",
        arguments: [
            (401, "{}", ProviderError.Kind.authRevoked), (402, "{}", .permanent), (409, "{}", .transient),
            (403, #"{"error":{"code":"account_invalid","message":"m"}}"#, .authRevoked),
            (403, #"{"error":{"message":"m"}}"#, .scopeMissing([])), (429, "{}", .rateLimited(after: .seconds(1))),
            (400, #"{"error":{"code":"rate_limit"}}"#, .rateLimited(after: .seconds(1))),
            (400, #"{"error":{"code":"parameter_invalid"}}"#, .permanent), (500, "<html>", .transient),
            (404, "", .permanent),
        ])
    func classifies(status: Int, body: String, kind: ProviderError.Kind) {
        let error = provider.manifest.errors.error(for: .json(body, status: status), now: now)
        #expect(error?.kind == kind)
    }

    @Test(
        "Stripe's own word on trying again goes before the status, but not before what the status says of the grant",
        arguments: [
            (500, "false", ProviderError.Kind.permanent), (503, "true", .transient), (409, "false", .permanent),
            (409, "true", .transient), (400, "true", .transient), (400, "false", .permanent),
            (429, "true", .rateLimited(after: .seconds(1))), (401, "true", .authRevoked),
        ])
    func obeysRetryHeader(status: Int, word: String, kind: ProviderError.Kind) {
        let answer = ProviderResponse.json(
            "{}", status: status, headers: [NamedValue("Stripe-Should-Retry", word)])
        #expect(provider.manifest.errors.error(for: answer, now: now)?.kind == kind)
    }

    @Test("A deauthorised account ends the grant; changed objects name their data type")
    func readsWebhooks() throws {
        func outcome(_ body: String) throws -> WebhookOutcome {
            try provider.outcome(of: WebhookDelivery(headers: [], body: Array(body.utf8), receivedAt: now))
        }
        let revoked = try outcome(
            #"{"id":"evt_1","type":"account.application.deauthorized","account":"acct_1","created":5}"#)
        #expect(revoked.events.first?.effect == .revoked)
        #expect(revoked.events.first?.accountID == "acct_1")
        let changed = try outcome(
            #"{"id":"evt_2","type":"invoice.paid","account":"acct_1","data":{"object":{"object":"invoice"}}}"#)
        #expect(changed.events.first?.effect == .changed(dataTypes: ["invoices"]))
        #expect(try outcome(#"{"type":"invoice.paid"}"#).ignored == [.noAccount: 1])
        for (body, dataType) in [
            (#"{"type":"invoice.paid","account":"acct_1"}"#, "invoices"),
            (#"{"type":"customer.subscription.updated","account":"acct_1","data":{}}"#, "subscriptions"),
            (#"{"type":"customer.updated","account":"acct_1"}"#, "customers"),
            (#"{"type":"v1.x","context":"acct_1","related_object":{"id":"cus_1","type":"customer"}}"#, "customers"),
        ] {
            let event = try outcome(body).events.first
            #expect(event?.effect == .changed(dataTypes: [dataType]), "\(body)")
            #expect(event?.accountID == "acct_1")
        }
        #expect(try outcome(#"{"type":"account.updated","account":"acct_1"}"#).ignored == [.noMeaning: 1])
        for body in ["no json", "", "[]", "{}", #"{"id":"evt_1","type":"invoice.upcoming","account":"acct_1"}"#] {
            let outcome = try outcome(body)
            #expect(outcome.status == 200 && outcome.reply == nil && outcome.events.isEmpty)
        }
    }

    @Test("The platform's OAuth flow is described as Stripe has it")
    func describesOAuth() {
        guard case .oauth2(let oauth) = provider.manifest.auth else { return #expect(Bool(false), "not OAuth") as Void }
        #expect(oauth.clientAuthentication == .secretAsBearer)
        #expect(oauth.pkce == .unsupported)
        let scopes = provider.manifest.scopes
        #expect(scopes.requested(for: ["read:payments", "write:invoices"], needed: []) == ["read_write"])
        #expect(scopes.requested(for: ["read:payments"], needed: ["read_only"]) == ["read_only"])
        #expect(oauth.revocation?.reach == .account)
    }

    @Test("Stripe Apps are a variant with its own OAuth, and what names no variant is Connect")
    func describesApps() throws {
        let manifest = provider.manifest
        #expect(manifest.variant(nil)?.id == "connect")
        let apps = try #require(manifest.oauth(of: "apps"))
        #expect(apps.clientAuthentication == .secretAsBasicUser)
        #expect(apps.lifetimes.accessToken == .seconds(3600))
        #expect(apps.lifetimes.refreshTokenIdle == .seconds(365 * 86_400))
        #expect(apps.revocation == nil)
        #expect(manifest.oauth(of: nil)?.clientAuthentication == .secretAsBearer)
        #expect(manifest.variant("apps")?.endpoints["authorize"] == "https://marketplace.stripe.com/oauth/v2/authorize")
        #expect(manifest.variant("apps")?.endpoints["token"] == "https://api.stripe.com/v1/oauth/token")
        #expect(manifest.requestedScopes(for: ["read:payments"], variant: "apps").isEmpty)
        #expect(manifest.scopes(of: "apps").missing(["read_only"], granted: ["stripe_apps"]).isEmpty)
        #expect(manifest.problems.isEmpty)
    }

    @Test("The name of an app's account is optional, and another refusal is not overlooked")
    func namesAppAccounts() async throws {
        for (status, name) in [(403, "acct_1"), (200, "Shop"), (401, nil), (503, nil)] as [(Int, String?)] {
            let http = ScriptedHTTP(provider.manifest, now: now) { _ in
                .json(#"{"id":"acct_1","email":"Shop"}"#, status: status)
            }
            let grant = TokenGrant(
                response: ["stripe_user_id": "acct_1", "livemode": true], claims: [:], callback: [:])
            let identity = try? await provider.identity(of: grant, in: .testing(http, now: now))
            #expect(identity?.name == name, "\(status)")
            #expect(identity?.mode == name.map { _ in "true" })
        }
    }

    @Test("A platform asks for read_write where the operator says so")
    func asksAsPlatform() {
        let manifest = provider.manifest
        #expect(manifest.requestedScopes(for: [], settings: ["scope": "read_write"]) == ["read_write"])
        #expect(manifest.requestedScopes(for: [], settings: [:]) == ["read_only"])
    }

    @Test("Write scopes are requested only by name")
    func asksForReading() {
        let manifest = provider.manifest
        #expect(manifest.requestedScopes(for: []) == ["read_only"])
        #expect(manifest.requestedScopes(for: ["write:subscriptions"]) == ["read_write"])
        #expect(manifest.requestedScopes(for: ["read_write"]) == ["read_write"])
    }
}
