// Discord beyond its tables: conformance, paging, identity, actions, error classes, webhooks, OAuth.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Discord

@Suite("Discord provider", .timeLimit(.minutes(2)))
struct DiscordProviderTests {
    let provider = DiscordProvider()
    let now = Timestamp(iso8601: "2026-06-01") ?? .epoch
    static let settings = ["guildId": "7", "unverifiedRoleId": "9", "userAgent": "DiscordBot (https://a.example, 2)"]

    func context(
        settings: [String: String] = settings, _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse
    ) -> (ProviderContext, ScriptedHTTP) {
        let http = ScriptedHTTP(provider.manifest, now: now, answer: answer)
        return (.testing(http, settings: settings, now: now), http)
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    @Test("Members are read by the bot, after the last user id, until a page is short")
    func pagesMembers() async throws {
        let (context, http) = context { request in
            let after = request.query.first { $0.name == "after" }?.value
            let users = after == nil ? Array(1...1000) : after == "1000" ? [1001] : []
            return .json("[" + users.map { "{\"user\":{\"id\":\"\($0)\"}}" }.joined(separator: ",") + "]")
        }
        let first = try await provider.page(PageRequest(dataType: "members"), in: context)
        #expect(first.records.count == 1000)
        #expect(first.records[0].value == ["user": ["id": "1"], "guild_id": "7"])
        let second = try await provider.page(PageRequest(dataType: "members", cursor: first.next), in: context)
        #expect(second.records.count == 1 && second.next == nil)
        #expect(
            http.requests.map(\.query) == [
                [NamedValue("limit", "1000")], [NamedValue("limit", "1000"), NamedValue("after", "1000")],
            ])
        #expect(http.requests.allSatisfy { $0.authorization == .setting("botToken", scheme: "Bot") })
        #expect(try http.requests[0].filled(context.value(of:)).path == "/guilds/7/members")
        #expect(provider.manifest.dataType("members")?.needsConnection == false)
        #expect(provider.manifest.dataType("members")?.list?.request.neededSettings == ["guildId", "botToken"])
    }

