// Xero over a socket: organisations of a grant, half an hour of grace, pages, dates, conditions, limits.

import ProviderSDK
import ProviderSandbox
import Testing

private let scope =
    "offline_access accounting.invoices.read accounting.banktransactions.read accounting.contacts.read accounting.settings.read"

private struct Organisation {
    let client: OAuthClient
    let token: String
    let tenant: String

    init(_ sandbox: RunningSandbox, scope: String = scope) throws {
        client = try OAuthClient(sandbox, "xero")
        token = try #require(try client.exchange(try client.allow(scope: scope)["code"]).accessToken)
        let event = try #require(try Organisation.claims(token)["authentication_event_id"]?.string)
        let rows = try sandbox.get("\(client.api)/connections", [bearer(token)]).json.array ?? []
        #expect(rows.count == 2)
        tenant = try #require(rows.first { $0["authEventId"]?.string == event }?["tenantId"]?.string)
    }

    static func claims(_ token: String) throws -> JSONValue {
        let parts = token.split(separator: ".")
        try #require(parts.count == 3)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var bytes: [UInt8] = []
        var word = 0
        var bits = 0
        for byte in parts[1].utf8 {
            word = word << 6 | (alphabet.firstIndex(of: byte) ?? 0)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> bits))
            }
        }
        return try JSONValue.parse(bytes)
    }

    func get(_ path: String, _ headers: [(String, String)] = []) throws -> Reply {
        try client.sandbox.get(
            "\(client.api)/api.xro/2.0\(path)",
            [bearer(token), ("xero-tenant-id", tenant), ("Accept", "application/json")] + headers)
    }
}

