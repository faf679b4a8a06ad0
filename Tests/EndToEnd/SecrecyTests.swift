// Every kind of secret at once, through every route and every way in which a provider can fail, giving back what it was sent. Then all
// that the host wrote, answered and stored is searched for each of them, plain and encoded.

import Foundation
import Glibc
import HostTesting
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@Suite("Secrets", .serialized, .timeLimit(.minutes(10)))
struct SecrecyTests {
    /// What was answered, with the request that it answers.
    final class Answers: Sendable {
        private let kept = Mutex<[(request: String, text: String)]>([])

        func keep(_ request: String, _ response: TestResponse) -> TestResponse {
            let headers = response.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
            kept.withLock { $0.append((request, headers + "\n\n" + response.text)) }
            return response
        }

        var all: [(request: String, text: String)] { kept.withLock { $0 } }
    }

    /// A client that keeps every answer.
    struct Witness: Sendable {
        let client: TestClient
        let answers: Answers
        var headers: [(name: String, value: String)] = []

        @discardableResult
        func send(_ method: String, _ target: String, _ body: String? = nil) async throws -> TestResponse {
            let path = target.split(separator: "?").first.map(String.init) ?? target
            return answers.keep(
                "\(method) \(path)", try await client.send(method, target, body: body, headers: headers))
        }
    }

