// Instagram on self-made payloads in its known shapes: every field and type, paging, identity, error classes, the token that renews
// itself.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Instagram

@Suite("Instagram provider", .timeLimit(.minutes(2)))
struct InstagramTests {
    let provider = InstagramProvider()
    static let now = Timestamp(iso8601: "2025-06-01") ?? .epoch

    func context(_ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse) -> (ProviderContext, ScriptedHTTP)
    {
        let http = ScriptedHTTP(provider.manifest, now: Self.now, answer: answer)
        return (.testing(http, accountID: "17841400000000001", now: Self.now), http)
    }

    func oauth() throws -> OAuth2 {
        guard case .oauth2(let oauth) = provider.manifest.auth else {
            throw ProviderError(.permanent, "not OAuth")
        }
        return oauth
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    static func map(_ fields: JSONValue) throws -> JSONValue {
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((plain.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        return try JSONValue.parse(
            InstagramMappings.media.map(try JSONValue.parse(merged.serialized), now: now).json)
    }

    static let plain: JSONValue = [
        "id": "17895695668004550", "caption": "Sunset ☀️", "media_type": "IMAGE",
        "media_url": "https://cdn.example.com/1.jpg", "permalink": "https://www.instagram.com/p/abc/",
        "timestamp": "2025-01-15T12:00:00+0000", "like_count": 42, "comments_count": 0,
    ]

    @Test(
        "Each field of media",
        arguments: [
            ([:], "id", "media-17895695668004550"), ([:], "sourceId", "17895695668004550"),
            ([:], "caption", "Sunset ☀️"), (["caption": .null], "caption", .null),
            ([:], "mediaUrl", "https://cdn.example.com/1.jpg"), (["media_url": .null], "mediaUrl", .null),
            ([:], "url", "https://www.instagram.com/p/abc/"), ([:], "date", "2025-01-15T12:00:00Z"),
            (["timestamp": "2025-01-15T05:00:00-0700"], "date", "2025-01-15T12:00:00Z"), ([:], "likeCount", 42),
            (["like_count": .null], "likeCount", .null), ([:], "commentCount", 0), ([:], "sourceType", "IMAGE"),
        ] as [(JSONValue, String, JSONValue)])
    func mediaFields(change: JSONValue, field: String, expected: JSONValue) throws {
        let record = try Self.map(change)
        #expect(record[field] == expected)
    }

    @Test(
        "Each type of media",
        arguments: [("IMAGE", "image"), ("VIDEO", "video"), ("CAROUSEL_ALBUM", "album"), ("HOLOGRAM", "unknown")])
    func mediaTypes(source: String, expected: String) throws {
        let record = try Self.map(["media_type": .string(source)])
        #expect(record["type"]?.string == expected)
        #expect(record["sourceType"]?.string == source)
    }

    @Test(
        "Media that cannot be read is a dead letter",
        arguments: [(["id": .null], "sourceId"), (["timestamp": "now"], "date"), (["like_count": -1], "likeCount")]
            as [(JSONValue, String)])
    func deadLetters(change: JSONValue, field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map(change) }
        #expect(failure?.field == field)
    }

    @Test("Media are paged by cursor; the link with the token in it is neither followed nor kept")
    func pages() async throws {
        let (context, http) = context { request in
            let isFirst = !request.query.contains { $0.name == "after" }
            return .json(
                isFirst
                    ? #"""
                    {"data":[{"id":"2"}],"paging":{"cursors":{"before":"b","after":"QVFI"},
                    "next":"https://evil.example/me/media?access_token=IGQVJ"}}
                    """#
                    : #"{"data":[{"id":"1"}],"paging":{"cursors":{"before":"b","after":"QVFJ"}}}"#)
        }
        let first = try await provider.page(PageRequest(dataType: "media"), in: context)
        #expect(first.next?.description.contains("IGQVJ") == false)
        let second = try await provider.page(PageRequest(dataType: "media", cursor: first.next), in: context)
        #expect(second.records.map { $0.value["id"] } == ["1"])
        #expect(second.next == nil)
        #expect(http.requests.map(\.path) == ["/me/media", "/me/media"])
        #expect(
            http.requests[1].query == [
                NamedValue(
                    "fields", "id,caption,media_type,media_url,permalink,timestamp,like_count,comments_count"),
                NamedValue("limit", "100"), NamedValue("after", "QVFI"),
            ])
    }

    @Test("An account without media is an empty page, anything but a list an error")
    func readsEmptyPages() async throws {
        let (empty, _) = context { _ in .json(#"{"data":[]}"#) }
        let page = try await provider.page(PageRequest(dataType: "media"), in: empty)
        #expect(page.records.isEmpty && page.next == nil)
        let (wrong, _) = context { _ in .json(#"{"data":{}}"#) }
        await #expect(throws: ProviderError.self) { try await provider.page(PageRequest(dataType: "media"), in: wrong) }
    }

    @Test(
        "The account comes from the API, else from the token answer in either shape",
        arguments: [
            (#"{"user_id":"17841400000000001","username":"ada"}"#, [:], "ada"),
            (#"{"data":[{"user_id":"17841400000000001","username":"ada"}]}"#, [:], "ada"),
            (#"{"username":"ada"}"#, ["user_id": "17841400000000001"], "ada"),
            (#"{}"#, ["data": [["user_id": "17841400000000001"]]], "17841400000000001"),
        ] as [(String, JSONValue, String)])
    func identifies(answer: String, token: JSONValue, name: String) async throws {
        let (context, http) = context { _ in .json(answer) }
        let grant = TokenGrant(response: token, claims: [:], callback: [:])
        let identity = try await provider.identity(of: grant, in: context)
        #expect(identity == AccountIdentity(id: "17841400000000001", name: name))
        #expect(http.requests[0].query == [NamedValue("fields", "user_id,username")])
    }

    @Test("An account id beyond 2^53 keeps all its digits")
    func keepsDigits() async throws {
        let (context, _) = context { _ in .json(#"{"user_id":17841400000000012345}"#) }
        let grant = TokenGrant(response: [:], claims: [:], callback: [:])
        #expect(try await provider.identity(of: grant, in: context).id == "17841400000000012345")
    }

    @Test(
        "Error answers fall into the right class",
        arguments: [
            (400, 190, ProviderError.Kind.authExpired), (401, 190, .authExpired),
            (400, 4, .rateLimited(after: .seconds(300))),
            (403, 17, .rateLimited(after: .seconds(300))), (403, 32, .rateLimited(after: .seconds(300))),
            (400, 613, .rateLimited(after: .seconds(300))), (400, 1, .transient), (400, 2, .transient),
            (403, 10, .scopeMissing([])), (403, 200, .scopeMissing([])), (400, 299, .scopeMissing([])),
            (400, 100, .permanent), (500, 1, .transient), (429, 0, .rateLimited(after: .seconds(300))),
        ])
    func classifies(status: Int, code: Int, kind: ProviderError.Kind) {
        let body = "{\"error\":{\"message\":\"m\",\"type\":\"OAuthException\",\"code\":\(code),\"fbtrace_id\":\"A\"}}"
        let error = provider.manifest.errors.error(for: .json(body, status: status), now: Self.now)
        #expect(error?.kind == kind)
        #expect(error?.code == "\(code)")
    }

    @Test("What Instagram calls transient is tried again, whatever its code")
    func transient() {
        let body = #"{"error":{"message":"m","type":"OAuthException","code":100,"is_transient":true}}"#
        for errors in [provider.manifest.errors, InstagramErrors.tokens] {
            #expect(errors.error(for: .json(body, status: 400), now: Self.now)?.kind == .transient)
        }
    }

    @Test(
        "A renewal that is refused for a bad token ends the grant, a bad code ends nothing",
        arguments: [
            (400, #"{"error":{"message":"m","type":"OAuthException","code":190}}"#, ProviderError.Kind.authRevoked),
            (400, #"{"error":{"message":"m","code":4}}"#, .rateLimited(after: .seconds(300))),
            (400, #"{"error":{"message":"m","code":2}}"#, .transient),
            (400, #"{"error_type":"OAuthException","code":400,"error_message":"used"}"#, .permanent),
            (500, "", .transient), (200, #"{"access_token":"t","token_type":"bearer","expires_in":5183944}"#, nil),
        ] as [(Int, String, ProviderError.Kind?)])
    func classifiesTokenAnswers(status: Int, body: String, kind: ProviderError.Kind?) throws {
        #expect(try oauth().tokenErrors.error(for: .json(body, status: status), now: Self.now)?.kind == kind)
    }

    @Test("OAuth has a second hop, and an access token that renews itself after a day")
    func describesOAuth() throws {
        let oauth = try oauth()
        #expect(oauth.clientAuthentication == .clientSecretPost)
        #expect(oauth.scopeSeparator == ",")
        let exchange = try #require(oauth.secondExchange)
        #expect(exchange.endpoint == "api" && exchange.path == "/access_token")
        #expect(exchange.grantType == "ig_exchange_token" && exchange.sendsClientSecret)
        guard case .accessToken(let refresh) = oauth.refresh else {
            return #expect(Bool(false), "does not renew itself") as Void
        }
        #expect(refresh.path == "/refresh_access_token" && refresh.grantType == "ig_refresh_token")
        #expect(refresh.minimumAge == .seconds(86_400))
        #expect(oauth.lifetimes.accessToken == .seconds(5_184_000))
        #expect(oauth.revocation == nil)
        let wrapped: JSONValue = ["data": [["access_token": "t", "user_id": "1", "permissions": "a,b"]]]
        #expect(oauth.tokenResponse.object(in: wrapped)["access_token"] == "t")
        #expect(oauth.tokenResponse.object(in: ["access_token": "u"])["access_token"] == "u")
        #expect(provider.manifest.requestedScopes(for: []) == ["instagram_business_basic"])
        #expect(
            provider.manifest.requestedScopes(for: ["instagram_business_manage_comments"])
                == ["instagram_business_manage_comments", "instagram_business_basic"])
    }
}
