// Plugins of an earlier SDK in the present host: they load, their connections go on where they were, and every part of the SDK that
// they use does what it did. The plugins and the interface of their SDK lie in Tests/Fixtures.

import Cryptography
import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Plugins of earlier SDK versions", .serialized, .timeLimit(.minutes(5)))
struct OldPluginTests {
    /// What a plugin is compiled with.
    enum SDK: String, CaseIterable, CustomTestStringConvertible {
        /// The interface of the release: the plugin's binary is as its author made it then.
        case released = "the released SDK"
        /// The present SDK: the author builds the old source again.
        case present = "the present SDK"

        var testDescription: String { rawValue }
    }

    @Test(
        "Plugins written for a released SDK load, resume their syncs and connect accounts", arguments: Release.all,
        SDK.allCases)
    func plugins(release: Release, sdk: SDK) async throws {
        let plugins = try TemporaryDirectory()
        for name in ["Harbor", "Pier"] { try await Self.compile(name, of: release, with: sdk, into: plugins) }
        let expected = try release.expected()
        let upstream = try UpstreamServer(HarborUpstream.answer)
        let directory = try TemporaryDirectory()
        let data = directory.path + "/data"
        try release.copyData(to: data)
        let providers = try Self.providers(expected, upstream: upstream.url)
        let configuration = try directory.write("host.json", release.configuration(data: data, providers: providers))

        let listed = try await HostProcess.run([
            "providers", "--json", "--config", configuration, "--plugins", plugins.path,
        ])
        #expect(try JSONValue.parse(Array(listed.output.utf8))["refused"]?.array?.isEmpty == true, "\(listed.output)")
        let host = try await HostProcess(["serve", "--config", configuration, "--plugins", plugins.path])
        let bench = OldPluginBench(
            expected: expected, sessions: ReleaseSessions(host: host, configuration: configuration), upstream: upstream)

        try await bench.expectInterruptedSyncCompletes()
        try await bench.expectSyncs()
        try await bench.expectWebhooks(host.url)
        try await bench.expectNewConnection()
        #expect(await host.terminate() == 0)
        await upstream.stop()
    }

    /// Compiles one of the release's plugins into `folder`.
    private static func compile(
        _ name: String, of release: Release, with sdk: SDK, into folder: TemporaryDirectory
    ) async throws {
        let build = HostProcess.executable.deletingLastPathComponent().path
        let sources = release.folder + "/plugin/" + name
        let files = try FileManager.default.contentsOfDirectory(atPath: sources).filter { $0.hasSuffix(".swift") }
        let cache = try TemporaryDirectory()
        try await PluginTests.run(
            "swiftc",
            [
                "-emit-library", "-parse-as-library", "-swift-version", "6", "-module-name", name,
                "-module-cache-path", cache.path, "-I", sdk == .released ? release.folder + "/sdk" : build + "/Modules",
                "-L", build, "-lProviderSDK", "-o", folder.path + "/lib\(name).so",
            ] + files.sorted().map { sources + "/" + $0 }, in: folder.path)
        try PluginTests.closeToOthers("\(folder.path)/lib\(name).so")
    }

    /// The release's settings, with those of the plugins' providers leading to `upstream`.
    private static func providers(_ expected: JSONValue, upstream: String) throws -> JSONValue {
        let secret = try (expected["plugins"] ?? .null).text("webhookSecret")
        let variant: JSONValue = [
            "clientId": "harbor-client", "clientSecret": "harbor-secret",
            "endpoints": [
                "authorize": .string(upstream + "/authorize"), "token": .string(upstream + "/token"),
                "api": .string(upstream),
            ],
        ]
        let harbor: JSONValue = [
            "webhookSecret": .string(secret), "requestsPerSecond": 1000, "pageSize": 3,
            "endpoints": ["revoke": .string(upstream + "/revoke")],
            "variants": ["north": variant, "south": variant],
        ]
        let pier: JSONValue = ["endpoints": ["api": .string(upstream)]]
        return .object((expected["providers"]?.members ?? []) + [("harbor", harbor), ("pier", pier)])
    }
}

/// A host with old plugins over an old data directory.
private struct OldPluginBench {
    let expected: JSONValue
    let sessions: ReleaseSessions
    let upstream: UpstreamServer

    private static let connections = "/api/integrations/connections/"

    private func connection(_ name: String) throws -> String { try (expected["connections"] ?? .null).text(name) }

