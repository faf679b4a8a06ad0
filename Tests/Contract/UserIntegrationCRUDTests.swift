// The UserIntegration document: every example with its exact messages, and everything that must be refused.

import HostTesting
import ProviderSDK
import Testing

@Suite("UserIntegration document", .timeLimit(.minutes(5)))
struct UserIntegrationCRUDTests {
    @Test("A user integration is made, listed, read, changed and deleted with the document's own words")
    func examples() async throws {
        let callers = try await Callers()
        let client = try await callers.installation.client(user: "user-123")
        let body = #"{"isconnected":false,"userId":"user-123","integrationId":"integration-123"}"#
        let made = try await Case("POST", "/api/userIntegration", body, 200).run(client)
        let id = made.json.at("data.id")?.string ?? ""
        let data = #"{"id":"\#(id)","isconnected":false,"userId":"user-123","integrationId":"integration-123"}"#
        #expect(made.text == #"{"status":200,"message":"UserIntegration created succesfully!!","data":\#(data)}"#)
        _ = try await Case("POST", "/api/userIntegration", body, 200).run(client)
        let list = try await Case("GET", "/api/userIntegration?page=1&limit=1", 200).run(client)
        #expect(list.text == #"{"status":200,"data":[\#(data)]}"#)
        #expect(
            try await client.get("/api/userIntegration?userId=user-123&page=1&limit=10").json["data"]?.count == 2)
        #expect(try await client.get("/api/userIntegration?page=3&limit=1").json["data"]?.count == 0)
        #expect(
            try await Case("GET", "/api/userIntegration/\(id)", 200).run(client).text
                == #"{"status":200,"data":\#(data)}"#)
        let changed = try await Case(
            "PATCH", "/api/admin/userIntegration/\(id)", #"{"isconnected":true}"#, 200
        ).run(callers.superuser)
        let connected = data.split(separator: "false").joined(separator: "true")
        #expect(
            changed.text == #"{"status":200,"message":"UserIntegration updated successufully!!","data":\#(connected)}"#)
        let same = try await Case("PATCH", "/api/admin/userIntegration/\(id)", "{}", 200).run(callers.superuser)
        #expect(same.json.at("data.isconnected") == true)
        let deleted = try await Case("DELETE", "/api/admin/userIntegration/\(id)", 200).run(callers.superuser)
        #expect(deleted.text == #"{"status":200,"message":"UserIntegration deleted Successfuly"}"#)
        let again = try await Case("DELETE", "/api/admin/userIntegration/\(id)", 400).run(callers.superuser)
        #expect(again.text == #"{"status":400,"error":"UserIntegrationId is Invalid"}"#)
    }

    @Test("Every example of an error, route by route")
    func errors() async throws {
        let callers = try await Callers()
        let body = #"{"isconnected":false,"userId":"1","integrationId":"integration-123"}"#
        let id = try await callers.user.post("/api/userIntegration", body).json.at("data.id")?.string ?? ""
        let (unathorized, invalid, validation) = (
            #"{"status":401,"error":"Unathorized"}"#, #"{"status":400,"error":"UserIntegrationId is Invalid"}"#,
            #"{"status":400,"error":"Validation Error"}"#
        )
        let admin = "/api/admin/userIntegration"
        for (client, entry, text) in [
            (callers.user, Case("POST", "/api/userIntegration", "{}", 400), validation),
            (callers.nobody, Case("POST", "/api/userIntegration", body, 401), unathorized),
            (callers.nobody, Case("GET", "/api/userIntegration?page=1&limit=1&userId=1", 401), unathorized),
            (callers.user, Case("GET", "/api/userIntegration/none", 400), invalid),
            (callers.nobody, Case("GET", "/api/userIntegration/\(id)", 401), unathorized),
            (callers.nobody, Case("PATCH", "\(admin)/\(id)", #"{"isconnected":true}"#, 401), unathorized),
            (callers.superuser, Case("PATCH", "\(admin)/none", #"{"isconnected":true}"#, 400), invalid),
            (callers.superuser, Case("PATCH", "\(admin)/\(id)", #"{"isconnected":"yes"}"#, 400), validation),
            (callers.superuser, Case("DELETE", "\(admin)/none", 400), invalid),
            (callers.nobody, Case("DELETE", "\(admin)/\(id)", 401), unathorized),
        ] {
            let response = try await entry.run(client)
            #expect(response.text == text, "\(entry.method) \(entry.path)")
            #expect(response.header("Content-Type") == "application/json")
        }
        let still = try await Case("GET", "/api/userIntegration/\(id)", 200).run(callers.user)
        #expect(still.json.at("data.isconnected") == false)
    }

    @Test("Invalid bodies and queries get a validation error")
    func badInput() async throws {
        let callers = try await Callers()
        let long = String(repeating: "x", count: 300)
        let bodies =
            malformedBodies + [
                #"{"isconnected":false,"userId":"1"}"#, #"{"isconnected":false,"integrationId":"i"}"#,
                #"{"userId":"1","integrationId":"i"}"#, #"{"isconnected":"false","userId":"1","integrationId":"i"}"#,
                #"{"isconnected":0,"userId":"1","integrationId":"i"}"#,
                #"{"isconnected":false,"userId":1,"integrationId":"i"}"#,
                #"{"isconnected":false,"userId":"1","integrationId":7}"#,
                #"{"isconnected":false,"userId":"1","integrationId":""}"#,
                #"{"isconnected":false,"userId":"","integrationId":"i"}"#,
                #"{"isconnected":false,"userId":"1","integrationId":null}"#,
                #"{"isconnected":false,"userId":"1","integrationId":"i","more":1}"#,
                #"{"isconnected":false,"isconnected":true,"userId":"1","integrationId":"i"}"#,
                #"{"isconnected":false,"userId":"1","integrationId":"\#(long)"}"#,
                #"{"isconnected":false,"userId":"1","integrationId":"a\u0001b"}"#,
                #"{"isconnected":true,"userId":"1","integrationId":"stripe"}"#,
                #"{"isconnected":false,"userId":"user-123","integrationId":"integration-123",}"#,
            ]
        for body in bodies {
            let response = try await Case("POST", "/api/userIntegration", body, 400).run(callers.user)
            #expect(response.text == #"{"status":400,"error":"Validation Error"}"#, "\(body)")
        }
        for query in [
            "", "?page=1", "?limit=1", "?page=0&limit=1", "?page=1&limit=0", "?page=-1&limit=1", "?page=a&limit=1",
            "?page=1.5&limit=1", "?page=1&limit=1001", "?page=%2B1&limit=1", "?page=99999999999999999999&limit=1",
            "?page=1&limit=%FF", "?page=1&page=1&limit=1", "?page=1&limit=1&limit=1", "?page=01&limit=1",
            "?page=1e0&limit=1", "?page=1&limit=1&userId=1&userId=2", "?page=9007199254740992&limit=1",
        ] {
            let response = try await Case("GET", "/api/userIntegration\(query)", 400).run(callers.user)
            #expect(response.text == #"{"status":400,"error":"Validation Error"}"#, "\(query)")
        }
        let last = try await Case("GET", "/api/userIntegration?page=9007199254740991&limit=1000", 200).run(callers.user)
        #expect(last.text == #"{"status":200,"data":[]}"#)
        let made = try await callers.user.post(
            "/api/userIntegration", #"{"isconnected":false,"userId":"1","integrationId":"i"}"#)
        let id = made.json.at("data.id")?.string ?? ""
        for body in malformedBodies + [#"{"isconnected":"true"}"#, #"{"isconnected":null}"#, #"{"userId":"2"}"#] {
            let response = try await Case("PATCH", "/api/admin/userIntegration/\(id)", body, 400).run(callers.superuser)
            #expect(response.text == #"{"status":400,"error":"Validation Error"}"#, "\(body)")
        }
        for bad in [
            "x", "conn-", "conn-zzz0000000000000000000000", long, "..%2F..%2Fetc", "%00", "%FF", "..", id + "%00",
        ] {
            let response = try await Case("GET", "/api/userIntegration/\(bad)", 400).run(callers.superuser)
            #expect(response.text == #"{"status":400,"error":"UserIntegrationId is Invalid"}"#, "\(bad)")
        }
        try await Case("POST", "/api/userIntegration", "{}", type: "text/plain", 415).run(callers.user)
        try await Case("POST", "/api/userIntegration", "a=b", type: "application/x-www-form-urlencoded", 415).run(
            callers.user)
        #expect(
            try await Case("DELETE", "/api/userIntegration", 405).run(callers.user).header("Allow") == "GET, HEAD, POST"
        )
        #expect(
            try await Case("GET", "/api/admin/userIntegration/\(id)", 405).run(callers.superuser).header("Allow")
                == "PATCH, DELETE")
        try await Case("GET", "/api/userIntegrations", 404).run(callers.user)
    }

    @Test("A missing session, another user and a missing role get the same 401")
    func access() async throws {
        let callers = try await Callers()
        let body = #"{"isconnected":false,"userId":"1","integrationId":"i"}"#
        let id = try await callers.user.post("/api/userIntegration", body).json.at("data.id")?.string ?? ""
        let unauthorized = #"{"status":401,"error":"Unathorized"}"#
        for client in [callers.nobody, callers.other] {
            #expect(try await Case("POST", "/api/userIntegration", body, 401).run(client).text == unauthorized)
            #expect(
                try await Case("GET", "/api/userIntegration?page=1&limit=1&userId=1", 401).run(client).text
                    == unauthorized)
        }
        for client in [callers.nobody, callers.other, callers.user, callers.bot, callers.service] {
            for path in [id, "conn-0000000000000000000000000"] {
                for method in ["PATCH", "DELETE"] {
                    let response = try await Case(method, "/api/admin/userIntegration/\(path)", 401).run(client)
                    #expect(response.text == unauthorized)
                }
            }
        }
        // The operator's programs are no users: nothing is theirs, not even under their own names.
        for (client, name) in [(callers.bot, "bot"), (callers.service, "cron")] {
            let own = #"{"isconnected":false,"userId":"\#(name)","integrationId":"i"}"#
            #expect(try await Case("POST", "/api/userIntegration", own, 401).run(client).text == unauthorized)
            for path in ["?page=1&limit=1", "/\(id)", "/x"] {
                #expect(try await Case("GET", "/api/userIntegration\(path)", 401).run(client).text == unauthorized)
            }
        }
        #expect(
            try await callers.superuser.get("/api/userIntegration?page=1&limit=10&userId=1").json["data"]?.count == 1)
        #expect(try await callers.superuser.get("/api/userIntegration?page=1&limit=10").json["data"]?.count == 1)
        #expect(try await callers.superuser.get("/api/userIntegration/\(id)").json.at("data.userId") == "1")
        let foreign = try await callers.other.get("/api/userIntegration/\(id)")
        let missing = try await callers.other.get("/api/userIntegration/conn-0000000000000000000000000")
        #expect(foreign.status == 400)
        #expect(comparable(foreign) == comparable(missing))
    }
}
