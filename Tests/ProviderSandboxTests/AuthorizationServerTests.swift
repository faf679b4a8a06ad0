// The authorization server as a state machine, with time given by hand.

import Testing

@testable import ProviderSandbox

private func server(_ configure: (inout OAuthRules) -> Void = { _ in }) -> AuthorizationServer {
    AuthorizationServer(OAuthRules(clientID: "id", clientSecret: "secret", configure))
}

extension AuthorizationServer {
    fileprivate mutating func connect(_ scopes: [String] = ["a", "b"], account: Int = 0, now: Int64 = 0) throws
        -> IssuedTokens
    {
        let code = allow(
            account: account, scopes: scopes, parameters: [:], redirectURI: "r", challenge: nil, now: now
        ).code
        return try exchange(code: code, redirectURI: "r", verifier: nil, now: now)
    }

    fileprivate func isLive(_ token: String, at now: Int64) -> Bool {
        if case .live = bearer(token, now: now) { true } else { false }
    }
}

@Suite("Authorization server", .timeLimit(.minutes(2)))
struct AuthorizationServerTests {
    @Test("A replaced refresh token dies after its grace", arguments: [0, 60] as [Int64])
    func aReplacedRefreshTokenDiesAfterItsGrace(_ grace: Int64) throws {
        var server = server { $0.refresh = .rotates(graceSeconds: grace) }
        let first = try #require(try server.connect().refreshToken)
        let second = try #require(try server.refresh(first, scopes: nil, now: 1000).refreshToken)
        #expect(second != first)
        if grace > 0 {
            // A repeated refresh does not lengthen the grace.
            _ = try server.refresh(first, scopes: nil, now: 1000 + grace * 1000 - 1)
        }
        #expect(throws: OAuthFault.invalidGrant(.refreshTokenUsed)) {
            try server.refresh(first, scopes: nil, now: 1000 + grace * 1000)
        }
        #expect(throws: Never.self) { try server.refresh(second, scopes: nil, now: 1_000_000) }
    }

    @Test("A kept refresh token lives as long as it is used")
    func aKeptRefreshTokenLivesAsLongAsItIsUsed() throws {
        var server = server { $0.refreshTokenSeconds = 100 }
        let token = try #require(try server.connect().refreshToken)
        #expect(try server.refresh(token, scopes: nil, now: 99_000).refreshToken == token)
        #expect(try server.refresh(token, scopes: nil, now: 198_000).refreshToken == token)
        #expect(throws: OAuthFault.invalidGrant(.refreshTokenExpired)) {
            try server.refresh(token, scopes: nil, now: 298_000)
        }
    }

    @Test("Scopes only ever narrow")
    func scopesOnlyEverNarrow() throws {
        var server = server { $0.refresh = .rotates(graceSeconds: 0) }
        let first = try #require(try server.connect().refreshToken)
        #expect(throws: OAuthFault.invalidScope) { try server.refresh(first, scopes: ["a", "c"], now: 0) }
        let narrow = try server.refresh(first, scopes: ["a"], now: 0)
        #expect(narrow.scopes == ["a"])
        #expect(throws: OAuthFault.invalidScope) {
            try server.refresh(narrow.refreshToken ?? "", scopes: ["a", "b"], now: 0)
        }
    }

    @Test("A code used twice may end the grant", arguments: [true, false])
    func aCodeUsedTwiceMayEndTheGrant(_ revokes: Bool) throws {
        var server = server { $0.codeReuseRevokesGrant = revokes }
        let code = server.allow(
            account: 0, scopes: [], parameters: [:], redirectURI: nil, challenge: nil, now: 0
        ).code
        let tokens = try server.exchange(code: code, redirectURI: nil, verifier: nil, now: 0)
        #expect(throws: OAuthFault.invalidGrant(.codeUsed)) {
            try server.exchange(code: code, redirectURI: nil, verifier: nil, now: 0)
        }
        #expect(server.isLive(tokens.accessToken, at: 0) == !revokes)
    }

    @Test("A failed exchange does not use up the code")
    func aFailedExchangeDoesNotUseTheCodeUp() throws {
        var server = server()
        let code = server.allow(
            account: 0, scopes: [], parameters: [:], redirectURI: "r", challenge: nil, now: 0
        ).code
        #expect(throws: OAuthFault.invalidGrant(.redirectURIMismatch)) {
            try server.exchange(code: code, redirectURI: "other", verifier: nil, now: 0)
        }
        #expect(throws: Never.self) { try server.exchange(code: code, redirectURI: "r", verifier: nil, now: 0) }
    }

    @Test("Revoking an account ends its grants and no others")
    func revokingAnAccountEndsItsGrantsAndNoOthers() throws {
        var server = server { $0.accessTokenSeconds = 10 }
        let first = try server.connect(account: 1)
        let second = try server.connect(account: 1)
        let other = try server.connect(account: 2)
        let results = [server.revokeGrants(account: 1), server.revokeGrants(account: 1)]
        #expect(results == [true, false])
        #expect(!server.isLive(first.accessToken, at: 0) && !server.isLive(second.accessToken, at: 0))
        #expect(server.isLive(other.accessToken, at: 9999) && !server.isLive(other.accessToken, at: 10_000))
        let counts = server.counts(now: 0)
        #expect(counts.grants == 3 && counts.liveGrants == 1)
        #expect(counts.issuedAccessTokens == 3 && counts.liveAccessTokens == 1 && counts.revokedTokens == 4)
    }
}