    /// Waits for the end of the newest sync.
    private func finished(_ connection: String, _ client: TestClient) async throws -> JSONValue {
        for _ in 0..<600 {
            let run = try await client.get(Self.connections + connection + "/sync").json["sync"] ?? .null
            if run["status"] != "running" { return run }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw HostProcessError(description: "the sync of \(connection) did not end")
    }

    /// Starts a sync and returns how it ended.
    ///
    /// The older the fixtures are, the likelier a scheduled sync is due: this one waits for it.
    private func sync(_ connection: String, _ client: TestClient, _ body: String) async throws -> JSONValue {
        for _ in 0..<20 {
            let started = try await client.post(Self.connections + connection + "/sync", body)
            if started.status == 200 { return try await finished(connection, client) }
            guard started.status == 409 else { throw HostProcessError(description: started.text) }
            _ = try await finished(connection, client)
        }
        throw HostProcessError(description: "another sync of \(connection) is always running")
    }

    /// A sync that a crash of the release interrupted is completed; with another build of the plugin it begins with the first page.
    func expectInterruptedSyncCompletes() async throws {
        let interrupted = expected["interrupted"] ?? .null
        let client = try await sessions.client(try interrupted.text("user"))
        let run = try await finished(try interrupted.text("connection"), client)
        #expect(run["id"] == interrupted["sync"])
        #expect(run["status"] == "completed" && run["recordsSynced"] == 7, "\(run)")
    }

    /// Sealed credentials open, and records are mapped as before.
    func expectSyncs() async throws {
        let tokens = expected["plugins"] ?? .null
        let alice = try await sessions.client("alice")
        let harbor = try connection("alice harbor")
        let run = try await sync(harbor, alice, #"{"syncType":"full"}"#)
        #expect(run["status"] == "completed" && run["recordsSynced"] == 19 && run["errors"] == 1, "\(run)")
        let north = upstream.requests.filter { $0.headers["x-port"] == "north" }
        #expect(north.allSatisfy { $0.headers["authorization"] == tokens["harborToken"]?.string })
        let records = try await alice.get(Self.connections + harbor + "/records?limit=1000").json["records"]?.array
        let first = records?.last { $0["sourceId"] == "s-1" }?["data"] ?? .null
        #expect(first["status"] == "active" && first["route"] == "Oslo – Lomé", "\(first)")
        #expect(first.at("customer.email") == "a@b.example" && first["source"] == "harbor")
        let yen = records?.last { $0["sourceId"] == "INV-4" }?["data"] ?? .null
        #expect(yen["amount"]?.number?.text == "1004" || yen["amount"] == "1004", "\(yen)")

        let bob = try await sessions.client("bob")
        let pier = try await sync(try connection("bob pier"), bob, #"{"syncType":"full"}"#)
        #expect(pier["status"] == "completed" && pier["recordsSynced"] == 4, "\(pier)")
        let keys = upstream.requests.filter { $0.path == "/moorings" }.map { $0.headers["x-pier-key"] }
        #expect(!keys.isEmpty && keys.allSatisfy { $0 == tokens["pierKey"]?.string })
    }

    /// Deliveries are verified by the manifest's scheme and understood by the plugin's code.
    func expectWebhooks(_ url: String) async throws {
        let client = try TestClient(url)
        let key = Array(try (expected["plugins"] ?? .null).text("webhookSecret").utf8)
        func deliver(_ body: String, altered: Bool = false) async throws -> TestResponse {
            let now = Int(Date().timeIntervalSince1970)
            let code = HMACSHA256(key: key).code(for: Array("\(now).\(body)".utf8)).bytes
            let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return try await client.send(
                "POST", "/webhooks/harbor/north", body: body,
                headers: [
                    ("Harbor-Signature", "t=\(now),v1=\(altered ? String(hex.reversed()) : hex)"),
                    ("Content-Type", "application/json"),
                ])
        }
        let challenge = try await deliver(#"{"challenge":"c-1"}"#)
        #expect(challenge.text == #"{"challenge":"c-1"}"# && challenge.header("x-harbor") == "1")
        #expect(try await deliver(#"{"challenge":"c-1"}"#, altered: true).status == 403)
        #expect(try await deliver("no JSON").status == 400)
        let event = #"{"events":[{"id":"ev-2","port_id":"port-7","type":"changed","types":["shipments"]}]}"#
        #expect(try await deliver(event).status == 202)
    }

    /// An account is connected by the whole flow: authorization, callback, exchange, identity.
    func expectNewConnection() async throws {
        let client = try await sessions.client("newcomer")
        let created = try await client.post(
            "/api/integrations/connections", #"{"service":"harbor","variant":"south"}"#)
        let url = try created.json.text("authUrl")
        #expect(url.contains("prompt=consent") && url.contains("code_challenge="), "\(url)")
        let decided = try await client.with(token: nil).get(url)
        let completed = try await client.get(try #require(decided.header("location")))
        let id = try completed.json.text("connectionId")
        let connection = try await client.get(Self.connections + id).json["connection"] ?? .null
        #expect(connection["status"] == "connected", "\(connection)")
        let exchange = try #require(upstream.requests.last { $0.path == "/token" })
        let form = String(decoding: exchange.body, as: UTF8.self)
        #expect(form.contains("app_id=harbor-client") && exchange.headers["x-client"] == "harbor-plugin")
        #expect(try await client.send("DELETE", Self.connections + id).status == 200)
        #expect(upstream.requests.contains { $0.path == "/detach" })
        #expect(upstream.requests.contains { $0.path == "/revoke" })
    }
}

/// The API that the plugins speak to, as the release's fixtures were made with.
private enum HarborUpstream {
    @Sendable
    static func answer(_ request: UpstreamServer.Request) -> UpstreamServer.Answer {
        let query = request.query
        switch request.path {
        case "/authorize":
            let back = (query["redirect_uri"] ?? "").removingPercentEncoding ?? ""
            return .init(
                [:], status: 302,
                headers: [("Location", "\(back)?code=c&state=\(query["state"] ?? "")&port_id=port-9")])
        case "/token":
            let grant: JSONValue = [
                "access_token": "new-access", "refresh_token": "new-refresh", "token_type": "Harbor",
                "expires_in": 3600, "scope": "freight.read,offline",
            ]
            return .init(["grant": grant])
        case "/me": return .init(["name": "Seven Seas"])
        case "/shipments": return .init(shipments(from: Int(query["cursor"] ?? "") ?? 0))
        case "/invoices": return .init(invoices(page: Int(query["page"] ?? "") ?? 1))
        case "/containers":
            let boxes = (0..<4).map { number -> JSONValue in
                [
                    "id": .string("con_\(number)"), "name": .string("Box \(number)"), "size": "20",
                    "load": .number(JSONNumber(number)),
                ]
            }
            return .init(["containers": .array(boxes), "more": false])
        case "/notes":
            let notes = (0..<5).map { number -> JSONValue in
                ["id": .string("n-\(number)"), "text": .string("note number \(number)")]
            }
            return .init(["notes": .array(notes), "more": false, "total": 5])
        case "/moorings":
            let berths = (0..<3).map { number -> JSONValue in
                ["id": .number(JSONNumber(number)), "name": .string("Berth \(number)"), "depth": "1.50"]
            }
            return .init(["moorings": .array(berths), "links": [:]])
        case "/status":
            return .init([
                "pier": "main", "open": true, "currency": "EUR", "price": [["cents": 250, "count": 2]],
            ])
        case "/revoke", "/detach": return .init(["ended": true])
        default: return .init(["error": ["code": "gone"]], status: 404)
        }
    }

    private static func shipments(from first: Int) -> JSONValue {
        let last = min(first + 3, 7)
        let data = (first..<last).map { number -> JSONValue in
            [
                "id": .string("s-\(number)"), "reference": .string("REF \(number)"), "state": "sailing",
                "weight": "1.250",
                "from": "Oslo", "to": "Lomé", "customer": ["id": "c-1", "email": "A@B.example"],
            ]
        }
        return ["data": .array(data), "next": last < 7 ? .string("\(last)") : .null, "total": 7]
    }

    private static func invoices(page: Int) -> JSONValue {
        let invoices = (page * 2..<page * 2 + 2).map { number -> JSONValue in
            [
                "number": .string("INV-\(number)"), "total": .number(JSONNumber(1000 + number)),
                "currency": number == 3 ? .null : number == 4 ? "JPY" : "usd",
                "state": number < 6 ? "open" : "void", "due": "2024-02-01",
            ]
        }
        return ["invoices": .array(invoices), "pages": 3]
    }
}
