// Stripe's lists, events and objects over a socket: every object exactly once, every filter, every error.

import ProviderSDK
import ProviderSandbox
import Testing

private struct Connected {
    let sandbox: RunningSandbox
    let token: String

    init(_ sandbox: RunningSandbox) throws {
        self.sandbox = sandbox
        let page = try sandbox.get(
            "/stripe/oauth/authorize?client_id=ca_sandbox&response_type=code&redirect_uri=http%3A%2F%2Fa&decision=allow"
        )
        let reply = try sandbox.post(
            "/stripe/oauth/token",
            form: [("grant_type", "authorization_code"), ("code", page.callback["code"] ?? "")],
            [bearer("sk_sandbox_platform")])
        token = try #require(reply.json["access_token"]?.string)
    }

    func get(_ path: String) throws -> Reply { try sandbox.get("/stripe/api\(path)", [bearer(token)]) }

    /// All objects of a list, read as a client does.
    func all(_ path: String, limit: Int = 100, _ query: String = "") throws -> [JSONValue] {
        var objects: [JSONValue] = []
        while true {
            let after = objects.last?["id"]?.string.map { "&starting_after=\($0)" } ?? ""
            let reply = try get("\(path)?limit=\(limit)\(query)\(after)")
            try #require(reply.status == 200, "\(reply.text)")
            let page = try #require(reply.json["data"]?.array)
            #expect(page.count <= limit)
            objects += page
            if reply.json["has_more"]?.boolean != true { return objects }
            try #require(!page.isEmpty)
        }
    }
}

