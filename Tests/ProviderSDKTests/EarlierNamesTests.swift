// The deprecated names of SDK 1.0 work like their successors. A protocol hides them, because deprecated names are errors elsewhere.

import ProviderSDK
import Testing

private protocol NameChecks {
    func lists() -> ListRequest
    func condition() -> Condition
    func oauth() -> OAuth2
    func key() -> APIKeyAuth
    func errors() -> ErrorClassification
    func reads() -> [Bool]
}

private struct EarlierNames: NameChecks {
    @available(*, deprecated)
    func lists() -> ListRequest {
        var list = ListRequest(.get("/x"), items: "items", paging: .nextLink("next", isRequired: true))
        list.filter = .isSet("id")
        list.isDeletion = .equals("gone", true)
        list.isPage = .isSet("items")
        list.hasNext = .isSet("next")
        list.since = SinceParameter(.header("If-Modified-Since"), .epochSeconds)
        var log = ChangeLog(recordID: "id", moment: "at", record: .get("/one"))
        log.isCreation = .equals("type", "created")
        log.isGone = .equals("gone", true)
        list.changeLog = log
        return list
    }

    @available(*, deprecated)
    func condition() -> Condition { .isLess("a", than: "b") }

    @available(*, deprecated)
    func oauth() -> OAuth2 {
        OAuth2 { oauth in
            oauth.clientAuthentication = .form
            oauth.authorizationScheme = "Token"
            oauth.revocation = Revocation { revocation in
                revocation.clientAuthentication = .basic
                revocation.succeeds = .equals("ok", true)
            }
        }
    }

    @available(*, deprecated)
    func key() -> APIKeyAuth {
        var auth = APIKeyAuth()
        auth.header = "X-Key"
        auth.prefix = "Key "
        return auth
    }

    @available(*, deprecated)
    func errors() -> ErrorClassification {
        var rule = ErrorRule(400, is: .permanent)
        rule.statuses = 409...410
        rule.condition = .isSet("error")
        rule.kind = .transient
        var errors = ErrorClassification([rule])
        errors.retryAfterHeaders = ["X-Wait"]
        return errors
    }

    /// Whether each earlier name reads the value of its successor.
    @available(*, deprecated)
    func reads() -> [Bool] {
        var account = AccountIDAuth()
        account.accountIDBytesMax = 4
        account.allowedBytes = .lettersAndDigits(and: "-")
        let list = lists()
        return [
            account.bytesMax == 4, account.allowed == .lettersAndDigits(and: "-"), list.filter != nil,
            list.changeLog?.record.path == "/one", oauth().authorizationScheme == "Token", key().prefix == "Key ",
            errors().retryAfterHeaders == ["X-Wait"], errors().rules[0].statuses == 409...410,
            RateLimitHeaders(remaining: "a", resetAfter: "b").reset == "b",
            Field("a", "b", .text).sources == ["b"], Field("a", ["b", "c"]).sources.count == 2,
        ]
    }
}

@Suite("Earlier names", .timeLimit(.minutes(2)))
struct EarlierNamesTests {
    private let earlier: any NameChecks = EarlierNames()
    let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    @Test("A list with earlier names is read as before")
    func walksLists() throws {
        let list = earlier.lists()
        let request = try list.request(at: nil, since: now)
        #expect(request.headers == [NamedValue("If-Modified-Since", "1717200000")])
        let page = try list.page(
            ["items": [["id": "1"], ["gone": true], ["id": "2", "gone": true]], "next": "https://a.example/2"], at: nil,
            now: now)
        #expect(page.records.map(\.change) == [.upserted, .deleted])
        #expect(page.next?["at"] == "https://a.example/2")
        #expect(list.changeLog?.read.path == "/one")
        #expect(list.changeLog?.createdWhen != nil && list.changeLog?.goneWhen != nil)
    }

    @Test("The earlier comparison works like its successor")
    func compares() {
        #expect(earlier.condition().isMet(by: ["a": 1, "b": 2], now: now))
        #expect(!earlier.condition().isMet(by: ["a": 2, "b": 2], now: now))
    }

    @Test("Earlier client authentication cases read as their successors")
    func authenticates() {
        let oauth = earlier.oauth()
        #expect(oauth.clientAuthentication == .clientSecretPost)
        #expect(oauth.revocation?.clientAuthentication == .clientSecretBasic)
        #expect(oauth.revocation?.succeedsWhen != nil)
        #expect(oauth.send.filled(with: "t").headers == [NamedValue("Authorization", "Token t")])
        #expect(earlier.key().send.filled(with: "k").headers == [NamedValue("X-Key", "Key k")])
    }

    @Test("Earlier error rules match the same answers")
    func classifies() {
        let errors = earlier.errors()
        let response = ProviderResponse(status: 409, body: Array(#"{"error":"x"}"#.utf8))
        #expect(errors.error(for: response, now: now)?.kind == .transient)
        #expect(errors.retryAfterFields == [RetryAfterHeader(header: "X-Wait")])
    }

    @Test("Earlier properties read the values of their successors")
    func reads() { #expect(!earlier.reads().contains(false)) }
}
