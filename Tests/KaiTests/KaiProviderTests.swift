// Kai beyond its tables: conformance, variants, the walk along links, identity, error classes, OAuth.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Kai

@Suite("Kai provider", .timeLimit(.minutes(2)))
struct KaiProviderTests {
    let provider = KaiProvider()
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    func context(
        _ variant: String = "flo", _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse
    ) -> (ProviderContext, ScriptedHTTP) {
        let http = ScriptedHTTP(
            provider.manifest, now: now, endpoints: ["api": "https://flo.example.com"], answer: answer)
        return (.testing(http, variant: variant, now: now), http)
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    @Test("The three networks are variants without endpoints of their own, and MIN has SDVX only")
    func describesVariants() {
        let manifest = provider.manifest
        #expect(Set(manifest.variants.map(\.id)) == ["flo", "min", "eag"])
        #expect(manifest.endpoints.isEmpty && manifest.variants.allSatisfy(\.endpoints.isEmpty))
        #expect(manifest.dataType("iidx-scores")?.variants == ["flo", "eag"])
        #expect(manifest.dataType("sdvx-scores")?.variants == [])
        #expect(manifest.requestedScopes(for: [], variant: "min") == ["settings_read"])
        #expect(manifest.refreshesBeforeSync)
        #expect(manifest.refreshesPerSyncMax == 1)
    }

    @Test(
        "A history is walked along its links until there is none",
        arguments: [("iidx-scores", "/api/iidx/v2/play_history"), ("sdvx-scores", "/api/sdvx/v1/play_history")])
    func walks(dataType: String, path: String) async throws {
        let link = "https://flo.example.com/next?page=2"
        let (context, http) = context { request in
            .json(
                request.path == link
                    ? #"{"_links":{"_next":null},"_items":[{"_id":3}]}"#
                    : #"{"_links":{"_next":"https://flo.example.com/next?page=2"},"_items":[{"_id":1},{"_id":2}]}"#)
        }
        let first = try await provider.page(PageRequest(dataType: dataType), in: context)
        #expect(first.records.map { $0.value["_id"] } == [1, 2])
        let second = try await provider.page(PageRequest(dataType: dataType, cursor: first.next), in: context)
        #expect(second.records.count == 1)
        #expect(second.next == nil)
        #expect(http.requests.map(\.path) == [path, link])
        #expect(http.requests.allSatisfy { $0.query.isEmpty && $0.authorization == .connection })
    }

    @Test(
        "An answer that is not a page ends the walk",
        arguments: [
            "[]", "{}", "null", #"{"_items":[]}"#, #"{"_links":[],"_items":[]}"#, #"{"_links":"x","_items":[]}"#,
            #"{"_links":{},"_items":[]}"#, #"{"_links":{"_next":7},"_items":[]}"#,
            #"{"_links":{"_next":false},"_items":[]}"#, #"{"_links":{"_next":null}}"#,
            #"{"_links":{"_next":null},"_items":{}}"#, #"{"_links":{"_next":"https://{variant}/"},"_items":[]}"#,
            "<html>",
        ])
    func refusesOtherAnswers(body: String) async {
        let (context, _) = context { _ in .json(body) }
        await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "sdvx-scores"), in: context)
        }
    }

    @Test(
        "A link to another origin is never asked, so that the token goes nowhere else",
        arguments: [
            "https://evil.example/", "http://flo.example.com/", "https://flo.example.com:8443/",
            "https://flo.example.com@evil.example/", "https://flo.example.com.evil.example/",
            "https://evil.example\\\\@flo.example.com/", "//evil", "evil", "https:flo.example.com",
        ])
    func refusesForeignLinks(link: String) async throws {
        let (context, http) = context { request in
            request.path == link
                ? .json(#"{"_links":{"_next":null},"_items":[]}"#)
                : .json("{\"_links\":{\"_next\":\"\(link)\"},\"_items\":[]}")
        }
        let first = try await provider.page(PageRequest(dataType: "sdvx-scores"), in: context)
        let request = PageRequest(dataType: "sdvx-scores", cursor: first.next)
        if link == "//evil" {
            // A path, whatever it looks like: it goes behind the configured origin.
            _ = try await provider.page(request, in: context)
            #expect(try http.requests[1].url(behind: "https://flo.example.com") == "https://flo.example.com//evil")
        } else {
            let error = await #expect(throws: ProviderError.self) { try await provider.page(request, in: context) }
            #expect(error?.kind == .permanent)
            #expect(http.requests.count == 1)
        }
    }

    @Test("A walk that never ends is stopped after 500 pages")
    func boundsWalks() async throws {
        let (context, http) = context { request in
            let next = request.path.hasPrefix("https") ? request.path + "n" : "https://flo.example.com/again"
            return .json(#"{"_links":{"_next":"\#(next)"},"_items":[]}"#)
        }
        var request = PageRequest(dataType: "iidx-scores")
        let error = await #expect(throws: ProviderError.self) {
            while true {
                request.cursor = try await provider.page(request, in: context).next
                guard request.cursor != nil, http.requests.count < 1000 else { return }
            }
        }
        #expect(error?.kind == .permanent)
        #expect(http.requests.count == 500)
    }

    @Test(
        "The account is the player of the first game with a profile",
        arguments: [
            ("flo", #"{"_links":{},"iidx_id":"C000000000001","dj_name":"ADA"}"#, nil, "C000000000001", "ADA"),
            ("eag", #"{"iidx_id":12345678,"dj_name":""}"#, nil, "12345678", "12345678"),
            ("flo", nil, #"{"_links":{},"sdvx_id":"S1","name":"ADA"}"#, "S1", "ADA"),
            ("flo", #"{"iidx_id":null}"#, #"{"sdvx_id":"S1","name":null}"#, "S1", "S1"),
            ("min", #"{"iidx_id":"never asked"}"#, #"{"sdvx_id":"S2","name":"BOB"}"#, "S2", "BOB"),
            ("min", nil, nil, "min", "MIN"),
        ] as [(String, String?, String?, String, String)])
    func identifies(variant: String, iidx: String?, sdvx: String?, id: String, name: String) async throws {
        let (context, http) = context(variant) { request in
            let body = request.path == "/api/iidx/v2/player_profile" ? iidx : sdvx
            return body.map { .json($0) } ?? .json("{}", status: 404)
        }
        let grant = TokenGrant(response: [:], claims: [:], callback: [:])
        #expect(try await provider.identity(of: grant, in: context) == AccountIdentity(id: id, name: name))
        #expect(variant != "min" || http.requests.map(\.path) == ["/api/sdvx/v1/player_profile"])
    }

    @Test(
        "A profile that cannot be read loses no grant, a rejected token does",
        arguments: [(500, true), (429, true), (401, false), (403, false)])
    func keepsGrants(status: Int, isKept: Bool) async {
        let (context, _) = context { _ in .json("", status: status) }
        let grant = TokenGrant(response: [:], claims: [:], callback: [:])
        let identity = try? await provider.identity(of: grant, in: context)
        #expect(identity == (isKept ? AccountIdentity(id: "flo", name: "FLO") : nil))
    }

    @Test(
        "Error answers fall into the right class",
        arguments: [
            (401, ProviderError.Kind.authExpired), (403, .authExpired), (404, .permanent), (400, .permanent),
            (429, .rateLimited(after: .seconds(60))), (500, .transient), (503, .transient),
        ])
    func classifies(status: Int, kind: ProviderError.Kind) {
        #expect(provider.manifest.errors.error(for: .json("{}", status: status), now: now)?.kind == kind)
    }

    @Test(
        "Only 400 from the token endpoint ends a grant",
        arguments: [
            (400, "{}", ProviderError.Kind.authRevoked), (400, "<html>", .transient), (401, "{}", .transient),
            (403, "", .transient), (404, "", .transient), (429, "", .rateLimited(after: .seconds(60))),
            (500, "", .transient), (302, "", .transient), (200, "{}", .transient),
            (200, #"{"access_token":"a"}"#, .transient), (200, #"{"access_token":"","refresh_token":"r"}"#, .transient),
            (200, #"{"access_token":"a","refresh_token":"r","more":1}"#, nil),
        ] as [(Int, String, ProviderError.Kind?)])
    func classifiesTokenAnswers(status: Int, body: String, kind: ProviderError.Kind?) throws {
        guard case .oauth2(let oauth) = provider.manifest.auth else { return #expect(Bool(false), "not OAuth") as Void }
        #expect(oauth.tokenErrors.error(for: .json(body, status: status), now: now)?.kind == kind)
    }

    @Test("OAuth is described as Kai has it")
    func describesOAuth() {
        guard case .oauth2(let oauth) = provider.manifest.auth else { return #expect(Bool(false), "not OAuth") as Void }
        #expect(oauth.clientAuthentication == .clientSecretPost)
        #expect(oauth.tokenRequestEncoding == .form)
        #expect(oauth.pkce == .unsupported)
        #expect(oauth.authorizeParameterNames == ["redirect_uri": "redirectUri"])
        #expect(oauth.tokenParameterNames.isEmpty)
        #expect(oauth.sendsRedirectURIInExchange)
        #expect(!oauth.returnsState)
        #expect(oauth.revocation == nil)
        #expect(oauth.lifetimes.accessToken == nil)
        guard case .refreshToken(.rotates(.zero)) = oauth.refresh else {
            return #expect(Bool(false), "does not rotate") as Void
        }
    }
}