    /// Texts that secrets are recognised by: what a secret becomes in the encodings that programs use.
    static func forms(of secret: String) -> [String] {
        let bytes = Array(secret.utf8)
        var forms = [secret, secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret]
        forms.append(bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        forms.append(forms[2].uppercased())
        // Wherever it stands in what was encoded: the characters that depend on its neighbours are left out.
        for lead in 0..<3 {
            let text = Data([UInt8](repeating: 0, count: lead) + bytes).base64EncodedString()
            let core = text.dropFirst(lead == 0 ? 0 : 4).prefix((bytes.count + lead) / 3 * 4 - (lead == 0 ? 0 : 4))
            guard core.utf8.count >= 12 else { continue }
            forms.append(String(core))
            forms.append(core.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_"))
        }
        return Array(Set(forms))
    }

    /// Which of the forms stand in `text`, besides where they may.
    static func found(_ forms: [String], in text: Data) -> [String] {
        // Foundation's search takes minutes for all answers in a debug build; that of C ends at a NUL.
        let characters = text.map { $0 == 0 ? CChar(1) : CChar(bitPattern: $0) } + [0]
        return forms.filter { form in unsafe strstr(characters, form) != nil }
    }

    /// Answers that give back everything they were sent, in the ways in which an endpoint fails.
    static let echoes: [(name: String, fault: StrictAuthorizationServer.Fault)] = {
        typealias Request = SocketServer.Request
        @Sendable func said(_ request: Request) -> String {
            let values = request.form + request.query
            return (values.map(\.value) + [request.header("Authorization") ?? ""]).joined(separator: " ")
        }
        func json(_ status: Int, _ code: String, _ headers: [NamedValue] = []) -> StrictAuthorizationServer.Fault {
            .instead { request in
                let body: JSONValue = [
                    "error": .string(code), "error_description": .string("bad: \(said(request))"),
                    "Detail": .string(said(request)), "Message": .string(request.text),
                    "message": .string(said(request)),
                ]
                return .status(status, [NamedValue("Content-Type", "application/json")] + headers, body.description)
            }
        }
        func raw(_ status: Int, _ headers: [NamedValue] = [], _ text: @escaping @Sendable (Request) -> String)
            -> StrictAuthorizationServer.Fault
        { .instead { .status(status, headers, text($0)) } }
        return [
            ("400", json(400, "invalid_request")), ("scope", json(400, "invalid_scope")),
            ("401", json(401, "invalid_client")), ("403", json(403, "access_denied")), ("404", json(404, "gone")),
            ("429", json(429, "slow_down", [NamedValue("Retry-After", "1")])), ("500", json(500, "server_error")),
            ("503", json(503, "temporarily_unavailable")), ("200 error", json(200, "strange")),
            ("code echo", .instead { .json(400, ["error": .string(said($0)), "Title": .string(said($0))]) }),
            ("html", raw(500) { "<html><pre>\($0.text)</pre></html>" }),
            ("html 200", raw(200) { "<html><pre>\($0.text)</pre></html>" }),
            ("wrong type", raw(200) { "{\"access_token\":[\"\(said($0))\"],\"refresh_token\":7}" }),
            ("broken JSON", raw(200) { "{\"access_token\":\"\(said($0))" }),
            (
                "redirect",
                .instead { request in
                    let values = request.form + request.query
                    return .status(
                        302,
                        [
                            NamedValue(
                                "Location",
                                "http://127.0.0.1:1/?" + values.map { "\($0.name)=\($0.value)" }.joined(separator: "&"))
                        ], "")
                }
            ),
            ("huge", raw(200) { "{\"error\":\"x\",\"pad\":\"" + String(repeating: $0.text, count: 400) + "\"}" }),
            ("odd header", raw(400, [NamedValue("X-Odd", "a\u{1}b")]) { said($0) }),
            ("cut", .instead { _ in .cut }), ("lost", .afterwards { _ in .cut }),
            ("slow", .instead { request in .late(milliseconds: 400, .json(400, ["error": .string(said(request))])) }),
        ]
    }()

    @Test(
        "No secret reaches a log, an answer, a metric or a file, on any route and in any failure"
    )
    func canaries() async throws {
        // None of them looks like a token, so that only knowing them helps.
        let clientSecret = "correct-horse-battery-clientsecret"
        let planted = [
            "apikeycanary-umbrella-violet-marble", "arctokencanary-lantern-copper", "bottokencanary-harvest-willow",
            "webhookcanary-glacier-tiger-amber", "nextauthcanary-orchid-thunder-velvet-saddle",
            "callercanary-meadow-otter",
            "cookiecanary-falcon-ember-quartz", "badbearercanary-river-pepper-stone", "codecanary-winter-badger-cloud",
            "linktokencanary-poppy-raven-maple",
        ]
        let server = StrictAuthorizationServer(clientSecret: clientSecret)
        var xero = server.configuration.members ?? []
        xero.append(("webhookKey", .string(planted[3])))
        let installation = try await TestInstallation(
            extra: #"""
                "sweepSeconds":1,"syncRetrySeconds":1,
                "rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0},
                "sessions":{"nextAuth":{"secrets":["\#(planted[4])"],"version":4}}
                """#, logLevel: "debug",
            providers: [
                "xero": .object(xero),
                "arc": ["accessToken": .string(planted[1]), "endpoints": ["api": .string(server.url)]],
                "discord": [
                    "clientId": "d", "clientSecret": .string(planted[2] + "-secret"), "botToken": .string(planted[2]),
                    "guildId": "1", "unverifiedRoleId": "2",
                    "endpoints": [
                        "authorize": .string(server.url + "/authorize"), "token": .string(server.url + "/token"),
                        "api": .string(server.url),
                    ],
                ],
            ])
        var secrets = Set(planted)
        let answers = Answers()
        let session = try await installation.token(user: "1")
        let apiKey = try await HostProcess.run(installation.command("api-key", "create", "--user", "1"))
        #expect(apiKey.code == 0, "\(apiKey.errors)")
        let key = String(apiKey.output.dropLast())
        secrets.formUnion([session, key])
        let user = Witness(client: try TestClient(installation.host.url, token: session), answers: answers)
        let nobody = Witness(client: user.client.with(token: nil), answers: answers)

        // Connections at work, and every failure of the provider at every step.
        var id = try await Self.connect(user, secrets: &secrets)
        for (name, fault) in Self.echoes {
            func strike(_ place: String, times: Int = 1) {
                let left = Mutex(times)
                server.strike { request in
                    guard request.path.hasPrefix(place) else { return nil }
                    return left.withLock { left in
                        left -= 1
                        return left >= 0 ? fault : nil
                    }
                }
            }
            strike("/token", times: 2)
            _ = try? await Self.connect(user, secrets: &secrets)
            try await user.send("POST", "/api/integrations/oauth/xero/refresh", "{\"connectionId\":\"\(id)\"}")
            try await user.send("GET", "/api/integrations/connections/\(id)/explain")
            strike("/api.xro")
            try await user.send(
                "POST", "/api/integrations/connections/\(id)/sync", #"{"syncType":"full","dataTypes":["contacts"]}"#)
            _ = try await installation.finishedSync(id, user.client)
            try await user.send("GET", "/api/integrations/connections/\(id)/syncs")
            try await user.send("GET", "/api/integrations/connections/\(id)/explain")
            // After a refusal for too many requests nobody connects for half a minute.
            if name != "429" { strike("/connections") }
            _ = try? await Self.connect(user, secrets: &secrets)
            strike("/revoke")
            try await Self.prune(user, keeping: id)
            server.strike(nil)
            // What a lost answer took with it.
            if try await user.send("GET", "/api/integrations/connections/\(id)").json.at("connection.status")
                != "connected"
            {
                try await Self.prune(user, keeping: "")
                id = try await Self.connect(user, secrets: &secrets)
            }
        }

        // Callbacks that bring what they should not, or in the wrong shape.
        for query in [
            "code=\(planted[8])&state=\(planted[5])",
            "error=access_denied&error_description=\(planted[8])&code=\(planted[8])",
            "code=\(planted[8])&code=\(planted[8])", "state=%zz\(planted[8])", "code=\(planted[8])",
        ] { try await user.send("GET", "/api/integrations/oauth/xero/callback?\(query)") }
        for suffix in [
            "&error=denied%20{code}&error_description=code%20{code}%20state%20{state}", "&iss=https://{code}",
        ] {
            let (state, location) = try await Self.begin(user, secrets: &secrets)
            let code = SocketServer.pairs(String(location.split(separator: "?")[1]))["code"] ?? ""
            let more = suffix.replacingOccurrences(of: "{code}", with: code).replacingOccurrences(
                of: "{state}", with: state)
            try await user.send("GET", location + more)
        }

        // Every route with every kind of credential, and with bodies that hold secrets where none belong.
        let cookie = Witness(
            client: user.client.with(token: nil), answers: answers,
            headers: [("Cookie", "integration-host-session=\(session); theme=\(planted[6])")])
        let bad = Witness(client: user.client.with(token: planted[7]), answers: answers)
        let routes = try await nobody.send("GET", "/openapi.json").json["paths"]?.members ?? []
        #expect(routes.count > 20)
        let things = [
            "id": id, "user_id": "1", "service": "xero", "provider": "xero", "account_id": "tenant-1",
            "variant": "flo", "token": planted[9], "action": "discord-sync", "file": "xero.svg",
        ]
        for witness in [nobody, bad, cookie, Witness(client: user.client.with(token: key), answers: answers), user] {
            for (template, operations) in routes {
                let path = template.split(separator: "/", omittingEmptySubsequences: false).map { part in
                    part.hasPrefix("{") ? things[String(part.dropFirst().dropLast())] ?? "x" : String(part)
                }.joined(separator: "/")
                for (method, operation) in operations.members ?? [] where method != "delete" {
                    // An answer without end; the tests of live events read it.
                    if operation.at("responses.200.content")?["text/event-stream"] != nil { continue }
                    for body in method == "get" ? [nil] : Self.bodies(planted) {
                        try await witness.send(method.uppercased(), path, body)
                    }
                }
            }
        }
        for body in [
            #"{"service":"xero","apiKey":"\#(planted[0])"}"#, #"{"service":"xero","apiKey":"\#(planted[0])"#,
            #"{"service":"xero","apiKey":["\#(planted[0])"]}"#, #"{"service":"\#(id)","apiKey":"\#(planted[0])"}"#,
        ] { try await user.send("POST", "/api/integrations/connections", body) }
        try await user.send(
            "POST", "/external-accounts/link",
            #"{"token":"\#(planted[9])","attributes":{"discordUserId":"1"},"expiresAt":"2030-01-01T00:00:00Z"}"#)

        // A rotation of the keys, a crash and an end, with a connection under way and one at work.
        _ = try await Self.begin(user, secrets: &secrets)
        let rotated = try await HostProcess.run(installation.command("keys", "rotate"))
        #expect(rotated.code == 0, "\(rotated.errors)")
        try await nobody.send("GET", "/metrics")
        var written = [rotated.output, rotated.errors, installation.host.log]
        installation.host.kill()
        written.append(installation.host.remainingOutput)
        try await installation.restart()
        let later = Witness(client: try TestClient(installation.host.url, token: session), answers: answers)
        try await later.send("POST", "/api/integrations/oauth/xero/refresh", "{\"connectionId\":\"\(id)\"}")
        for command in [
            ["connections", "--user", "1"], ["connections", "--user", "1", "--json"], ["check"], ["providers"],
        ] {
            let said = try await HostProcess.run(command + ["--config", installation.directory.path + "/host.json"])
            written += [said.output, said.errors]
        }
        let last = try await later.send("GET", "/metrics").text
        #expect(last.contains("integration_host_"))
        #expect(await installation.host.terminate() == 0)
        written += [installation.host.log, installation.host.remainingOutput, last]

        // The search.
        secrets.formUnion(server.secrets)
        #expect(server.problems.isEmpty, "\(server.problems)")
        #expect(secrets.count > 100)
        let forms = secrets.filter { $0.utf8.count >= 12 }.flatMap(Self.forms)
        let logs = Data(written.joined(separator: "\n").utf8)
        #expect(logs.count > 10_000, "the log is there to be searched")
        #expect(Self.found(forms, in: logs).isEmpty)
        for answer in answers.all {
            var allowed: Set<String> = []
            // What the answer is documented to hold: the URL with the state, and the caller's own state.
            if answer.request == "POST /api/integrations/connections" || answer.request.hasSuffix("/authorize")
                || answer.request.hasSuffix("/callback")
            {
                allowed = Self.states(in: answer.text)
            }
            let text = Data(answer.text.utf8)
            let hits = Self.found(forms, in: text).filter { hit in !allowed.contains { $0.contains(hit) } }
            #expect(hits.isEmpty, "\(answer.request): \(hits) in \(answer.text.prefix(600))")
        }
        let master = try Self.masterKeys(installation.data)
        #expect(!master.isEmpty)
        var searched = 0
        for path in try FileManager.default.subpathsOfDirectory(atPath: installation.data) {
            guard let bytes = FileManager.default.contents(atPath: installation.data + "/" + path) else { continue }
            searched += 1
            let hits = Self.found(forms, in: bytes)
            #expect(hits.isEmpty, "\(path): \(hits)")
            guard !path.hasPrefix("keys") else { continue }
            #expect(Self.found(master.flatMap(Self.forms), in: bytes).isEmpty, "\(path) holds a master key")
        }
        #expect(searched > 3)
        #expect(Self.found(master.flatMap(Self.forms), in: logs).isEmpty, "a master key is in a log")
        #expect(!Self.found(Self.forms(of: id), in: logs).isEmpty, "the search finds what is there")
    }

    /// Bodies with secrets where none belong, whole and malformed.
    private static func bodies(_ planted: [String]) -> [String?] {
        [
            "{}", "{\"token\":\"\(planted[9])\",\"code\":\"\(planted[8])\",\"password\":\"\(planted[0])\"}",
            "{\"code\":\"\(planted[8])\"}", "{\"token\":\"\(planted[9])", "[\"\(planted[0])\"]",
            "{\"\\u00e9\":1,\"x\":\(planted[0])}",
        ]
    }

    /// Begins an authorization with the caller's own state, and allows it.
    private static func begin(
        _ user: Witness, secrets: inout Set<String>
    ) async throws -> (state: String, location: String) {
        let callback = "\(user.client.origin)/api/integrations/oauth/xero/callback"
        let begun = try await user.send(
            "GET",
            "/api/integrations/oauth/xero/authorize?state=callercanary-meadow-otter&redirectUri=\(callback)")
        guard let url = begun.json["authUrl"]?.string, let state = begun.json["state"]?.string else {
            throw HostProcessError(description: "no URL: \(begun.text)")
        }
        secrets.insert(state)
        secrets.insert(String(state.split(separator: ".").last ?? ""))
        guard let location = try await user.client.with(token: nil).get(url).header("Location") else {
            throw HostProcessError(description: "no redirect")
        }
        return (state, location)
    }

    private static func connect(_ user: Witness, secrets: inout Set<String>) async throws -> String {
        let (_, location) = try await begin(user, secrets: &secrets)
        let completed = try await user.send("GET", location)
        guard let id = completed.json["connectionId"]?.string else {
            throw HostProcessError(description: "not connected: \(completed.text)")
        }
        #expect(completed.json["state"] == "callercanary-meadow-otter")
        return id
    }

    /// Deletes every connection but one.
    private static func prune(_ user: Witness, keeping id: String) async throws {
        for connection in try await user.send("GET", "/api/integrations/connections").json["connections"]?.array ?? [] {
            guard let other = connection["id"]?.string, other != id else { continue }
            try await user.send("DELETE", "/api/integrations/connections/\(other)")
        }
    }

    /// The states that an answer shows as members and in URLs.
    private static func states(in text: String) -> Set<String> {
        guard let body = text.components(separatedBy: "\n\n").last, let json = try? JSONValue.parse(Array(body.utf8))
        else { return [] }
        return Set([json["state"]?.string, json["authUrl"]?.string].compactMap { $0 })
    }

    /// The key material of the key ring.
    private static func masterKeys(_ data: String) throws -> [String] {
        var found: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: data + "/keys") {
            guard let bytes = FileManager.default.contents(atPath: data + "/keys/" + name) else { continue }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
                let fields = line.split(separator: " ")
                if fields.count == 4, fields[3].utf8.count >= 40 { found.append(String(fields[3])) }
            }
        }
        return found
    }
}
