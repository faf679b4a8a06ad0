// Arc beyond its tables: conformance, the operator's token, the account id in the query, the walk along links, error classes.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Arc

@Suite("Arc provider", .timeLimit(.minutes(2)))
struct ArcProviderTests {
    let provider = ArcProvider()
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    func context(
        accountID: String = "WQ5v", _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse
    ) -> (ProviderContext, ScriptedHTTP) {
        let http = ScriptedHTTP(
            provider.manifest, now: now, endpoints: ["api": "https://arc.example.com"], answer: answer)
        return (.testing(http, accountID: accountID, variant: "iidx", now: now), http)
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    @Test("A connection is an account id that the operator's token reads, one game for each variant")
    func describesAuth() {
        let manifest = provider.manifest
        guard case .accountID(let auth) = manifest.auth else {
            return #expect(Bool(false), "not by account id") as Void
        }
        #expect(auth.secretSetting == "accessToken")
        #expect(auth.scheme == "Bearer")
        let setting = manifest.settings.first { $0.key == "accessToken" }
        #expect(setting?.isSecret == true && setting?.isRequired == true)
        #expect(manifest.variants.map(\.id) == ["iidx", "sdvx"])
        #expect(manifest.dataTypes.map(\.variants) == [["iidx"], ["sdvx"]])
        #expect(manifest.endpoints.isEmpty)
    }

    @Test(
        "Bests are read by account id, with the slash that the path needs",
        arguments: [
            ("iidx-bests", "/api/v1/iidx/28/player_bests/"), ("sdvx-bests", "/api/v1/sdvx/6/player_bests/"),
        ])
    func reads(dataType: String, path: String) async throws {
        let (context, http) = context(accountID: "a&b=/../{variant}") { _ in
            .json(#"{"_links":{"_next":null},"_items":[{"_id":"1"}]}"#)
        }
        let page = try await provider.page(PageRequest(dataType: dataType), in: context)
        #expect(page.records.count == 1 && page.next == nil)
        #expect(http.requests[0].path == path)
        #expect(http.requests[0].authorization == .setting("accessToken", scheme: "Bearer"))
        // A whole query value, whatever the user typed: the host encodes it, and nothing in it is filled again.
        let filled = try http.requests[0].filled(context.value(of:))
        #expect(filled.query == [NamedValue("profile_id", "a&b=/../{variant}")])
        #expect(filled.path == path)
    }

    @Test("Links are followed at the same origin only, 500 pages at most")
    func walks() async throws {
        let (context, http) = context { request in
            switch request.path {
            case "https://arc.example.com/p2":
                .json(#"{"_links":{"_next":"https://evil.example/p3"},"_items":[]}"#)
            default: .json(#"{"_links":{"_next":"https://arc.example.com/p2"},"_items":[]}"#)
            }
        }
        let first = try await provider.page(PageRequest(dataType: "iidx-bests"), in: context)
        let second = try await provider.page(PageRequest(dataType: "iidx-bests", cursor: first.next), in: context)
        #expect(http.requests[1].query.isEmpty)
        await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "iidx-bests", cursor: second.next), in: context)
        }
        #expect(http.requests.count == 2)
        let last: JSONValue = ["at": "https://arc.example.com/p1", "page": 500]
        await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "iidx-bests", cursor: last), in: context)
        }
    }

    @Test(
        "An answer that is not a page ends the walk",
        arguments: [#"{"_items":[]}"#, #"{"_links":{},"_items":[]}"#, #"{"_links":{"_next":null}}"#, "[]", "oops"])
    func refusesOtherAnswers(body: String) async {
        let (context, _) = context { _ in .json(body) }
        await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "sdvx-bests"), in: context)
        }
    }

    @Test(
        "A rejected token is the operator's fault and never ends a connection",
        arguments: [
            (401, ProviderError.Kind.misconfigured), (403, .misconfigured), (404, .permanent), (500, .transient),
            (429, .rateLimited(after: .seconds(60))),
        ])
    func classifies(status: Int, kind: ProviderError.Kind) {
        #expect(provider.manifest.errors.error(for: .json("{}", status: status), now: now)?.kind == kind)
    }

    @Test("The account's owner is marked as unverified")
    func identifiesNobody() async {
        let (context, http) = context { _ in .json("{}") }
        await #expect(throws: ProviderError.self) {
            try await provider.identity(of: TokenGrant(response: [:], claims: [:], callback: [:]), in: context)
        }
        #expect(http.requests.isEmpty)
    }
}
