// Error classification: rules on headers, pauses, token endpoints, and the meaning of a failed identity request.

import ProviderSDK
import ProviderSDKTesting
import Testing

@Suite("Error classification", .timeLimit(.minutes(2)))
struct ErrorTests {
    static let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    @Test("A pause comes from the header, then the body, then the rule, then the provider's default")
    func findsPauses() {
        var errors = ErrorClassification([
            ErrorRule(
                429, header: HeaderCondition("X-Problem", isOneOf: ["day"]), is: .rateLimited(after: .seconds(3600)))
        ])
        errors.retryAfter = ["retry_after"]
        errors.defaultRetryAfter = .seconds(60)
        func kind(_ headers: [NamedValue], _ body: String = "") -> ProviderError.Kind? {
            errors.error(for: .json(body, status: 429, headers: headers), now: Self.now)?.kind
        }
        #expect(kind([]) == .rateLimited(after: .seconds(60)))
        #expect(kind([NamedValue("x-problem", "Day")]) == .rateLimited(after: .seconds(3600)))
        #expect(kind([NamedValue("x-problem", "minute")]) == .rateLimited(after: .seconds(60)))
        #expect(
            kind([NamedValue("x-problem", "day"), NamedValue("retry-after", "7")]) == .rateLimited(after: .seconds(7)))
        #expect(kind([], #"{"retry_after":2.5}"#) == .rateLimited(after: .milliseconds(2500)))
    }

    @Test("A header condition without values requires only that the field is present")
    func findsHeaders() {
        let response = ProviderResponse(status: 200, headers: [NamedValue("X-A", "")])
        #expect(HeaderCondition("x-a").isMet(by: response))
        #expect(!HeaderCondition("x-b").isMet(by: response))
        #expect(!HeaderCondition("x-a", isOneOf: ["1"]).isMet(by: response))
    }

    @Test(
        "A token endpoint ends a grant only with invalid_grant, at any status",
        arguments: [
            (400, #"{"error":"invalid_grant"}"#, ProviderError.Kind.authRevoked),
            (401, #"{"error":"invalid_grant"}"#, .authRevoked), (200, #"{"error":"invalid_grant"}"#, .authRevoked),
            (401, #"{"error":"invalid_client"}"#, .misconfigured), (400, #"{"error":"invalid_scope"}"#, .misconfigured),
            (400, #"{"error":"invalid_request"}"#, .permanent), (400, "<html>", .permanent), (403, "", .permanent),
            (401, "", .misconfigured), (400, #"{"error":"temporarily_unavailable"}"#, .transient),
            (500, #"{"error":"invalid_grant"}"#, .transient), (502, "", .transient),
            (200, #"{"error":"something"}"#, .permanent), (200, #"{"access_token":"t"}"#, nil),
            (429, "", .rateLimited(after: .seconds(1))),
            (429, #"{"error":"invalid_grant"}"#, .rateLimited(after: .seconds(1))),
            (408, #"{"error":"invalid_grant"}"#, .transient), (425, #"{"error":"invalid_grant"}"#, .transient),
        ] as [(Int, String, ProviderError.Kind?)])
    func classifiesTokenAnswers(status: Int, body: String, kind: ProviderError.Kind?) {
        let error = OAuth2().tokenErrors.error(for: .json(body, status: status), now: Self.now)
        #expect(error?.kind == kind)
    }

    @Test("A rate limit or timeout answer never ends a grant, even if a rule matches")
    func momentsEndNothing() {
        let rules = ErrorClassification([
            ErrorRule(200...499, where: .equals("error", "token_revoked"), is: .authRevoked),
            ErrorRule(200...499, where: .equals("error", "token_expired"), is: .authExpired),
        ])
        for code in ["token_revoked", "token_expired"] {
            for (status, kind) in [(429, ProviderError.Kind.rateLimited(after: .seconds(1))), (408, .transient)] {
                let answer = ProviderResponse.json("{\"error\":\"\(code)\"}", status: status)
                #expect(rules.error(for: answer, now: Self.now)?.kind == kind)
            }
        }
    }

    @Test("Any status may name a pause, and without a rule a 4xx with one is a limit")
    func findsPausesOnAnyStatus() {
        let pause = [NamedValue("Retry-After", "7")]
        for (status, kind) in [
            (503, ProviderError.Kind.transient), (500, .transient), (403, .rateLimited(after: .seconds(7))),
            (409, .rateLimited(after: .seconds(7))), (429, .rateLimited(after: .seconds(7))), (401, .authExpired),
            (404, .permanent), (302, .permanent),
        ] {
            let error = ErrorClassification().error(for: .json("{}", status: status, headers: pause), now: Self.now)
            #expect(error?.kind == kind, "\(status)")
            #expect(error?.retryAfter == .seconds(7), "\(status)")
        }
        let plain = ErrorClassification().error(for: .json("{}", status: 503), now: Self.now)
        #expect(plain?.retryAfter == nil)
    }

    static let xml = #"""
        <?xml version="1.0" encoding="UTF-8"?><!-- x --><a:Reply xmlns:a="urn:x" time="t"><Fault type="SERVICE"><Error code="3001">
        <Message>one &amp; &#x41;</Message><Detail><![CDATA[a<b]]></Detail></Error></Fault><Row>1</Row><Row>2</Row></a:Reply>
        """#

    @Test("An error in XML is read by the names of its elements and attributes")
    func readsXML() {
        let errors = ErrorClassification([
            ErrorRule(403, where: .equals("Fault.Error.code", "3001"), is: .rateLimited(after: nil)),
            ErrorRule(404, where: .equals("Row.1", "2"), is: .misconfigured),
        ]) {
            $0.code = ["Fault.Error.code"]
            $0.message = ["Fault.Error.Message"]
        }
        let error = errors.error(for: .json(Self.xml, status: 403), now: Self.now)
        #expect(error?.kind == .rateLimited(after: .seconds(1)))
        #expect(error?.code == "3001")
        #expect(error?.message == "one & A")
        #expect(errors.error(for: .json(Self.xml, status: 404), now: Self.now)?.kind == .misconfigured)
        for broken in ["<a>", "<a></b>", "<a b></a>", "<!DOCTYPE a><a/>", "<a>&x;</a>", "<a", "<", "< a/>"] {
            #expect(errors.error(for: .json(broken, status: 403), now: Self.now)?.code == nil, "\(broken)")
        }
    }

    @Test("An error in a form is read like one in JSON")
    func readsForms() {
        let answer = ProviderResponse.json("error=invalid_grant&error_description=Token+is%20dead", status: 400)
        let error = ErrorClassification.tokenEndpoint.error(for: answer, now: Self.now)
        #expect(error?.kind == .authRevoked)
        #expect(error?.message == "Token is dead")
    }

    @Test(
        "A firewall's refusal is no word of the API, whatever the rules say",
        arguments: [
            "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>", " <html>whoa there, pardner!</html>",
            "You've been blocked by network security.", "error code: 1010",
            #"{"cloudflare_error":true,"status":403,"title":"Error 1010: Access denied"}"#,
        ])
    func recognisesFirewalls(body: String) {
        let errors = ErrorClassification([ErrorRule(403, is: .authRevoked), ErrorRule(401, is: .authRevoked)])
        let error = errors.error(for: .json(body, status: 403), now: Self.now)
        #expect(error?.kind == .transient)
        #expect(error?.code == "blocked_by_firewall")
        #expect(errors.error(for: .json(#"{"message":"no"}"#, status: 403), now: Self.now)?.kind == .authRevoked)
    }

    @Test("A page for people never says that a grant is dead")
    func pagesEndNothing() {
        let errors = ErrorClassification([ErrorRule(400, is: .authRevoked)])
        #expect(errors.error(for: .json("<html>bad</html>", status: 400), now: Self.now)?.kind == .transient)
        #expect(errors.error(for: .json("", status: 400), now: Self.now)?.kind == .authRevoked)
        let page = errors.error(for: .json("<html>sign in</html>", status: 401), now: Self.now)
        #expect(page?.kind == .authExpired)
        #expect(page?.code == ErrorClassification.pageCode)
    }

    struct Named: Provider {
        let manifest = ProviderManifest(id: "x", name: "X") { manifest in
            manifest.identity = IdentitySource(id: ["token.id"], name: ["response.name"], request: .get("/me"))
            manifest.identity?.requestTellsNameOnly = true
        }
    }

    @Test(
        "A failed request for the name keeps the grant, unless the failure concerns the grant",
        arguments: [(503, "1"), (404, "1"), (200, "Ada"), (401, nil), (403, nil)] as [(Int, String?)])
    func toleratesMissingNames(status: Int, name: String?) async {
        let provider = Named()
        let http = ScriptedHTTP(provider.manifest, now: Self.now) { _ in .json(#"{"name":"Ada"}"#, status: status) }
        let grant = TokenGrant(response: ["id": "1"], claims: [:], callback: [:])
        let identity = try? await provider.identity(of: grant, in: .testing(http, now: Self.now))
        #expect(identity?.name == name)
    }

    @Test("By default, disconnecting revokes the grant at the provider")
    func revokesByDefault() async throws {
        let provider = Named()
        let http = ScriptedHTTP(provider.manifest, now: Self.now) { _ in .json("{}") }
        #expect(try await provider.detach(in: .testing(http, now: Self.now)) == .revokesGrant)
        #expect(http.requests.isEmpty)
    }

    @Test("A 304 answer is an empty last page")
    func readsNotModified() async throws {
        var list = ListRequest(.get("/x"), items: "data", paging: .none)
        list.since = MomentParameter(in: .header, name: "If-Modified-Since", format: .iso8601WithoutZone)
        let http = ScriptedHTTP(Named().manifest, now: Self.now) { _ in ProviderResponse(status: 304) }
        let page = try await list.page(at: nil, since: Self.now, in: .testing(http, now: Self.now))
        #expect(page.records.isEmpty && page.next == nil)
        #expect(http.requests[0].headers == [NamedValue("If-Modified-Since", "2024-06-01T00:00:00")])
    }
}
