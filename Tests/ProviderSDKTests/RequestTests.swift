// Requests as hosts send them: how placeholders are filled, and which URLs a link may lead to.

import ProviderSDK
import ProviderSDKTesting
import Testing

@Suite("Requests", .timeLimit(.minutes(2)))
struct RequestTests {
    static let values = ["accountId": "a/b c", "setting.guildId": "7", "callback.realmId": "9", "variant": "flo"]

    @Test(
        "Placeholders are percent-encoded in paths",
        arguments: [
            ("/x/{accountId}/y", "/x/a%2Fb%20c/y"), ("/{setting.guildId}{variant}", "/7flo"), ("/x", "/x"),
            ("/{}/{ }/{accountId", "/{}/{ }/{accountId"), ("/{{variant}}", "/{flo}"),
            ("https://api.example.com/{variant}", "https://api.example.com/{variant}"),
        ])
    func fillsPaths(path: String, expected: String) throws {
        #expect(try ProviderRequest.get(path).filled { Self.values[$0] }.path == expected)
    }

    @Test("Query, header fields and forms are filled without encoding; JSON bodies are not filled")
    func fillsTheRest() throws {
        var request = ProviderRequest.post("/x", .form([NamedValue("realm", "{callback.realmId}")]))
        request.query = [NamedValue("profile_id", "{accountId}")]
        request.headers = [NamedValue("User-Agent", "app ({variant})")]
        let filled = try request.filled { Self.values[$0] }
        #expect(filled.query == [NamedValue("profile_id", "a/b c")])
        #expect(filled.headers == [NamedValue("User-Agent", "app (flo)")])
        guard case .form(let fields) = filled.body else { return #expect(Bool(false), "no form") as Void }
        #expect(fields == [NamedValue("realm", "9")])
        #expect(request.placeholders == ["accountId", "variant", "callback.realmId"])
        let json = ProviderRequest.post("/x", .json(["a": "{variant}"]))
        guard case .json(let value) = try json.filled({ Self.values[$0] }).body else {
            return #expect(Bool(false), "no JSON") as Void
        }
        #expect(value == ["a": "{variant}"])
    }

    @Test("A value that looks like a placeholder is not filled again")
    func fillsOnce() throws {
        var request = ProviderRequest.get("/x", [NamedValue("q", "{accountId}")])
        request.path = "/{accountId}"
        let filled = try request.filled { ["accountId": "{setting.a}", "setting.a": "secret"][$0] }
        #expect(filled.query == [NamedValue("q", "{setting.a}")])
        #expect(filled.path == "/%7Bsetting.a%7D")
    }

    @Test(
        "A missing setting is misconfigured; any other bad placeholder is a permanent error",
        arguments: [
            ("/{setting.missing}", ProviderError.Kind.misconfigured), ("/{accountId}", .permanent),
            ("/a/{up}/b", .permanent), ("/a/{here}", .permanent), ("/{empty}", .permanent),
        ])
    func refusesMissingValues(path: String, kind: ProviderError.Kind) {
        let values = ["up": "..", "here": ".", "empty": ""]
        let error = #expect(throws: ProviderError.self) { try ProviderRequest.get(path).filled { values[$0] } }
        #expect(error?.kind == kind)
    }

    @Test("A line break in a header field is refused")
    func refusesControlCharacters() {
        var request = ProviderRequest.get("/x")
        request.headers = [NamedValue("User-Agent", "{v}")]
        #expect(throws: ProviderError.self) { try request.filled { _ in "a\r\nHost: b" } }
    }

    @Test("The settings that a request needs are its placeholders and its credential")
    func namesSettings() {
        var request = ProviderRequest.get("/{setting.guildId}", [NamedValue("a", "{accountId}")])
        request.authorization = .setting("botToken", scheme: "Bot")
        #expect(request.neededSettings == ["guildId", "botToken"])
    }

    @Test("A context knows its account and its non-secret settings")
    func knowsValues() {
        var account = ProviderContext.Account()
        account.id = "1"
        account.name = "ada"
        account.variant = "flo"
        account.callback = ["realmId": "9"]
        let http = ScriptedHTTP(ProviderManifest(id: "x", name: "X"), now: .epoch) { _ in .json("") }
        let context = ProviderContext(http: http, account: account, settings: ["guildId": "7"], now: .epoch)
        let names = ["accountId", "accountName", "variant", "callback.realmId", "setting.guildId"]
        #expect(names.map(context.value(of:)) == ["1", "ada", "flo", "9", "7"])
        #expect(context.value(of: "setting.other") == nil)
        #expect(context.value(of: "parameter.x") == nil)
    }

    @Test(
        "A path is appended to its endpoint, and a link must have the endpoint's origin",
        arguments: [
            ("/x", "https://api.example.com", "https://api.example.com/x"),
            ("/x", "https://api.example.com/v10/", "https://api.example.com/v10/x"),
            ("//evil.example/x", "https://api.example.com", "https://api.example.com//evil.example/x"),
            ("https://api.example.com/y?a=1", "https://api.example.com/v10", "https://api.example.com/y?a=1"),
            ("HTTPS://API.example.com:443/y", "https://api.example.com", "HTTPS://API.example.com:443/y"),
            ("http://127.0.0.1:90/y", "http://127.0.0.1:90", "http://127.0.0.1:90/y"),
            ("http://[::1]:90/y", "http://[::1]:90", "http://[::1]:90/y"),
            ("https://evil.example/y", "https://api.example.com", nil),
            ("http://api.example.com/y", "https://api.example.com", nil),
            ("https://api.example.com:444/y", "https://api.example.com", nil),
            ("https://api.example.com.evil.example/y", "https://api.example.com", nil),
            ("https://api.example.com@evil.example/y", "https://api.example.com", nil),
            ("https://evil.example\\@api.example.com/y", "https://api.example.com", nil),
            ("https://api.example.com\\.evil.example/y", "https://api.example.com", nil),
            ("https://api.example.com/a b", "https://api.example.com", nil),
            ("https://api.example.com/\r\nx", "https://api.example.com", nil),
            ("https://api.exämple.com/", "https://api.example.com", nil),
            ("https://api%2eexample.com/", "https://api.example.com", nil),
            ("https:///y", "https://api.example.com", nil),
            ("https://api.example.com:/y", "https://api.example.com", nil),
            ("https://api.example.com:+443/y", "https://api.example.com", nil),
            ("https://api.example.com:65979/y", "https://api.example.com", nil),
            (".evil.example/y", "https://api.example.com", nil), ("@evil.example/y", "https://api.example.com", nil),
            ("", "https://api.example.com", nil), ("javascript:alert(1)", "https://api.example.com", nil),
            ("ftp://api.example.com/", "ftp://api.example.com", nil), ("http://[::1/", "http://[::1", nil),
        ] as [(String, String, String?)])
    func staysAtTheOrigin(path: String, endpoint: String, expected: String?) {
        let request = ProviderRequest(.get, path)
        #expect((try? request.url(behind: endpoint)) == expected)
    }

    @Test("A URL that is too long has no origin")
    func boundsURLs() {
        let long = "https://a.example/" + String(repeating: "x", count: WebOrigin.urlBytesMax)
        #expect(WebOrigin(of: long) == nil)
        #expect(WebOrigin(of: "https://a.example/") == WebOrigin(of: "https://A.example:443?q#f"))
    }
}