@Suite("Stripe data", .timeLimit(.minutes(2)))
struct StripeDataTests {
    @Test(
        "A walk reads every object exactly once newest first",
        arguments: [
            ("payments", "/v1/payment_intents", "", 100), ("payments", "/v1/payment_intents", "", 7),
            ("invoices", "/v1/invoices", "", 100), ("customers", "/v1/customers", "", 33),
            ("subscriptions", "/v1/subscriptions", "&status=all", 100), ("charges", "/v1/charges", "", 50),
            ("refunds", "/v1/refunds", "", 100),
        ])
    func aWalkReadsEveryObjectExactlyOnceNewestFirst(
        _ type: String, _ path: String, _ query: String, _ limit: Int
    ) async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["stripe/\(type)": 217] }) { sandbox in
            let objects = try Connected(sandbox).all(path, limit: limit, query)
            let totals = try sandbox.get("/_sandbox/data/stripe/\(type)?ids=true").json
            #expect(objects.count == 217)
            #expect(totals["count"]?.integer == 217)
            let ids = objects.compactMap { $0["id"]?.string }
            #expect(Set(ids).count == 217)
            #expect(Set(ids) == Set(totals["ids"]?.array?.compactMap(\.string) ?? []))
            let times = objects.compactMap { $0["created"]?.integer }
            #expect(times == times.sorted(by: >))
        }
    }

    @Test("Payments sum up to the totals in every currency")
    func paymentsSumUpToTheTotalsInEveryCurrency() async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["stripe/payments": 400] }) { sandbox in
            let objects = try Connected(sandbox).all("/v1/payment_intents")
            let totals = try #require(try sandbox.get("/_sandbox/data/stripe/payments").json["amounts"]?.members)
            #expect(totals.map(\.key) == ["EUR", "GBP", "ISK", "JPY", "KRW", "KWD", "USD", "UGX"].sorted())
            for (currency, total) in totals {
                let minor = objects.filter { $0["currency"]?.string == currency.lowercased() }
                    .reduce(Int64(0)) { $0 + ($1["amount"]?.integer ?? 0) }
                let places = ["JPY": 0, "KRW": 0, "KWD": 3][currency] ?? 2
                let sum = try #require(ExactDecimal(coefficient: Int128(minor), places: places))
                #expect(total.number?.decimal?.isSameAmount(as: sum) == true)
            }
            #expect(Set(objects.compactMap { $0["status"]?.string }).count == 7)
        }
    }

    @Test(
        "Bad parameters are named in the error",
        arguments: [
            ("/v1/payment_intents?limit=0", "limit"), ("/v1/payment_intents?limit=101", "limit"),
            ("/v1/payment_intents?limit=ten", "limit"), ("/v1/payment_intents?limit=%2B5", "limit"),
            ("/v1/payment_intents?starting_after=pi_none", "starting_after"),
            ("/v1/payment_intents?colour=red", "colour"), ("/v1/payment_intents?status=succeeded", "status"),
            ("/v1/invoices?status=strange", "status"), ("/v1/events?created%5Bgte%5D=yesterday", "created"),
            ("/v1/payment_intents?expand%5B%5D=data.nothing", "expand"),
        ])
    func badParametersAreNamedInTheError(_ path: String, _ parameter: String) async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try Connected(sandbox).get(path)
            #expect(reply.status == 400)
            #expect(reply.json.at("error.type")?.string == "invalid_request_error")
            #expect(reply.json.at("error.param")?.string == parameter)
        }
    }

    @Test("Unknown objects and paths are not found")
    func unknownObjectsAndPathsAreNotFound() async throws {
        try await RunningSandbox.run { sandbox in
            let connected = try Connected(sandbox)
            #expect(try connected.get("/v1/customers/cus_none").status == 404)
            #expect(try connected.get("/v1/unicorns").json.at("error.type")?.string == "invalid_request_error")
        }
    }

    @Test("A list has ten objects by default and canceled subscriptions only when asked")
    func aListHasTenObjectsByDefaultAndCanceledSubscriptionsOnlyWhenAsked() async throws {
        try await RunningSandbox.run { sandbox in
            let connected = try Connected(sandbox)
            #expect(try connected.get("/v1/payment_intents").json["data"]?.count == 10)
            let living = try connected.all("/v1/subscriptions")
            let all = try connected.all("/v1/subscriptions", "&status=all")
            #expect(all.count == 400)
            #expect(living.count == all.filter { $0["status"]?.string != "canceled" }.count)
            #expect(living.count < all.count)
        }
    }

    @Test("Created filters cut exactly")
    func createdFiltersCutExactly() async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["stripe/customers": 90] }) { sandbox in
            let connected = try Connected(sandbox)
            let all = try connected.all("/v1/customers")
            let middle = try #require(all[45]["created"]?.integer)
            let since = try connected.all("/v1/customers", "&created%5Bgte%5D=\(middle)")
            let after = try connected.all("/v1/customers", "&created%5Bgt%5D=\(middle)")
            let before = try connected.all("/v1/customers", "&created%5Blt%5D=\(middle)")
            #expect(since.count == all.filter { ($0["created"]?.integer ?? 0) >= middle }.count)
            #expect(after.count == all.filter { ($0["created"]?.integer ?? 0) > middle }.count)
            #expect(since.count + before.count == 90)
        }
    }

    @Test("References are ids until they are expanded")
    func referencesAreIdsUntilTheyAreExpanded() async throws {
        try await RunningSandbox.run { sandbox in
            let connected = try Connected(sandbox)
            let plain = try #require(try connected.get("/v1/payment_intents?limit=100").json["data"]?.array)
            let expanded = try #require(
                try connected.get(
                    "/v1/payment_intents?limit=100&expand%5B%5D=data.customer&expand%5B%5D=data.latest_charge"
                ).json["data"]?.array)
            #expect(plain.contains { $0["customer"]?.isNull == true })
            for (before, after) in zip(plain, expanded) {
                #expect(before["customer"]?.string == after.at("customer.id")?.string)
                #expect(before["latest_charge"]?.string == after.at("latest_charge.id")?.string)
            }
        }
    }

    @Test("Changes show up as events with the object as it was")
    func changesShowUpAsEventsWithTheObjectAsItWas() async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["stripe/customers": 40] }) { sandbox in
            let connected = try Connected(sandbox)
            let before = try connected.all("/v1/events")
            let oldest = RunningSandbox.now - 30 * 86_400
            #expect(before.allSatisfy { ($0["created"]?.integer ?? 0) >= oldest })
            try sandbox.control("clock", #"{"advanceSeconds":60}"#)
            let made = try sandbox.control(
                "data", #"{"provider":"stripe","type":"customers","action":"create","count":3}"#)
            let ids = made["ids"]?.array?.compactMap(\.string) ?? []
            try #require(ids.count == 3)
            try sandbox.control(
                "data", #"{"provider":"stripe","type":"customers","action":"delete","id":"\#(ids[1])"}"#)
            try sandbox.control(
                "data",
                #"{"provider":"stripe","type":"payments","action":"update","count":2,"set":{"status":"canceled"}}"#)
            let events = try connected.all("/v1/events", limit: 2, "&created%5Bgte%5D=\(RunningSandbox.now + 60)")
            #expect(
                events.reversed().compactMap { $0["type"]?.string } == [
                    "customer.created", "customer.created", "customer.created", "customer.deleted",
                    "payment_intent.canceled", "payment_intent.canceled",
                ])
            let customers = try connected.all("/v1/events", "&type=customer.*&created%5Bgt%5D=\(RunningSandbox.now)")
            #expect(customers.count == 4)
            #expect(customers.last?.at("data.object.id")?.string == ids[0])
            #expect(try connected.all("/v1/events").count == before.count + 6)
            let gone = try connected.get("/v1/customers/\(ids[1])")
            #expect(gone.json["deleted"]?.boolean == true)
            #expect(try connected.all("/v1/customers").count == 42)
            #expect(try sandbox.get("/_sandbox/data/stripe/customers").json["count"]?.integer == 42)
        }
    }

    @Test("The same seed makes the same objects")
    func theSameSeedMakesTheSameObjects() async throws {
        var bodies: [String] = []
        for seed: UInt64 in [7, 7, 8] {
            try await RunningSandbox.run({ $0.seed = seed }) { sandbox in
                bodies.append(try Connected(sandbox).get("/v1/invoices?limit=50").text)
            }
        }
        #expect(bodies[0] == bodies[1])
        #expect(bodies[0] != bodies[2])
    }

    @Test("Beyond the rate limit is 429 until the window ends")
    func beyondTheRateLimitIs429UntilTheWindowEnds() async throws {
        try await RunningSandbox.run({ $0.enforcesRateLimits = true }) { sandbox in
            let connected = try Connected(sandbox)
            for _ in 0..<25 { #expect(try connected.get("/v1/account").status == 200) }
            let refused = try connected.get("/v1/account")
            #expect(refused.status == 429)
            #expect(refused.json.at("error.code")?.string == "rate_limit")
            try sandbox.control("clock", #"{"advanceSeconds":1}"#)
            #expect(try connected.get("/v1/account").status == 200)
        }
    }
}