@Suite("Xero", .timeLimit(.minutes(2)))
struct XeroTests {
    @Test("A lost refresh can be repeated for half an hour")
    func aLostRefreshCanBeRepeatedForHalfAnHour() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "xero")
            let first = try client.exchange(try client.allow(scope: scope)["code"])
            #expect(first.json["expires_in"]?.integer == 1800)
            try sandbox.control("faults", #"{"provider":"xero","match":"token","drop-after-processing":true}"#)
            #expect(try client.refresh(first.refreshToken).status == 0)
            try sandbox.control("clock", #"{"advanceSeconds":1700}"#)
            let second = try client.refresh(first.refreshToken)
            #expect(second.status == 200)
            try sandbox.control("clock", #"{"advanceSeconds":200}"#)
            let dead = try client.refresh(first.refreshToken)
            #expect(dead.status == 400)
            #expect(dead.json["error"]?.string == "invalid_grant")
        }
    }

    @Test("Without offline access there is no refresh token")
    func withoutOfflineAccessThereIsNoRefreshToken() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "xero")
            let tokens = try client.exchange(try client.allow(scope: "accounting.contacts")["code"])
            #expect(tokens.status == 200)
            #expect(tokens.refreshToken == nil)
            #expect(try client.token([("client_id", client.id), ("client_secret", client.secret)], []).status == 400)
        }
    }

    @Test("A PKCE challenge must be answered")
    func aChallengeHasToBeMet() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "xero")
            // RFC 7636 appendix B.
            let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
            let challenge = [
                ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256"),
            ]
            for (sent, status) in [
                ([], 400), ([("code_verifier", "wrong")], 400), ([("code_verifier", verifier)], 200),
            ]
                as [([(String, String)], Int)]
            {
                let code = try client.allow(scope: scope, challenge)["code"]
                #expect(try client.exchange(code, sent).status == status)
            }
        }
    }

    @Test(
        "A walk reads every object exactly once",
        arguments: [
            ("invoices", "Invoices", "InvoiceID", ""), ("contacts", "Contacts", "ContactID", "&includeArchived=true"),
            ("bank_transactions", "BankTransactions", "BankTransactionID", "&order=UpdatedDateUTC%20ASC"),
        ])
    func aWalkReadsEveryObjectExactlyOnce(_ type: String, _ resource: String, _ id: String, _ query: String)
        async throws
    {
        try await RunningSandbox.run({ $0.objectCounts = ["xero/\(type)": 123] }) { sandbox in
            let organisation = try Organisation(sandbox)
            var ids: [String] = []
            var page = 1
            while true {
                let reply = try organisation.get("/\(resource)?page=\(page)&pageSize=25\(query)")
                try #require(reply.status == 200, "\(reply.text)")
                ids += (reply.json[resource]?.array ?? []).compactMap { $0[id]?.string }
                #expect(reply.json.at("pagination.itemCount")?.integer == 123)
                #expect(reply.headers["x-minlimit-remaining"] != nil)
                if page >= reply.json.at("pagination.pageCount")?.integer ?? 0 { break }
                page += 1
            }
            let totals = try sandbox.get("/_sandbox/data/xero/\(type)?ids=true").json
            #expect(ids.count == 123)
            #expect(Set(ids) == Set(totals["ids"]?.array?.compactMap(\.string) ?? []))
            #expect(try organisation.get("/\(resource)?page=9&pageSize=25").json[resource]?.count == 0)
        }
    }

    @Test("Spent money is a filter and sums up")
    func spentMoneyIsAFilterAndSumsUp() async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try Organisation(sandbox).get(
                "/BankTransactions?page=1&pageSize=1000&where="
                    + Percent.encoded("Type==\"SPEND\" AND Status!=\"VOIDED\""))
            let rows = try #require(reply.json["BankTransactions"]?.array)
            #expect(rows.allSatisfy { $0["Type"]?.string == "SPEND" && $0["Status"]?.string != "VOIDED" })
            let totals = try sandbox.get("/_sandbox/data/xero/bank_transactions").json
            let voided = totals.at("kinds.SPEND.statuses.VOIDED")?.integer ?? 0
            #expect(totals.at("kinds.SPEND.count")?.integer == Int64(rows.count) + voided)
        }
    }

    @Test("Without a page invoices come all and without lines")
    func withoutAPageInvoicesComeAllAndWithoutLines() async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["xero/invoices": 40] }) { sandbox in
            let organisation = try Organisation(sandbox)
            let all = try organisation.get("/Invoices")
            #expect(all.json["Invoices"]?.count == 40)
            #expect(all.json["pagination"] == nil)
            #expect(all.json.at("Invoices.0.LineItems")?.count == 0)
            let paged = try organisation.get("/Invoices?page=1")
            #expect(paged.json.at("Invoices.0.LineItems")?.count == 1)
            let date = try #require(paged.json.at("Invoices.0.Date")?.string)
            let moment = try #require(Timestamp(dotNetDate: date))
            #expect(paged.json.at("Invoices.0.DateString")?.string == String(moment.description.dropLast()))
        }
    }

    @Test("Only what was modified since comes")
    func onlyWhatWasModifiedSinceComes() async throws {
        try await RunningSandbox.run { sandbox in
            let organisation = try Organisation(sandbox)
            try sandbox.control("clock", #"{"advanceSeconds":60}"#)
            try sandbox.control("data", #"{"provider":"xero","type":"invoices","action":"update","count":4}"#)
            try sandbox.control("data", #"{"provider":"xero","type":"invoices","action":"create","count":2}"#)
            let reply = try organisation.get("/Invoices?page=1", [("If-Modified-Since", "2026-03-01T00:00:30")])
            #expect(reply.json["Invoices"]?.count == 6)
            let none = try organisation.get("/Invoices?page=1", [("If-Modified-Since", "2026-03-01T00:01:30")])
            #expect(none.status == 200)
            #expect(none.json["Invoices"]?.count == 0)
            #expect(try organisation.get("/Invoices?page=1", [("If-Modified-Since", "soon")]).status == 412)
        }
    }

    @Test(
        "Bad parameters are refused",
        arguments: ["where=Type%3D%22X%22", "where=Colour%3D%3D%22red%22", "order=Colour", "page=0", "pageSize=1001"])
    func badParametersAreRefused(_ query: String) async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try Organisation(sandbox).get("/Invoices?\(query)")
            #expect(reply.status == 400)
            #expect(reply.json["Type"]?.string == "QueryParseException")
        }
    }

    @Test("Tokens scopes and organisations are checked")
    func tokensScopesAndOrganisationsAreChecked() async throws {
        try await RunningSandbox.run { sandbox in
            let organisation = try Organisation(sandbox, scope: "offline_access accounting.invoices.read")
            #expect(try organisation.get("/Invoices?page=1").status == 200)
            #expect(try organisation.get("/Contacts?page=1").status == 403)
            let other = try sandbox.get(
                "\(organisation.client.api)/api.xro/2.0/Invoices",
                [bearer(organisation.token), ("xero-tenant-id", "x")])
            #expect(other.status == 403)
            try sandbox.control("clock", #"{"advanceSeconds":1801}"#)
            let expired = try organisation.get("/Invoices?page=1")
            #expect(expired.status == 401)
            #expect(expired.json["Detail"]?.string == "TokenExpired: token expired at 03/01/2026 00:30:00")
        }
    }

    @Test("An organisation can be dropped alone and revoking drops all")
    func anOrganisationCanBeDroppedAloneAndRevokingDropsAll() async throws {
        try await RunningSandbox.run { sandbox in
            let organisation = try Organisation(sandbox)
            let client = organisation.client
            let path = "\(client.api)/connections"
            let rows = try sandbox.get(path, [bearer(organisation.token)]).json.array ?? []
            let own = try #require(rows.first { $0["tenantId"]?.string == organisation.tenant }?["id"]?.string)
            #expect(try sandbox.send("DELETE", "\(path)/\(own)", [bearer(organisation.token)]).status == 204)
            #expect(try sandbox.get(path, [bearer(organisation.token)]).json.count == 1)
            #expect(try organisation.get("/Invoices?page=1").status == 403)
            let again = try client.exchange(try client.allow(scope: scope)["code"])
            #expect(try sandbox.get(path, [bearer(again.accessToken ?? "")]).json.count == 2)
            let revoked = try sandbox.post(
                client.endpoints["revoke"] ?? "", form: [("token", again.refreshToken ?? "")],
                [basic(client.id, client.secret)])
            #expect(revoked.status == 200)
            #expect(try sandbox.get(path, [bearer(organisation.token)]).status == 401)
            #expect(try client.refresh(again.refreshToken).status == 400)
        }
    }

    @Test("The minute limit is given in headers and answers 429")
    func theMinuteLimitIsToldInHeadersAndAnswers429() async throws {
        try await RunningSandbox.run { sandbox in
            let organisation = try Organisation(sandbox)
            try sandbox.control("limits", #"{"provider":"xero","enforced":true}"#)
            for left in (0..<60).reversed() {
                let reply = try organisation.get("/Organisation")
                #expect(reply.headers["x-minlimit-remaining"] == String(left))
            }
            let refused = try organisation.get("/Organisation")
            #expect(refused.status == 429)
            #expect(refused.headers["x-rate-limit-problem"] == "minute")
            #expect(refused.headers["retry-after"] == "60")
        }
    }

    @Test("Answers are XML unless JSON is asked for")
    func answersAreXMLUnlessJSONIsAskedFor() async throws {
        try await RunningSandbox.run { sandbox in
            let organisation = try Organisation(sandbox)
            let reply = try sandbox.get(
                "\(organisation.client.api)/api.xro/2.0/Contacts?page=1&pageSize=2",
                [bearer(organisation.token), ("xero-tenant-id", organisation.tenant)])
            #expect(reply.text.contains("<Contacts><Contact><ContactID>"))
            #expect(!reply.text.contains("/Date("))
        }
    }
}
