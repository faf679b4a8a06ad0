// Faults: what a client sees, what has happened behind it, and that nothing else is struck.

import ProviderSDK
import ProviderSandbox
import Testing

private let path = "/stripe/api/v1/account"
private let platform = bearer("sk_sandbox_platform")

@Suite("Fault", .timeLimit(.minutes(2)))
struct FaultTests {
    @Test(
        "A fault strikes once and only where it is aimed",
        arguments: [
            (#""status":503"#, 503), (#""status":429"#, 429), (#""status":401"#, 401), (#""drop":true"#, 0),
            (#""drop-after-processing":true"#, 0), (#""redirect":"http://evil.example/""#, 302),
            (#""garbage":true"#, 200), (#""delay-ms":20"#, 200), (#""status":500,"delay-ms":5"#, 500),
            (#""drop":true,"delay-ms":5"#, 0),
        ])
    func aFaultStrikesOnceAndOnlyWhereItIsAimed(_ effect: String, _ status: Int) async throws {
        try await RunningSandbox.run { sandbox in
            try sandbox.control("faults", #"{"provider":"stripe","match":"/api/v1/acc",\#(effect)}"#)
            #expect(try sandbox.get("/stripe/api/v1/customers", [platform]).status == 200)
            #expect(try sandbox.get(path, [platform]).status == status)
            #expect(try sandbox.get(path, [platform]).status == 200)
        }
    }

    @Test("A truncated answer announces more than it sends")
    func aTruncatedAnswerAnnouncesMoreThanItSends() async throws {
        try await RunningSandbox.run { sandbox in
            try sandbox.control("faults", #"{"match":"api","truncate":true}"#)
            try sandbox.control("faults", #"{"match":"api","truncate":5}"#)
            let half = try sandbox.get(path, [platform])
            #expect(half.status == 200)
            #expect(!half.isComplete)
            #expect(half.body.count > 100)
            #expect(try sandbox.get(path, [platform]).body.count == 5)
            #expect(try sandbox.get(path, [platform]).isComplete)
        }
    }

    @Test("A huge body is as long as asked for")
    func aHugeBodyIsAsLongAsAskedFor() async throws {
        try await RunningSandbox.run { sandbox in
            try sandbox.control("faults", #"{"match":"api","huge-body":3000000}"#)
            let reply = try sandbox.get(path, [platform])
            #expect(reply.body.count == 3_000_000)
            #expect(reply.isComplete)
        }
    }

    @Test("A connection dropped after processing has used up the code, one dropped before has not")
    func droppingAfterProcessingHasUsedTheCodeUpAndDroppingBeforeHasNot() async throws {
        try await RunningSandbox.run { sandbox in
            for (effect, isUsed) in [("drop", false), ("drop-after-processing", true)] {
                let page = try sandbox.get(
                    "/stripe/oauth/authorize?client_id=ca_sandbox&response_type=code&redirect_uri=http%3A%2F%2Fa"
                        + "&decision=allow")
                let form = [("grant_type", "authorization_code"), ("code", page.callback["code"] ?? "")]
                try sandbox.control("faults", #"{"provider":"stripe","match":"token","\#(effect)":true}"#)
                #expect(try sandbox.post("/stripe/oauth/token", form: form, [platform]).status == 0)
                let again = try sandbox.post("/stripe/oauth/token", form: form, [platform])
                #expect(again.status == (isUsed ? 400 : 200))
            }
            let state = try sandbox.get("/_sandbox/state").json
            #expect(state.at("providers.stripe.tokenCalls.exchanges")?.integer == 3)
            #expect(state.at("providers.stripe.tokenCalls.refused")?.integer == 1)
            #expect(state.at("providers.stripe.tokens.issuedAccess")?.integer == 2)
            #expect(state["faultsStruck"]?.integer == 2)
        }
    }

    @Test("Skip and count choose the requests")
    func skipAndCountChooseTheRequests() async throws {
        try await RunningSandbox.run { sandbox in
            try sandbox.control("faults", #"{"match":"api","status":500,"skip":2,"count":2}"#)
            let statuses = try (0..<6).map { _ in try sandbox.get(path, [platform]).status }
            #expect(statuses == [200, 200, 500, 500, 200, 200])
        }
    }

    @Test("Faults carry their own headers and body where given")
    func faultsCarryTheirOwnHeadersAndBodyWhereGiven() async throws {
        try await RunningSandbox.run { sandbox in
            try sandbox.control(
                "faults", #"{"match":"api","status":429,"headers":{"Retry-After":"7"},"body":"slow down"}"#)
            let reply = try sandbox.get(path, [platform])
            #expect(reply.headers["retry-after"] == "7")
            #expect(reply.text == "slow down")
        }
    }

    @Test(
        "Faults that make no sense are refused",
        arguments: [
            #"{"match":"api"}"#, #"{"match":"api","status":200,"drop":true}"#, #"{"status":999}"#, #"{"stats":500}"#,
            #"{"provider":"nobody","status":500}"#, "[]", "{",
        ])
    func faultsThatMakeNoSenseAreRefused(_ command: String) async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try sandbox.post("/_sandbox/faults", json: command)
            #expect(reply.status == 400 || reply.status == 404)
            #expect(reply.json["error"]?.string != nil)
        }
    }

    @Test(
        "A match that cannot be met is refused",
        arguments: [
            ("/stripe/api/v1/customers", "stripe"), ("/v1/customers", "stripe"), ("/api/v1/custmers", "stripe"),
            ("tokn", "stripe"), ("api/v1", "stripe"), ("/api/v1/customers?limit=1", "stripe"),
            ("/api/v1/disputes", "stripe"),
            ("/api/v1/account/x/y/z", "stripe"), ("revoke", "kai"), ("token", "arc"), ("/api/v1/customers", "slack"),
        ])
    func aMatchThatCannotBeMetIsRefused(_ match: String, _ provider: String) async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try sandbox.post(
                "/_sandbox/faults", json: #"{"provider":"\#(provider)","match":"\#(match)","status":500}"#)
            #expect(reply.status == 400)
            #expect(reply.json["error"]?.string?.contains("can never be met") == true, "\(reply.text)")
            #expect(try sandbox.get("/_sandbox/state").json["faultsWaiting"]?.integer ?? 0 == 0)
        }
    }

    @Test(
        "A match that can be met is taken",
        arguments: [
            "/", "/api", "/api/v1/cust", "/api/v1/customers/", "/api/v1/customers/cus_1", "/oauth/token", "token",
            "revoke",
        ])
    func aMatchThatCanBeMetIsTaken(_ match: String) async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try sandbox.post(
                "/_sandbox/faults", json: #"{"provider":"stripe","match":"\#(match)","status":500}"#)
            #expect(reply.status == 201, "\(reply.text)")
        }
    }

    @Test("Tokens can be ended from outside")
    func tokensCanBeEndedFromOutside() async throws {
        try await RunningSandbox.run { sandbox in
            let page = try sandbox.get(
                "/stripe/oauth/authorize?client_id=ca_sandbox&response_type=code&redirect_uri=http%3A%2F%2Fa"
                    + "&decision=allow")
            let form = [("grant_type", "authorization_code"), ("code", page.callback["code"] ?? "")]
            let tokens = try sandbox.post("/stripe/oauth/token", form: form, [platform]).json
            let access = try #require(tokens["access_token"]?.string)
            try sandbox.control("tokens", #"{"provider":"stripe","action":"expire-access"}"#)
            #expect(try sandbox.get(path, [bearer(access)]).status == 401)
            try sandbox.control("tokens", #"{"provider":"stripe","action":"revoke"}"#)
            #expect(try sandbox.get(path, [bearer(access)]).status == 403)
        }
    }
}
