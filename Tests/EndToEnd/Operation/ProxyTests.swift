// The executable behind a proxy: what goes through it, what does not, and what happens when it is down.

import HostTesting
import ProviderSDK
import ProviderSandbox
import TestSupport
import Testing

@Suite("Outgoing proxies", .serialized, .timeLimit(.minutes(3)))
struct ProxyTests {
    private static let limits = #""rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0}"#
    /// A name that only a proxy knows.
    private static let name = "http://providers.example"

    /// A host whose Xero is reached by a name that no name server knows, and a proxy that knows it.
    private struct Bench {
        let installation: TestInstallation
        let proxy: TestProxy

        /// - Parameters:
        ///   - settings: the member `outgoingProxy` with its value, for the address of the proxy.
        ///   - environment: variables of the host, for the address of the proxy.
        init(
            settings: (String) -> String? = { _ in nil }, environment: (String) -> [String: String] = { _ in [:] }
        ) async throws {
            let standIns = try await TestInstallation(startsHost: false)
            let origin = standIns.sandbox.url
            proxy = TestProxy(to: origin)
            let table = SandboxProvider.configuration(of: Sandbox(SandboxConfiguration()).providers(origin: name))
            let xero = try #require(table.at("providers.xero"))
            let extra = [limits] + [settings(proxy.address)].compactMap(\.self)
            installation = try await TestInstallation(
                extra: extra.joined(separator: ","), environment: environment(proxy.address), providers: ["xero": xero],
                beside: standIns)
        }

        /// Connects Xero; the user's own requests need no proxy.
        func connect(_ client: TestClient) async throws -> String {
            let created = try await client.post("/api/integrations/connections", #"{"service":"xero"}"#)
            let url = try #require(created.json["authUrl"]?.string, "\(created.text)")
            let local = installation.sandbox.url + url.dropFirst(name.utf8.count)
            let location = try await client.with(token: nil).get(local + "&decision=allow").header("location")
            let completed = try await client.get(try #require(location))
            guard let id = completed.json["connectionId"]?.string else {
                throw HostProcessError(description: "\(completed.status) \(completed.text) \(installation.host.log)")
            }
            return id
        }
    }

    @Test(
        "Tokens and data of a provider go through the proxy of the configuration or the environment, notifications do not",
        arguments: [true, false])
    func providers(isConfigured: Bool) async throws {
        let bench = try await Bench(
            settings: { isConfigured ? "\"outgoingProxy\":\"http://u:proxy-password@\($0)\"" : nil },
            environment: { isConfigured ? [:] : ["HTTP_PROXY": "http://u:proxy-password@\($0)"] })
        let receiver = try TestReceiver()
        let client = try await bench.installation.client(user: "u")
        let id = try await bench.connect(client)
        let path = "/api/integrations/connections/\(id)"
        let changed = try await client.send("PATCH", path, body: "{\"settings\":{\"webhookUrl\":\"\(receiver.url)\"}}")
        #expect(changed.status == 200, "\(changed.text)")
        let sync = try await bench.installation.sync(id, client, body: #"{"syncType":"full"}"#)
        #expect(sync["status"] == "completed", "\(sync) \(bench.installation.host.log)")
        #expect(
            try await client.post("/api/integrations/oauth/xero/refresh", "{\"connectionId\":\"\(id)\"}").status == 200)
        let lines = bench.proxy.requests.map(\.line)
        #expect(lines.count { $0.hasPrefix("POST \(Self.name)/xero/") } >= 2, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("GET \(Self.name)/xero/api/") }, "\(lines)")
        #expect(bench.proxy.requests.allSatisfy { $0.authorization == "Basic dTpwcm94eS1wYXNzd29yZA==" })
        // The receiver is on this machine; the proxy would have led its requests to the stand-ins.
        _ = try await receiver.received(1)
        #expect(!bench.proxy.requests.contains { $0.line.contains("/hook") })
        #expect(!bench.installation.host.log.contains("proxy-password"))
        await receiver.stop()
        bench.proxy.stop()
    }

    @Test("Exceptions are reached directly: the provider's name is then looked up, and is not found")
    func exceptions() async throws {
        let bench = try await Bench(
            environment: { ["HTTP_PROXY": "http://\($0)", "NO_PROXY": "localhost,.example"] })
        let client = try await bench.installation.client(user: "u")
        let error = await #expect(throws: HostProcessError.self) { try await bench.connect(client) }
        #expect(error?.description.hasPrefix("502") == true, "\(error?.description ?? "")")
        #expect(bench.proxy.requests.isEmpty)
        bench.proxy.stop()
    }

    @Test("Notifications go through a proxy that filters, and by no other way")
    func notifications() async throws {
        // What goes to the proxy reaches the receiver, whatever host it names.
        let receiver = try TestReceiver()
        let proxy = TestProxy(to: String(receiver.url.prefix { $0 != "?" }.dropLast("/hook".utf8.count)))
        let installation = try await TestInstallation(
            extra: Self.limits
                + ",\"outgoingProxy\":{\"url\":\"http://\(proxy.address)\",\"except\":[\"127.0.0.1\"],\"notifications\":true}"
        )
        let client = try await installation.client(user: "u")
        let id = try await installation.connect("stripe", client)
        let path = "/api/integrations/connections/\(id)"
        let changed = try await client.send(
            "PATCH", path, body: #"{"settings":{"webhookUrl":"http://hooks.example/hook"}}"#)
        #expect(changed.status == 200, "\(changed.text)")
        #expect(try await client.post(path + "/webhook-deliveries/test", "{}").status == 200)
        _ = try await receiver.received(1)
        #expect(proxy.requests.map(\.line) == ["POST http://hooks.example/hook HTTP/1.1"])
        await receiver.stop()
        proxy.stop()
    }

    @Test("A proxy that is down costs no grant")
    func down() async throws {
        let bench = try await Bench(settings: { "\"outgoingProxy\":\"http://\($0)\"" })
        let client = try await bench.installation.client(user: "u")
        let id = try await bench.connect(client)
        bench.proxy.stop()
        let refused = try await client.post("/api/integrations/oauth/xero/refresh", "{\"connectionId\":\"\(id)\"}")
        #expect(refused.status == 502, "\(refused.text)")
        let connection = try await client.get("/api/integrations/connections/\(id)").json["connection"] ?? .null
        #expect(connection["status"] == "connected", "\(connection)")
    }
}