    @Test("Without a configured guild reading members fails as the operator's fault")
    func needsGuild() async {
        let (context, _) = context(settings: [:]) { _ in .json(#"[{"user":{"id":"1"}}]"#) }
        let error = await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "members"), in: context)
        }
        #expect(error?.kind == .misconfigured)
    }

    @Test("Guilds are read with the user's token, with counts")
    func readsGuilds() async throws {
        let (context, http) = context { _ in .json(#"[{"id":"1","name":"A"},{"id":"2","name":"B"}]"#) }
        let page = try await provider.page(PageRequest(dataType: "guilds"), in: context)
        #expect(page.records.count == 2 && page.next == nil)
        #expect(http.requests[0].path == "/users/@me/guilds")
        #expect(http.requests[0].query == [NamedValue("with_counts", "true"), NamedValue("limit", "200")])
        #expect(http.requests[0].authorization == .connection)
        #expect(provider.manifest.dataType("guilds")?.needsConnection == true)
        let (other, _) = self.context { _ in .json(#"{"message":"no list"}"#) }
        await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "guilds"), in: other)
        }
    }

    @Test(
        "The account is the user, by display name where there is one",
        arguments: [
            (#"{"id":"80351110224678912","username":"nelly","global_name":"Nelly","discriminator":"0"}"#, "Nelly"),
            (#"{"id":"80351110224678912","username":"nelly","global_name":null}"#, "nelly"),
            (#"{"id":"80351110224678912"}"#, "80351110224678912"),
        ])
    func identifies(user: String, name: String) async throws {
        let (context, http) = context { _ in .json(user) }
        let grant = TokenGrant(response: [:], claims: [:], callback: [:])
        let identity = try await provider.identity(of: grant, in: context)
        #expect(identity == AccountIdentity(id: "80351110224678912", name: name))
        #expect(http.requests.map(\.path) == ["/users/@me"])
    }

    @Test("The role of a member who linked is removed by the bot")
    func removesRoles() async throws {
        let (context, http) = context { _ in ProviderResponse(status: 204) }
        let linking = try #require(provider.manifest.linking)
        #expect(linking.actionsOnLink == ["removeUnverifiedRole"])
        let action = try #require(provider.manifest.action(linking.actionsOnLink[0]))
        let outcome = try await action.perform([linking.accountIDParameter: "5"], in: context)
        #expect(outcome == .done(.null))
        #expect(http.requests.map(\.method) == [.delete])
        #expect(http.requests.map(\.path) == ["/guilds/7/members/5/roles/9"])
        #expect(http.requests[0].authorization == .setting("botToken", scheme: "Bot"))
        #expect(action.request.neededSettings == ["guildId", "unverifiedRoleId", "botToken"])
        #expect(action.idleWithout == ["unverifiedRoleId"])
    }

    @Test(
        "A member who is gone is no failure; a role that does not exist is one, and so is anything else",
        arguments: [
            (404, 10007, nil), (404, 10011, .permanent), (404, 10013, nil), (404, 10004, .permanent),
            (403, 50013, .scopeMissing([])), (403, 50001, .scopeMissing([])), (401, 0, .misconfigured),
            (401, 50014, .misconfigured), (403, 40333, .misconfigured), (500, 0, .transient),
            (429, 0, .rateLimited(after: .milliseconds(64_570))),
        ] as [(Int, Int, ProviderError.Kind?)])
    func tolerates(status: Int, code: Int, kind: ProviderError.Kind?) async throws {
        let (context, _) = context { _ in
            .json("{\"message\":\"m\",\"code\":\(code),\"retry_after\":64.57}", status: status)
        }
        let action = try #require(provider.manifest.action("removeUnverifiedRole"))
        do throws(ProviderError) {
            guard case .tolerated = try await action.perform(["userId": "5"], in: context) else {
                return #expect(Bool(false), "done") as Void
            }
            #expect(kind == nil)
        } catch {
            #expect(error.kind == kind)
        }
    }

    @Test("One member is read and normalised as in the list")
    func readsMember() async throws {
        let (context, http) = context { _ in .json(#"{"user":{"id":"5","username":"ada"},"roles":["9"]}"#) }
        let action = try #require(provider.manifest.action("getMember"))
        guard case .done(let member) = try await action.perform(["userId": "5"], in: context) else {
            return #expect(Bool(false), "not done") as Void
        }
        #expect(member["id"] == "member-7-5")
        #expect(member["roleIds"] == ["9"])
        let linking = try #require(provider.manifest.linking)
        #expect(linking.memberAccountID.first(in: member) == "5")
        #expect(linking.memberJoinedAt.first(in: member)?.isNull == true)
        #expect(http.requests.map(\.path) == ["/guilds/7/members/5"])
    }

    @Test(
        "Error answers fall into the right class, by code before status",
        arguments: [
            (401, #"{"message":"401: Unauthorized","code":0}"#, ProviderError.Kind.authExpired),
            (401, #"{"code":50014}"#, .authExpired), (400, #"{"code":50025}"#, .authExpired),
            (403, #"{"code":40001}"#, .authExpired), (403, #"{"code":50001}"#, .scopeMissing([])),
            (403, #"{"code":50013}"#, .scopeMissing([])), (403, #"{"code":40333}"#, .misconfigured),
            (403, "<html>", .transient), (404, #"{"code":10004}"#, .permanent),
            (404, #"{"code":10007}"#, .permanent), (404, #"{"code":10013}"#, .permanent),
            (400, #"{"code":50035,"errors":{}}"#, .permanent),
            (429, #"{"retry_after":0.5,"global":true}"#, .rateLimited(after: .milliseconds(500))),
            (429, "<html>", .rateLimited(after: .seconds(1))),
            (400, #"{"code":40062}"#, .rateLimited(after: .seconds(1))),
            (503, #"{"code":130000}"#, .transient), (500, "", .transient), (502, "<html>", .transient),
        ])
    func classifies(status: Int, body: String, kind: ProviderError.Kind) {
        #expect(provider.manifest.errors.error(for: .json(body, status: status), now: now)?.kind == kind)
    }

    @Test("A pause is taken from Retry-After, else from the limit's own header, else from the body")
    func readsPauses() {
        func kind(_ headers: [NamedValue]) -> ProviderError.Kind? {
            let answer = ProviderResponse.json(#"{"retry_after":2.5}"#, status: 429, headers: headers)
            return provider.manifest.errors.error(for: answer, now: now)?.kind
        }
        #expect(kind([]) == .rateLimited(after: .milliseconds(2500)))
        #expect(kind([NamedValue("x-ratelimit-reset-after", "1.25")]) == .rateLimited(after: .milliseconds(1250)))
        #expect(kind([NamedValue("Retry-After", "3")]) == .rateLimited(after: .seconds(3)))
    }

    @Test("The User-Agent has Discord's form, also at the token endpoint")
    func namesItself() throws {
        let field = NamedValue("User-Agent", "{setting.userAgent}")
        #expect(provider.manifest.headers == [field])
        guard case .oauth2(let oauth) = provider.manifest.auth else { return #expect(Bool(false), "not OAuth") as Void }
        #expect(oauth.tokenHeaders == [field])
        let userAgent = try #require(provider.manifest.settings(with: [:])["userAgent"])
        #expect(userAgent.hasPrefix("DiscordBot (https://") && userAgent.hasSuffix(")"))
    }

    @Test("OAuth is described as Discord has it")
    func describesOAuth() {
        guard case .oauth2(let oauth) = provider.manifest.auth else { return #expect(Bool(false), "not OAuth") as Void }
        #expect(oauth.clientAuthentication == .clientSecretBasic)
        #expect(oauth.scopeSeparator == " ")
        #expect(oauth.pkce == .s256)
        #expect(oauth.tokenRequestEncoding == .form)
        let dead = #"{"error":"invalid_grant","error_description":"Invalid \"refresh_token\" in request"}"#
        #expect(oauth.tokenErrors.error(for: .json(dead, status: 400), now: now)?.kind == .authRevoked)
        #expect(provider.manifest.requestedScopes(for: []) == ["identify", "guilds"])
        #expect(provider.manifest.requestedScopes(for: ["email"], dataTypes: []) == ["email", "identify"])
        #expect(provider.manifest.endpoints["api"] == "https://discord.com/api/v10")
        #expect(oauth.revocation?.reach == .account)
    }

    func outcome(_ body: String) throws -> WebhookOutcome {
        try provider.outcome(of: WebhookDelivery(headers: [], body: Array(body.utf8), receivedAt: now))
    }

    @Test("Discord's signature covers timestamp and body")
    func describesSignatures() throws {
        let scheme = try #require(provider.manifest.webhooks)
        #expect(scheme.algorithm == .ed25519(publicKeySetting: "publicKey"))
        #expect(scheme.header == "X-Signature-Ed25519")
        #expect(scheme.timestampHeader == "X-Signature-Timestamp")
        #expect(scheme.encoding == .hex && scheme.layout == .plain(prefix: ""))
        #expect(scheme.payload == [.timestamp, .body])
        #expect(scheme.rejectionStatus == 401)
    }

    @Test("An interaction's ping is answered in kind, a webhook's with an empty 204")
    func answersPings() throws {
        let interaction = try outcome(#"{"application_id":"1","id":"2","token":"t","type":1,"version":1}"#)
        #expect(interaction.status == 200)
        #expect(interaction.reply == ["type": 1])
        let webhook = try outcome(#"{"version":1,"application_id":"1","type":0}"#)
        #expect(webhook.status == 204)
        #expect(webhook.reply == nil)
        #expect(webhook.headers.map(\.name) == ["Content-Type"])
        #expect(webhook.events.isEmpty)
    }

    @Test("A user who removes the application ends the grant")
    func readsDeauthorization() throws {
        let outcome = try outcome(
            #"""
            {"version":1,"application_id":"1","type":1,"event":{"type":"APPLICATION_DEAUTHORIZED",
            "timestamp":"2026-05-30T18:50:17.906000","data":{"user":{"id":"5","username":"ada"}}}}
            """#)
        #expect(outcome.status == 204)
        #expect(outcome.events.count == 1)
        #expect(outcome.events.first?.accountID == "5")
        #expect(outcome.events.first?.effect == .revoked)
        // Made of what tells it apart: Discord gives none.
        #expect(outcome.events.first?.id == "APPLICATION_DEAUTHORIZED-5-2026-05-30T18:50:17.906000")
        #expect(outcome.events.first?.occurredAt?.description == "2026-05-30T18:50:17Z")
    }

    @Test(
        "Other events are acknowledged without effect",
        arguments: [
            #"{"type":1,"event":{"type":"APPLICATION_AUTHORIZED","data":{"user":{"id":"5"}}}}"#,
            #"{"type":1,"event":{"type":"ENTITLEMENT_CREATE","data":{}}}"#,
            #"{"type":1,"event":{"type":"APPLICATION_DEAUTHORIZED","data":{}}}"#, #"{"type":1,"event":{}}"#,
        ])
    func acknowledgesOthers(body: String) throws {
        let outcome = try outcome(body)
        #expect(outcome.status == 204)
        #expect(outcome.events.isEmpty)
    }

    @Test("A body that is not Discord's is refused", arguments: ["", "[]", "{}", #"{"type":"1"}"#, #"{"type":2}"#])
    func refusesOthers(body: String) {
        let error = #expect(throws: ProviderError.self) { try outcome(body) }
        #expect(error?.status == 400)
    }
}
