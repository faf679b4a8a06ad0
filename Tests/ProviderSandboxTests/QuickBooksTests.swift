// QuickBooks over a socket: the company in the callback, rotation with a day of grace, queries, changes, both spellings
// of a fault, XML.

import ProviderSDK
import ProviderSandbox
import Testing

private let accounting = "com.intuit.quickbooks.accounting"

private struct Company {
    let client: OAuthClient
    let token: String
    let realm: String

    init(_ sandbox: RunningSandbox, _ extra: [(String, String)] = []) throws {
        client = try OAuthClient(sandbox, "quickbooks")
        let callback = try client.allow(scope: accounting, extra)
        realm = try #require(callback["realmId"])
        token = try #require(try client.exchange(callback["code"]).accessToken)
    }

    func get(_ path: String, accept: String? = "application/json") throws -> Reply {
        try client.sandbox.get(
            "\(client.api)/v3/company/\(realm)\(path)",
            [bearer(token)] + (accept.map { [("Accept", $0)] } ?? []))
    }

    func query(_ statement: String) throws -> Reply {
        try get("/query?minorversion=75&query=" + Percent.encoded(statement))
    }
}

@Suite("Quick books", .timeLimit(.minutes(2)))
struct QuickBooksTests {
    @Test("The company is in the callback and the token rotates with a day of grace")
    func theCompanyIsInTheCallbackAndTheTokenRotatesWithADayOfGrace() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "quickbooks")
            let callback = try client.allow(scope: accounting)
            #expect(callback["realmId"]?.allSatisfy(\.isNumber) == true)
            #expect(callback["state"] == "s1")
            #expect(try client.exchange(callback["code"], [], [basic(client.id, "wrong")]).status == 401)
            let tokens = try client.exchange(callback["code"])
            #expect(tokens.json["expires_in"]?.integer == 3600)
            #expect(tokens.json["x_refresh_token_expires_in"]?.integer == 8_726_400)
            #expect(tokens.json["realmId"] == nil)
            let first = tokens.refreshToken
            let second = try client.refresh(first).refreshToken
            #expect(second != first && second != nil)
            try sandbox.control("clock", #"{"advanceSeconds":86000}"#)
            #expect(try client.refresh(first).status == 200)
            try sandbox.control("clock", #"{"advanceSeconds":500}"#)
            let dead = try client.refresh(first)
            #expect(dead.status == 400)
            #expect(dead.json["error"]?.string == "invalid_grant")
            #expect(try client.refresh(second).status == 200)
        }
    }

    @Test("The redirect URI has to be repeated")
    func theRedirectURIHasToBeRepeated() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "quickbooks")
            let code = try client.allow(scope: accounting)["code"]
            let reply = try client.token([
                ("grant_type", "authorization_code"), ("code", code ?? ""), ("redirect_uri", "https://other.example/"),
            ])
            #expect(reply.json["error"]?.string == "invalid_grant")
        }
    }

    @Test(
        "A walk reads every row exactly once",
        arguments: [
            ("Invoice", "invoices", ""), ("Purchase", "expenses", ""), ("Bill", "bills", ""),
            ("Customer", "customers", " WHERE Active IN (true, false)"),
            ("Vendor", "vendors", " where active in (true,false)"),
        ])
    func aWalkReadsEveryRowExactlyOnce(_ entity: String, _ type: String, _ filter: String) async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["quickbooks/\(type)": 130] }) { sandbox in
            let company = try Company(sandbox)
            var ids: [String] = []
            while true {
                let reply = try company.query(
                    "SELECT * FROM \(entity)\(filter) ORDERBY Id STARTPOSITION \(ids.count + 1) MAXRESULTS 40")
                try #require(reply.status == 200, "\(reply.text)")
                let rows = reply.json.at(ValuePath("QueryResponse.\(entity)"))?.array ?? []
                #expect(reply.json.at("QueryResponse.maxResults")?.integer ?? 0 == rows.count)
                ids += rows.compactMap { $0["Id"]?.string }
                if rows.count < 40 { break }
            }
            let totals = try sandbox.get("/_sandbox/data/quickbooks/\(type)?ids=true").json
            #expect(ids.count == 130)
            #expect(Set(ids) == Set(totals["ids"]?.array?.compactMap(\.string) ?? []))
            let count = try company.query("SELECT COUNT(*) FROM \(entity)\(filter)")
            #expect(count.json.at("QueryResponse.totalCount")?.integer == 130)
        }
    }

    @Test(
        "Bad statements are faults",
        arguments: [
            ("SELECT * FROM Invoice STARTPOSITION 0", "4001"), ("SELECT * FROM Invoice MAXRESULTS 1001", "4001"),
            ("SELECT * FROM Unicorn", "4001"), ("SELECT * FROM Invoice WHERE Colour = 'red'", "4001"),
            ("SELECT FROM Invoice", "4000"), ("DROP TABLE Invoice", "4000"),
            ("SELECT * FROM Invoice WHERE Id = '1", "4000"),
            ("SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= 'yesterday'", "4001"),
            ("SELECT * FROM Invoice LIMIT 5", "4000"),
        ])
    func badStatementsAreFaults(_ statement: String, _ code: String) async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try Company(sandbox).query(statement)
            #expect(reply.status == 400)
            #expect(reply.json.at("Fault.type")?.string == "ValidationFault")
            #expect(reply.json.at("Fault.Error.0.code")?.string == code)
        }
    }

    @Test("Changed rows are found by time in any offset")
    func changedRowsAreFoundByTimeInAnyOffset() async throws {
        try await RunningSandbox.run { sandbox in
            let company = try Company(sandbox)
            try sandbox.control("clock", #"{"advanceSeconds":100}"#)
            let changed = try sandbox.control(
                "data", #"{"provider":"quickbooks","type":"invoices","action":"update","count":3}"#)
            try sandbox.control("data", #"{"provider":"quickbooks","type":"invoices","action":"delete","count":1}"#)
            // 2026-03-01T00:01:40Z.
            for moment in ["2026-03-01T00:01:40Z", "2026-02-28T16:01:40-08:00"] {
                let reply = try company.query(
                    "select * from Invoice where Metadata.LastUpdatedTime >= '\(moment)' order by MetaData.LastUpdatedTime asc"
                )
                let rows = reply.json.at("QueryResponse.Invoice")?.array ?? []
                // One of the three may be the one deleted.
                #expect(rows.count == 3 || rows.count == 2)
                let known = Set(changed["ids"]?.array?.compactMap(\.string) ?? [])
                #expect(rows.allSatisfy { known.contains($0["Id"]?.string ?? "") })
                #expect(rows.first?.at("MetaData.LastUpdatedTime")?.string == "2026-02-28T16:01:40-08:00")
            }
            let none = try company.query(
                "select * from Invoice where MetaData.LastUpdatedTime > '2026-03-02T00:00:00Z'")
            #expect(none.json["QueryResponse"]?.count == 0)
            let cdc = try company.get("/cdc?entities=Invoice,Customer&changedSince=2026-03-01T00:01:40Z")
            let groups = try #require(cdc.json.at("CDCResponse.0.QueryResponse")?.array)
            #expect(groups.count == 2)
            let deleted = groups.flatMap { $0["Invoice"]?.array ?? [] }.filter { $0["status"]?.string == "Deleted" }
            #expect(deleted.count == 1)
            #expect(try company.get("/cdc?entities=Invoice&changedSince=2026-01-01T00:00:00Z").status == 400)
        }
    }

    @Test("Deleted names become inactive and are hidden unless asked for")
    func deletedNamesBecomeInactiveAndAreHiddenUnlessAskedFor() async throws {
        try await RunningSandbox.run({ $0.objectCounts = ["quickbooks/customers": 20] }) { sandbox in
            let company = try Company(sandbox)
            let before = try company.query("SELECT * FROM Customer").json.at("QueryResponse.Customer")?.count ?? 0
            let active = try company.query("SELECT * FROM Customer WHERE Active = true").json
            let id = try #require(active.at("QueryResponse.Customer.0.Id")?.string)
            try sandbox.control(
                "data", #"{"provider":"quickbooks","type":"customers","action":"delete","id":"\#(id)"}"#)
            #expect(try company.query("SELECT * FROM Customer").json.at("QueryResponse.Customer")?.count == before - 1)
            let one = try company.get("/customer/\(id)")
            #expect(one.json.at("Customer.Active")?.boolean == false)
        }
    }

    @Test("Faults come in both spellings and for the wrong company")
    func faultsComeInBothSpellingsAndForTheWrongCompany() async throws {
        try await RunningSandbox.run { sandbox in
            let company = try Company(sandbox)
            let wrong = try sandbox.get(
                "\(company.client.api)/v3/company/123/query?query=x",
                [bearer(company.token), ("Accept", "application/json")])
            #expect(wrong.status == 403)
            #expect(wrong.json.at("Fault.Error.0.code")?.string == "3100")
            try sandbox.control("clock", #"{"advanceSeconds":3601}"#)
            let expired = try company.query("SELECT * FROM Invoice")
            #expect(expired.status == 401)
            #expect(expired.json.at("fault.error.0.code")?.string == "3200")
            #expect(expired.headers["intuit_tid"] != nil)
            let missing = try sandbox.get(
                "\(company.client.api)/v3/company/\(company.realm)/query?query=x", [("Accept", "application/json")])
            #expect(missing.json.at("Fault.Error.0.code")?.string == "3200")
        }
    }

    @Test("Answers are XML unless JSON is asked for")
    func answersAreXMLUnlessJSONIsAskedFor() async throws {
        try await RunningSandbox.run { sandbox in
            let company = try Company(sandbox)
            let reply = try company.get(
                "/query?query=" + Percent.encoded("SELECT * FROM Invoice MAXRESULTS 2"), accept: nil)
            #expect(reply.headers["content-type"]?.hasPrefix("application/xml") == true)
            #expect(reply.text.contains("<QueryResponse startPosition=\"1\" maxResults=\"2\""))
            #expect(reply.text.contains("<Invoice domain=\"QBO\""))
            let fault = try company.get("/query?query=nonsense", accept: "*/*")
            #expect(fault.text.contains("<Fault type=\"ValidationFault\"><Error code=\"4000\">"))
        }
    }

    @Test("Revoking ends the grant and the company has a name")
    func revokingEndsTheGrantAndTheCompanyHasAName() async throws {
        try await RunningSandbox.run { sandbox in
            let company = try Company(sandbox)
            let info = try company.query("SELECT * FROM CompanyInfo")
            #expect(info.json.at("QueryResponse.CompanyInfo.0.CompanyName")?.string?.isEmpty == false)
            let reply = try sandbox.post(
                company.client.endpoints["revoke"] ?? "", json: #"{"token":"\#(company.token)"}"#,
                [basic(company.client.id, company.client.secret)])
            #expect(reply.status == 200)
            #expect(try company.query("SELECT * FROM CompanyInfo").status == 401)
        }
    }

    @Test("A company with one currency names none")
    func aCompanyWithOneCurrencyNamesNone() async throws {
        try await RunningSandbox.run { sandbox in
            let one = try Company(sandbox, [("account", "1")]).query("SELECT * FROM Invoice MAXRESULTS 50")
            #expect(!one.text.contains("CurrencyRef"))
            let several = try Company(sandbox).query("SELECT * FROM Invoice MAXRESULTS 50")
            #expect(several.text.contains("\"CurrencyRef\":{\"value\":\"EUR\""))
        }
    }
}