@Suite("Quick books query", .timeLimit(.minutes(2)))
struct QuickBooksQueryTests {
    @Test("A statement is read whatever its spelling")
    func aStatementIsReadWhateverItsSpelling() throws {
        let query = try QuickBooksQuery(
            "select Id, DocNumber FROM Invoice where  Metadata.LastUpdatedTime>='2026-01-01T00:00:00-08:00' AND "
                + "DocNumber = 'O\\'Brien' and Active in (true,false) order by Id desc, TxnDate StartPosition 5 MaxResults 7"
        )
        #expect(query.entity == "Invoice")
        #expect(
            query.conditions == [
                .init(
                    property: "metadata.lastupdatedtime", comparison: .moreOrEqual,
                    values: ["2026-01-01T00:00:00-08:00"]),
                .init(property: "docnumber", comparison: .equal, values: ["O'Brien"]),
                .init(property: "active", comparison: .oneOf, values: ["true", "false"]),
            ])
        #expect(
            query.orders == [
                .init(property: "id", isDescending: true), .init(property: "txndate", isDescending: false),
            ])
        #expect(query.startPosition == 5 && query.maxResults == 7)
    }

    @Test(
        "What is no statement is refused",
        arguments: [
            "", "SELECT", "SELECT *", "SELECT * FROM", "SELECT * FROM Invoice WHERE", "SELECT * FROM Invoice WHERE Id",
            "SELECT * FROM Invoice WHERE Id = ", "SELECT * FROM Invoice WHERE Id IN ('1'",
            "SELECT * FROM Invoice ORDERBY",
            "SELECT * FROM Invoice STARTPOSITION", "SELECT * FROM Invoice MAXRESULTS ten",
            "SELECT * FROM Invoice; SELECT 1",
            "SELECT COUNT(*", "'", "\\",
        ])
    func whatIsNoStatementIsRefused(_ text: String) {
        #expect(throws: QuickBooksFault.self) { try QuickBooksQuery(text) }
    }
}

@Suite("Redirect URI", .timeLimit(.minutes(2)))
struct RedirectURITests {
    @Test(
        "Only absolute UR is without fragment are taken",
        arguments: [
            ("https://a.example/cb", true), ("http://127.0.0.1:8080/cb?x=1", true), ("myapp://cb", true),
            ("myapp:cb", true),
            ("", false), ("/cb", false), ("https:", false), ("https://a.example/#f", false), ("https://a b/", false),
            ("1a://x", false), ("ja vascript:x", false), ("https://a.example/\u{e9}", false),
            ("https://a.example/<", false),
            (":x", false),
        ])
    func onlyAbsoluteURIsWithoutFragmentAreTaken(_ text: String, _ isAbsolute: Bool) {
        #expect(RedirectURI.isAbsolute(text) == isAbsolute)
    }

    @Test("Parameters are added encoded")
    func parametersAreAddedEncoded() {
        #expect(RedirectURI.adding([("a", "b c&d"), ("e", "ü")], to: "x:y") == "x:y?a=b%20c%26d&e=%C3%BC")
        #expect(RedirectURI.adding([("a", "b")], to: "x:y?z=1") == "x:y?z=1&a=b")
    }
}
