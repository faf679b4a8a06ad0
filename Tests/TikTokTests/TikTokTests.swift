// TikTok on self-made payloads in its known shapes: every field, paging in the body, identity, error classes, OAuth.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import TikTok

@Suite("TikTok provider", .timeLimit(.minutes(2)))
struct TikTokTests {
    let provider = TikTokProvider()
    static let now = Timestamp(iso8601: "2025-06-01") ?? .epoch

    func context(_ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse) -> (ProviderContext, ScriptedHTTP)
    {
        let http = ScriptedHTTP(provider.manifest, now: Self.now, answer: answer)
        return (.testing(http, accountID: "open-1", now: Self.now), http)
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    static func map(_ fields: JSONValue) throws -> JSONValue {
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((plain.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        return try JSONValue.parse(TikTokMappings.video.map(try JSONValue.parse(merged.serialized), now: now).json)
    }

    static let plain: JSONValue = [
        "id": "7080213458555737986", "title": "A walk", "video_description": "A walk #dog",
        "share_url": "https://www.tiktok.com/@ada/video/7080213458555737986",
        "embed_link": "https://www.tiktok.com/embed/v2/7080213458555737986",
        "cover_image_url": "https://p16.example.com/c.jpeg", "duration": 31, "width": 576, "height": 1024,
        "create_time": 1_748_044_800, "view_count": 5_000_000_000, "like_count": 12, "comment_count": 3,
        "share_count": 0,
    ]

    @Test(
        "Each field of a video",
        arguments: [
            ([:], "id", "video-7080213458555737986"), ([:], "sourceId", "7080213458555737986"),
            ([:], "title", "A walk"),
            (["title": .null], "title", .null), ([:], "description", "A walk #dog"),
            ([:], "url", "https://www.tiktok.com/@ada/video/7080213458555737986"),
            ([:], "embedUrl", "https://www.tiktok.com/embed/v2/7080213458555737986"),
            ([:], "coverUrl", "https://p16.example.com/c.jpeg"), ([:], "durationSeconds", 31), ([:], "width", 576),
            ([:], "height", 1024), ([:], "date", "2025-05-24T00:00:00Z"), (["create_time": .null], "date", .null),
            ([:], "viewCount", 5_000_000_000), ([:], "likeCount", 12), ([:], "commentCount", 3),
            ([:], "shareCount", 0), (["share_count": .null], "shareCount", .null),
        ] as [(JSONValue, String, JSONValue)])
    func videoFields(change: JSONValue, field: String, expected: JSONValue) throws {
        let record = try Self.map(change)
        #expect(record[field] == expected)
    }

    @Test("Every field that the table needs is asked for")
    func asksForFields() {
        let needed = TikTokMappings.video.sourceID + TikTokMappings.video.fields.flatMap(\.sources)
        #expect(Set(needed.map(\.description)) == Set(TikTokMappings.sourceFields))
    }

    @Test(
        "A video that cannot be read is a dead letter",
        arguments: [
            (["id": .null], "sourceId"), (["create_time": "1748044800"], "date"), (["view_count": -1], "viewCount"),
        ] as [(JSONValue, String)])
    func deadLetters(change: JSONValue, field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map(change) }
        #expect(failure?.field == field)
    }

    @Test("Videos are paged by a cursor in the body until there are no more, short pages included")
    func pages() async throws {
        let (context, http) = context { request in
            guard case .json(let body) = request.body else { return .json("{}") }
            return .json(
                body["cursor"] == nil
                    ? #"{"data":{"videos":[{"id":"2"}],"cursor":1643332803000,"has_more":true},"error":{"code":"ok"}}"#
                    : #"{"data":{"videos":[{"id":"1"}],"cursor":1643332802000,"has_more":false},"error":{"code":"ok"}}"#
            )
        }
        let first = try await provider.page(PageRequest(dataType: "videos"), in: context)
        let second = try await provider.page(PageRequest(dataType: "videos", cursor: first.next), in: context)
        #expect(second.next == nil)
        #expect(http.requests.map(\.method) == [.post, .post])
        #expect(http.requests.allSatisfy { $0.path == "/v2/video/list/" })
        #expect(http.requests.allSatisfy { $0.query.map(\.name) == ["fields"] })
        let bodies = http.requests.map { request in
            if case .json(let body) = request.body { body.description } else { "" }
        }
        #expect(bodies == [#"{"max_count":20}"#, #"{"max_count":20,"cursor":1643332803000}"#])
    }

    @Test("The account is the open id of the token answer, its name comes from the profile where that can be read")
    func identifies() async throws {
        let grant = TokenGrant(response: ["open_id": "open-1"], claims: [:], callback: [:])
        let (named, http) = context { _ in
            .json(#"{"data":{"user":{"open_id":"open-1","display_name":"Ada"}},"error":{"code":"ok"}}"#)
        }
        #expect(try await provider.identity(of: grant, in: named) == AccountIdentity(id: "open-1", name: "Ada"))
        #expect(http.requests[0].path == "/v2/user/info/")
        let (unnamed, _) = context { _ in .json("", status: 503) }
        #expect(try await provider.identity(of: grant, in: unnamed) == AccountIdentity(id: "open-1", name: "open-1"))
        let nobody = TokenGrant(response: [:], claims: [:], callback: [:])
        await #expect(throws: ProviderError.self) { try await provider.identity(of: nobody, in: named) }
    }

    @Test(
        "Error answers fall into the right class",
        arguments: [
            (401, "access_token_invalid", ProviderError.Kind.authExpired),
            (401, "scope_not_authorized", .scopeMissing([])),
            (400, "scope_permission_missed", .scopeMissing([])), (400, "invalid_params", .permanent),
            (429, "rate_limit_exceeded", .rateLimited(after: .seconds(60))),
            (200, "rate_limit_exceeded", .rateLimited(after: .seconds(60))), (200, "internal_error", .transient),
            (500, "internal_error", .transient), (200, "invalid_params", .permanent), (200, "ok", nil),
        ] as [(Int, String, ProviderError.Kind?)])
    func classifies(status: Int, code: String, kind: ProviderError.Kind?) {
        let body = "{\"data\":{},\"error\":{\"code\":\"\(code)\",\"message\":\"\",\"log_id\":\"1\"}}"
        #expect(provider.manifest.errors.error(for: .json(body, status: status), now: Self.now)?.kind == kind)
    }

    @Test(
        "A moment in the reset header is not taken for a pause",
        arguments: [("17", Duration.seconds(17)), ("1748736060", .seconds(60)), ("", .seconds(60))])
    func readsPauses(value: String, pause: Duration) {
        let answer = ProviderResponse.json("{}", status: 429, headers: [NamedValue("X-RateLimit-Reset", value)])
        #expect(provider.manifest.errors.error(for: answer, now: Self.now)?.kind == .rateLimited(after: pause))
    }

    @Test("OAuth calls the client id client_key, and rotates")
    func describesOAuth() {
        guard case .oauth2(let oauth) = provider.manifest.auth else { return #expect(Bool(false), "not OAuth") as Void }
        #expect(oauth.clientAuthentication == .clientSecretPost)
        #expect(oauth.authorizeParameterNames == ["client_id": "client_key"])
        #expect(oauth.tokenParameterNames == ["client_id": "client_key"])
        #expect(oauth.scopeSeparator == ",")
        #expect(oauth.pkce == .unsupported)
        guard case .refreshToken(.rotates(.zero)) = oauth.refresh else {
            return #expect(Bool(false), "does not rotate") as Void
        }
        #expect(oauth.tokenResponse.refreshExpiresIn.contains("refresh_expires_in"))
        #expect(oauth.revocation?.token == .accessToken)
        let dead = #"{"error":"invalid_grant","error_description":"Refresh token is invalid.","log_id":"1"}"#
        #expect(oauth.tokenErrors.error(for: .json(dead, status: 200), now: Self.now)?.kind == .authRevoked)
        #expect(provider.manifest.requestedScopes(for: []) == ["user.info.basic", "video.list"])
    }
}
