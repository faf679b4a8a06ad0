// The user-integrations document: the code of an authorization that brings no state back, and account ids per variant.

import HostTesting
import ProviderSDK
import Testing

@Suite("User integrations document", .timeLimit(.minutes(5)))
struct UserIntegrationsTests {
    private static let base = "/api/v1/users/1/integrations"

    /// Begins an authorization and returns the code that the user comes back with.
    private func code(_ callers: Callers, _ variant: String) async throws -> String {
        let created = try await callers.user.post(
            "/api/integrations/connections", #"{"service":"kai","variant":"\#(variant)"}"#)
        let url = created.json["authUrl"]?.string ?? ""
        let location = try await callers.nobody.get(url + "&decision=allow").header("location") ?? ""
        let query = location.split(separator: "?").last ?? ""
        let pair = query.split(separator: "&").first { $0.hasPrefix("code=") }
        #expect(!query.contains("state="), "this provider gives no state back")
        return String(pair?.dropFirst(5) ?? "")
    }

    @Test("A code authenticates the user for its variant only")
    func code() async throws {
        let callers = try await Callers()
        for variant in ["flo", "min", "eag"] {
            #expect(
                try await Case("GET", "\(Self.base)/kai/\(variant)", 200).run(callers.user).text
                    == #"{"authStatus":false}"#)
        }
        let code = try await code(callers, "flo")
        let path = "\(Self.base)/kai/flo/oauth2callback"
        #expect(try await Case("POST", path, #"{"code":"\#(code)"}"#, 200).run(callers.user).text == "{}")
        #expect(try await callers.user.get("\(Self.base)/kai/flo").text == #"{"authStatus":true}"#)
        #expect(try await callers.user.get("\(Self.base)/kai/min").text == #"{"authStatus":false}"#)
        // A code is good once, and one that nobody gave is not good at all: the service says 4xx, and so do we.
        for bad in [code, "This_Is_An_1nT3rMeDIate_Code"] {
            let response = try await Case("POST", path, #"{"code":"\#(bad)"}"#, 400).run(callers.user)
            #expect(response.json["success"] == false)
            #expect(response.json["description"]?.string != nil)
            #expect(!response.text.contains(bad))
        }
        #expect(try await callers.user.get("\(Self.base)/kai/flo").text == #"{"authStatus":true}"#)
        let before = try await callers.user.get("/api/integrations/connections").json["connections"]?.count
        for _ in 0..<3 { try await Case("POST", path, #"{"code":"x"}"#, 400).run(callers.user) }
        #expect(try await callers.user.get("/api/integrations/connections").json["connections"]?.count == before)
        await callers.installation.sandbox.terminate()
        try await Case("POST", path, #"{"code":"x"}"#, 500).run(callers.user)
    }

    @Test("The document's examples of ARC, member by member")
    func examples() async throws {
        let callers = try await Callers()
        let path = "\(Self.base)/arc"
        try await Case("PATCH", path, #"{"iidx":"arc_account_id_here"}"#, 200).run(callers.user)
        let read = try await Case("GET", path, 200).run(callers.user)
        #expect(
            read.json
                == [
                    "iidx": ["userID": 1, "accountID": "arc_account_id_here", "forImportType": "api/arc-iidx"],
                    "sdvx": .null,
                ])
        try await Case("PATCH", path, #"{"sdvx":"to be removed"}"#, 200).run(callers.user)
        let changed = try await Case("PATCH", path, #"{"iidx":"newAccountID","sdvx":null}"#, 200).run(callers.user)
        #expect(
            changed.json
                == [
                    "iidx": ["forImportType": "api/arc-iidx", "accountID": "newAccountID", "userID": 1], "sdvx": .null,
                ])
        // As it is printed, with a comment and bare names, it is no JSON.
        let printed = "{\n\tiidx: \"newAccountID\",\n\tsdvx: null, // remove this account ID.\n}"
        try await Case("PATCH", path, printed, 400).run(callers.user)
        #expect(try await callers.user.get(path).text == changed.text, "nothing that is refused changes anything")
    }

    @Test("Account ids are set, kept, replaced and removed per variant")
    func accounts() async throws {
        let callers = try await Callers()
        let path = "\(Self.base)/arc"
        let none = #"{"iidx":null,"sdvx":null}"#
        #expect(try await Case("GET", path, 200).run(callers.user).text == none)
        let set = try await Case("PATCH", path, #"{"iidx":"newAccountID","sdvx":null}"#, 200).run(callers.user)
        let iidx = #"{"userID":1,"accountID":"newAccountID","forImportType":"api/arc-iidx"}"#
        #expect(set.text == #"{"iidx":\#(iidx),"sdvx":null}"#)
        let both = try await Case("PATCH", path, #"{"sdvx":"other"}"#, 200).run(callers.user)
        #expect(
            both.text
                == #"{"iidx":\#(iidx),"sdvx":{"userID":1,"accountID":"other","forImportType":"api/arc-sdvx"}}"#)
        #expect(try await callers.user.get(path).text == both.text)
        #expect(try await callers.user.get("\(path)/sdvx").text == #"{"authStatus":true}"#)
        let again = try await Case("PATCH", path, #"{"sdvx":"other"}"#, 200).run(callers.user)
        #expect(again.text == both.text)
        let replaced = try await Case("PATCH", path, #"{"iidx":"second","sdvx":null}"#, 200).run(callers.user)
        #expect(replaced.json.at("iidx.accountID") == "second")
        #expect(replaced.json["sdvx"]?.isNull == true)
        #expect(try await Case("PATCH", path, #"{"iidx":null}"#, 200).run(callers.user).text == none)
        #expect(try await callers.user.get("/api/integrations/connections").json["connections"]?.count == 0)
    }

    @Test("A numeric user id is written as a number, any other as a text")
    func userIDs() async throws {
        let callers = try await Callers()
        for (id, json) in [
            ("0", "0"), ("9007199254740991", "9007199254740991"), ("9007199254740992", "\"9007199254740992\""),
            ("01", "\"01\""), ("user-1", "\"user-1\""), ("1.0", "\"1.0\""), ("-1", "\"-1\""),
        ] {
            let client = try await callers.installation.client(user: id)
            let response = try await client.send(
                "PATCH", "/api/v1/users/\(id)/integrations/arc", body: #"{"iidx":"a"}"#)
            #expect(response.text.contains("\"userID\":\(json),"), "\(id): \(response.text)")
        }
    }

    @Test(
        "An account id may be any text",
        arguments: ["spielerin ä/?&=#", " a ", "名前", String(repeating: "x", count: 256)])
    func anyText(id: String) async throws {
        let callers = try await Callers()
        let body = JSONValue.object([("iidx", .string(id))]).description
        let changed = try await Case("PATCH", "\(Self.base)/arc", body, 200).run(callers.user)
        #expect(changed.json.at("iidx.accountID")?.string == id)
    }

    @Test("Invalid requests are refused in the document's shape")
    func badInput() async throws {
        let callers = try await Callers()
        let long = String(repeating: "x", count: 300)
        for body in malformedBodies + [
            "{}", #"{"iidx":1}"#, #"{"iidx":true}"#, #"{"iidx":[]}"#, #"{"iidx":""}"#, #"{"iidx":"\#(long)"}"#,
            #"{"flo":"a"}"#, #"{"iidx":"a","more":null}"#, #"{"iidx":"a","iidx":null}"#, #"{"iidx":"a\u0000"}"#,
            #"{"iidx":"a\n"}"#, #"{"iidx":"\u202E1"}"#,
        ] {
            let response = try await Case("PATCH", "\(Self.base)/arc", body, 400).run(callers.user)
            #expect(response.json["success"] == false && response.json["description"]?.string != nil, "\(body)")
        }
        for body in malformedBodies + [
            "{}", #"{"code":""}"#, #"{"code":1}"#, #"{"code":null}"#, #"{"code":"a","b":1}"#,
        ] {
            try await Case("POST", "\(Self.base)/kai/flo/oauth2callback", body, 400).run(callers.user)
        }
        let table = [
            Case("GET", "\(Self.base)/kai/unknown", 400), Case("GET", "\(Self.base)/unknown/flo", 404),
            Case("GET", "\(Self.base)/kai", 404), Case("GET", "\(Self.base)/unknown", 404),
            Case("GET", "\(Self.base)/stripe/x", 400), Case("GET", "\(Self.base)/kai/FLO", 400),
            Case("GET", "\(Self.base)/kai/flo%00", 400), Case("GET", "\(Self.base)/kai/flo%2F", 400),
            Case("GET", "\(Self.base)/kai/%FF", 400), Case("GET", "\(Self.base)/kai/..", 400),
            Case("GET", "/api/v1/users/1%00/integrations/arc", 403),
            Case("GET", "/api/v1/users/%FF/integrations/arc", 403),
            Case("GET", "/api/v1/users/01/integrations/arc", 403),
            Case("POST", "\(Self.base)/kai/unknown/oauth2callback", #"{"code":"a"}"#, 400),
            Case("POST", "\(Self.base)/arc/iidx/oauth2callback", #"{"code":"a"}"#, 404),
            Case("PATCH", "\(Self.base)/kai", #"{"flo":"a"}"#, 404),
            Case("PATCH", "\(Self.base)/arc", #"{"iidx":"a"}"#, type: "text/plain", 415),
            Case("DELETE", "\(Self.base)/arc", 405), Case("PUT", "\(Self.base)/kai/flo", 405),
            Case("GET", "\(Self.base)/kai/flo/oauth2callback", 405), Case("GET", "/api/v1/users/1/other", 404),
        ]
        for entry in table {
            let response = try await entry.run(callers.user)
            #expect(response.json["success"] == false && response.json["description"]?.string != nil)
            if entry.status == 405 { #expect(response.header("Allow") != nil) }
        }
    }

    @Test("Only the user's own session may use these routes")
    func access() async throws {
        let callers = try await Callers()
        for (method, path, body) in [
            ("GET", "/kai/flo", nil), ("POST", "/kai/flo/oauth2callback", #"{"code":"a"}"#), ("GET", "/arc", nil),
            ("PATCH", "/arc", #"{"iidx":"a"}"#),
        ] as [(String, String, String?)] {
            func answer(_ client: TestClient, user: String) async throws -> TestResponse {
                try await client.send(method, "/api/v1/users/\(user)/integrations\(path)", body: body)
            }
            #expect(try await answer(callers.nobody, user: "1").status == 401)
            let foreign = try await answer(callers.other, user: "1")
            let missing = try await answer(callers.other, user: "987654")
            #expect(foreign.status == 403)
            #expect(comparable(foreign) == comparable(missing))
            for client in [callers.superuser, callers.bot, callers.service] {
                #expect(try await answer(client, user: "1").status == 403)
            }
        }
    }
}
