// Reddit on self-made payloads in its known shapes: every field and status, listings, identity, error classes, OAuth.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Reddit

@Suite("Reddit provider", .timeLimit(.minutes(2)))
struct RedditTests {
    let provider = RedditProvider()
    static let now = Timestamp(iso8601: "2025-06-01") ?? .epoch

    func context(_ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse) -> (ProviderContext, ScriptedHTTP)
    {
        let http = ScriptedHTTP(provider.manifest, now: Self.now, answer: answer)
        let settings = provider.manifest.settings(with: [:])
        return (.testing(http, accountID: "abc", settings: settings, accountName: "ada_l", now: Self.now), http)
    }

    @Test("Passes the conformance checks of every provider")
    func conforms() { #expect(ProviderConformance(provider).problems() == []) }

    /// The normalised record of `dataType` made of the JSON members `changes` merged over a plain record.
    static func map(_ dataType: String, _ changes: String) throws -> JSONValue {
        let fields = try JSONValue.parse(Array("{\(changes)}".utf8))
        let base = try JSONValue.parse(Array((plain[dataType] ?? "{}").utf8))
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((base.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        let mapping = try #require(RedditProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(merged.serialized), now: now).json)
    }

    static let plain = [
        "posts": #"""
        {"id":"1b2c3d","name":"t3_1b2c3d","title":"Tea & cake","selftext":"Which?","url":"https://example.com/tea",
        "permalink":"/r/tea/comments/1b2c3d/tea/","subreddit":"tea","author":"ada_l","score":-3,"upvote_ratio":0.43,
        "num_comments":12,"is_self":true,"over_18":false,"created_utc":1748044800.0,"edited":false,"locked":false,
        "archived":false,"removed_by_category":null}
        """#,
        "comments": #"""
        {"id":"k9","name":"t1_k9","body":"Both.","permalink":"/r/tea/comments/1b2c3d/tea/k9/","subreddit":"tea",
        "author":"ada_l","link_id":"t3_1b2c3d","link_title":"Tea & cake","parent_id":"t1_k8","score":5,
        "created_utc":1748044801.0,"edited":1748048400.0}
        """#,
    ]

    @Test(
        "Each field of a post",
        arguments: [
            ("", "id", #""post-1b2c3d""#), ("", "sourceId", #""t3_1b2c3d""#), ("", "title", #""Tea & cake""#),
            ("", "text", #""Which?""#), (#""selftext":"""#, "text", "null"), ("", "url", #""https://example.com/tea""#),
            ("", "permalink", #""/r/tea/comments/1b2c3d/tea/""#), ("", "subreddit", #""tea""#),
            ("", "author", #""ada_l""#), ("", "score", "-3"), ("", "upvoteRatio", "0.43"), ("", "commentCount", "12"),
            ("", "isTextOnly", "true"), ("", "isAdult", "false"), ("", "date", #""2025-05-24T00:00:00Z""#),
            ("", "editedAt", "null"), (#""edited":true"#, "editedAt", "null"),
            (#""edited":1748048400.0"#, "editedAt", #""2025-05-24T01:00:00Z""#), ("", "sourceStatus", "null"),
        ])
    func postFields(change: String, field: String, expected: String) throws {
        let record = try Self.map("posts", change)
        #expect(record[field]?.description == expected)
    }

    @Test(
        "Each status of a post",
        arguments: [
            ("", "active"), (#""locked":true"#, "locked"), (#""archived":true"#, "archived"),
            (#""archived":true,"locked":true"#, "archived"), (#""removed_by_category":"moderator""#, "removed"),
        ])
    func postStatuses(change: String, expected: String) throws {
        let record = try Self.map("posts", change)
        #expect(record["status"]?.string == expected)
        #expect(record["sourceStatus"]?.string == (expected == "removed" ? "moderator" : nil))
    }

    @Test(
        "Each field of a comment",
        arguments: [
            ("", "id", #""comment-k9""#), ("", "sourceId", #""t1_k9""#), ("", "text", #""Both.""#),
            ("", "permalink", #""/r/tea/comments/1b2c3d/tea/k9/""#), ("", "subreddit", #""tea""#),
            ("", "author", #""ada_l""#), ("", "postId", #""t3_1b2c3d""#), ("", "postTitle", #""Tea & cake""#),
            ("", "parentId", #""t1_k8""#), ("", "score", "5"), ("", "date", #""2025-05-24T00:00:01Z""#),
            ("", "editedAt", #""2025-05-24T01:00:00Z""#), (#""edited":false"#, "editedAt", "null"),
            (#""link_title":null"#, "postTitle", "null"),
        ])
    func commentFields(change: String, field: String, expected: String) throws {
        let record = try Self.map("comments", change)
        #expect(record[field]?.description == expected)
    }

    @Test(
        "A thing that cannot be read is a dead letter",
        arguments: [
            ("posts", #""name":null"#, "sourceId"), ("posts", #""upvote_ratio":1.5"#, "upvoteRatio"),
            ("posts", #""created_utc":"soon""#, "date"), ("posts", #""num_comments":-1"#, "commentCount"),
            ("comments", #""edited":"yes""#, "editedAt"), ("comments", #""score":1.5"#, "score"),
        ])
    func deadLetters(dataType: String, change: String, field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map(dataType, change) }
        #expect(failure?.field == field)
    }

    @Test(
        "Listings are paged after the last thing, other kinds left out",
        arguments: [("posts", "/user/ada_l/submitted", "t3", "t1"), ("comments", "/user/ada_l/comments", "t1", "t3")])
    func pages(dataType: String, path: String, kind: String, other: String) async throws {
        let (context, http) = context { request in
            let after = request.query.first { $0.name == "after" }?.value
            return .json(
                after == nil
                    ? """
                    {"kind":"Listing","data":{"after":"\(kind)_2","children":[
                    {"kind":"\(kind)","data":{"name":"\(kind)_2"}},{"kind":"\(other)","data":{"name":"x"}}]}}
                    """
                    : """
                    {"kind":"Listing","data":{"after":null,"children":[{"kind":"\(kind)","data":{"name":"\(kind)_1"}}]}}
                    """)
        }
        let first = try await provider.page(PageRequest(dataType: dataType), in: context)
        #expect(first.records.map { $0.value["name"]?.string } == [kind + "_2"])
        let second = try await provider.page(PageRequest(dataType: dataType, cursor: first.next), in: context)
        #expect(second.next == nil)
        let sent = try http.requests.map { try $0.filled(context.value(of:)) }
        #expect(sent.map(\.path) == [path, path])
        #expect(
            sent[1].query == [
                NamedValue("raw_json", "1"), NamedValue("limit", "100"), NamedValue("after", "\(kind)_2"),
            ])
    }

    @Test(
        "An answer that is not a listing is an error",
        arguments: [#"{"kind":"t2","data":{"children":[]}}"#, "[]", "<html>", "{}"])
    func refusesOthers(body: String) async {
        let (context, _) = context { _ in .json(body) }
        await #expect(throws: ProviderError.self) {
            try await provider.page(PageRequest(dataType: "posts"), in: context)
        }
    }

    @Test("The account comes from the API")
    func identifies() async throws {
        let (context, http) = context { _ in .json(#"{"id":"abc","name":"ada_l","total_karma":5}"#) }
        let grant = TokenGrant(response: [:], claims: [:], callback: [:])
        #expect(try await provider.identity(of: grant, in: context) == AccountIdentity(id: "abc", name: "ada_l"))
        #expect(http.requests.map(\.path) == ["/api/v1/me"])
    }

    @Test(
        "Error answers fall into the right class",
        arguments: [
            (401, #"{"message":"Unauthorized","error":401}"#, ProviderError.Kind.authExpired),
            (403, #"{"reason":"private","message":"Forbidden","error":403}"#, .scopeMissing([])), (404, "", .permanent),
            (429, #"{"message":"Too Many Requests","error":429}"#, .rateLimited(after: .seconds(60))),
            (500, "<html>", .transient), (503, "", .transient),
        ])
    func classifies(status: Int, body: String, kind: ProviderError.Kind) {
        #expect(provider.manifest.errors.error(for: .json(body, status: status), now: Self.now)?.kind == kind)
    }

    @Test("Header fields give the remaining limit and its renewal")
    func readsLimits() {
        let field = NamedValue("x-ratelimit-reset", "213")
        let answer = ProviderResponse.json("", status: 429, headers: [field])
        #expect(provider.manifest.errors.error(for: answer, now: Self.now)?.kind == .rateLimited(after: .seconds(213)))
        let headers = provider.manifest.rateLimitHeaders
        #expect(headers.map(\.remaining) == ["X-Ratelimit-Remaining"])
        #expect(headers.map(\.reset) == ["X-Ratelimit-Reset"])
        #expect(headers.map(\.scope) == [.application])
    }

    @Test("OAuth asks for a lasting grant and names who asks")
    func describesOAuth() throws {
        guard case .oauth2(let oauth) = provider.manifest.auth else { return #expect(Bool(false), "not OAuth") as Void }
        #expect(oauth.clientAuthentication == .clientSecretBasic)
        #expect(oauth.authorizeParameters == [NamedValue("duration", "permanent")])
        #expect(oauth.scopeSeparator == " ")
        #expect(oauth.pkce == .unsupported)
        guard case .refreshToken(.keepsUntilReplaced) = oauth.refresh else {
            return #expect(Bool(false), "rotates") as Void
        }
        let field = NamedValue("User-Agent", "{setting.userAgent}")
        #expect(oauth.tokenHeaders == [field] && provider.manifest.headers == [field])
        #expect(provider.manifest.settings(with: [:])["userAgent"]?.hasPrefix("web:") == true)
        #expect(provider.manifest.settings.first?.isRequired == true, "new connections need the operator's own text")
        let dead = #"{"error":"invalid_grant"}"#
        #expect(oauth.tokenErrors.error(for: .json(dead), now: Self.now)?.kind == .authRevoked)
        #expect(provider.manifest.requestedScopes(for: []) == ["identity", "history"])
        #expect(provider.manifest.requestedScopes(for: [], dataTypes: []).contains("identity"))
    }
}
