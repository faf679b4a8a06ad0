// Grants and accounts in manifests: valid account ids, the reach of a revocation, and the expiry of an unused grant.

import ProviderSDK
import Testing

@Suite("Grants and accounts", .timeLimit(.minutes(2)))
struct GrantTests {
    @Test(
        "An account id is visible ASCII of a bounded length",
        arguments: [
            ("player-1", true), ("a&b=/../{variant}", true), ("~!", true), ("", false), ("a b", false), ("a\n", false),
            ("\u{0}", false), ("a\u{7F}", false), ("spielerin-ä", false), ("\u{202E}txt", false),
            (String(repeating: "x", count: 256), true), (String(repeating: "x", count: 257), false),
        ])
    func refusesAccountIDs(id: String, isAccepted: Bool) {
        #expect((AccountIDAuth().refusal(of: id) == nil) == isAccepted)
    }

    @Test(
        "A provider can restrict the characters of account ids",
        arguments: [
            ("Player-1", "-", true), ("Player-1", "", false), ("a_b.c", "._", true), ("a b", "._", false),
            ("aé", "é", false), ("0", "", true), ("@", "", false), ("[", "", false), ("{", "", false),
        ])
    func refusesOtherBytes(id: String, others: String, isAccepted: Bool) {
        var auth = AccountIDAuth()
        auth.allowed = .lettersAndDigits(and: others)
        #expect((auth.refusal(of: id) == nil) == isAccepted)
    }

    @Test(
        "A provider can take any text as an account id",
        arguments: [
            ("spielerin ä", true), ("a b/../?&=#%{x}", true), ("名前", true), ("👩‍🚀", true), (" a ", true), ("", false),
            ("a\n", false), ("\u{0}", false), ("\u{202E}txt", false), ("a\u{2028}b", false),
            (String(repeating: "é", count: 128), true), (String(repeating: "é", count: 129), false),
        ])
    func takesText(id: String, isAccepted: Bool) {
        var auth = AccountIDAuth()
        auth.allowed = .text
        #expect((auth.refusal(of: id) == nil) == isAccepted)
    }

    @Test("A refused account id is reported with the rule it breaks")
    func namesTheRule() {
        var auth = AccountIDAuth()
        auth.bytesMax = 4
        #expect(auth.refusal(of: "") == "must not be empty")
        #expect(auth.refusal(of: "12345") == "must not be longer than 4 bytes")
        #expect(auth.refusal(of: "a\u{1}") == "must consist of visible ASCII characters")
        auth.allowed = .lettersAndDigits(and: "-")
        #expect(auth.refusal(of: "a_") == "must consist of letters, digits and “-”")
    }

    @Test("An unused grant expires with its refresh token, or with an access token that renews itself")
    func diesOfDisuse() {
        var oauth = OAuth2()
        #expect(oauth.diesWhenUnusedFor == nil && oauth.rotationGrace == nil)
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(10), refreshTokenIdle: .seconds(20))
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .seconds(5)))
        #expect(oauth.diesWhenUnusedFor == .seconds(20))
        #expect(oauth.rotationGrace == .seconds(5))
        oauth.refresh = .accessToken(AccessTokenRefresh(endpoint: "api", path: "/refresh", grantType: "renew"))
        #expect(oauth.diesWhenUnusedFor == .seconds(10) && oauth.rotationGrace == nil)
        oauth.refresh = .none
        #expect(oauth.diesWhenUnusedFor == nil)
    }

    @Test("A revocation ends only the grant of its token by default")
    func reachesAsFarAsItsToken() { #expect(Revocation().reach == .token) }
}
