// Connecting with an API key: the key is tried, its account is looked up, and nothing is stored for a key that is not known to be good.

import HostTesting
import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Connections
@testable import Notifications
@testable import OAuth
@testable import Providers
@testable import Users

@Suite("Connecting with a key", .timeLimit(.minutes(1)))
struct KeyConnectionTests {
    private static func service(_ fixture: OAuthFixture) -> ConnectionService {
        ConnectionService(
            users: fixture.users, registry: fixture.registry, oauth: fixture.oauth, gateway: fixture.gateway,
            vault: fixture.vault, lifecycle: fixture.lifecycle,
            webhookURLs: NotificationURLPolicy(allowsPrivateAddresses: true), time: fixture.time)
    }

    private static func connect(_ key: String, to fixture: OAuthFixture) async throws(ServiceError) -> String {
        try await service(fixture).create(
            .init(service: "plain", apiKey: Secret(key)), for: OAuthFixture.principal
        ).connectionID
    }

    /// A provider that is connected with keys and knows the accounts behind some.
    private static func fixture(
        _ manifest: (inout ProviderManifest) -> Void = { _ in },
        _ answer: @escaping @Sendable (String) -> TokenServer.Reply
    ) throws -> (OAuthFixture, TokenServer) {
        let server = try TokenServer { request in answer(request.authorization ?? "") }
        let fixture = try OAuthFixture(server.url) { _ in
        } manifest: {
            $0.auth = .apiKey(APIKeyAuth())
            $0.endpoints = Dictionary(
                uniqueKeysWithValues: ["authorize", "token", "revoke"].map { ($0, "https://plain.example") })
            manifest(&$0)
        }
        return (fixture, server)
    }

    @Test("Two keys of one account make one connection, with the newer key")
    func accounts() async throws {
        let (fixture, server) = try Self.fixture { authorization in
            .json(200, #"{"id":"\#(authorization.hasSuffix("other") ? "2" : "1")","name":"Ada"}"#)
        }
        let first = try await Self.connect("key-a", to: fixture)
        let second = try await Self.connect("key-b", to: fixture)
        let other = try await Self.connect("key-other", to: fixture)
        #expect(first == second)
        #expect(first != other)
        let connection = try await fixture.connection(first)
        #expect(connection.accountID == "1")
        #expect(connection.accountName == "Ada")
        #expect(connection.status == .connected)
        #expect(try fixture.vault.accessToken(of: connection, user: "u")?.value == "key-b")
        #expect(try await fixture.users.user("u").connections.count == 2)
        server.stop()
        fixture.stop()
    }

    @Test("A key revives the expired connection to its account")
    func revived() async throws {
        let (fixture, server) = try Self.fixture { _ in .json(200, #"{"id":"1","name":"Ada"}"#) }
        let id = try await Self.connect("key-a", to: fixture)
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { $0.stored.status = .expired }
        }
        #expect(try await Self.connect("key-b", to: fixture) == id)
        #expect(try await fixture.connection(id).status == .connected)
        server.stop()
        fixture.stop()
    }

    @Test("A refused key is the caller's mistake, and nothing is stored", arguments: [400, 401, 403, 404])
    func refused(_ status: Int) async throws {
        let (fixture, server) = try Self.fixture { _ in .json(status, #"{"message":"no key-secret-1"}"#) }
        let error = await #expect(throws: ServiceError.self) { try await Self.connect("key-secret-1", to: fixture) }
        guard case .invalid("apiKey", let message) = error else { return #expect(Bool(false), "\(status)") as Void }
        #expect(!message.contains("key-secret-1"))
        #expect(try await fixture.users.user("u").connections.isEmpty)
        server.stop()
        fixture.stop()
    }

    @Test("A provider that cannot be asked stores nothing", arguments: [500, 503, 429])
    func down(_ status: Int) async throws {
        let (fixture, server) = try Self.fixture { _ in .json(status, "") }
        let error = await #expect(throws: ServiceError.self) { try await Self.connect("key", to: fixture) }
        guard case .provider = error else { return #expect(Bool(false), "\(status)") as Void }
        #expect(try await fixture.users.user("u").connections.isEmpty)
        server.stop()
        fixture.stop()
    }

    @Test("Where no request tells the account, the first data type shows whether the key is good")
    func withoutIdentity() async throws {
        let (fixture, server) = try Self.fixture { manifest in
            manifest.identity = nil
            manifest.dataTypes = [
                DataType("things", mapping: FieldMapping("thing", sourceID: ["id"], [])) {
                    $0.list = ListRequest(.get("/things"), items: "", paging: .none)
                }
            ]
        } _: { authorization in
            authorization.hasSuffix("good") ? .json(200, "[]") : .json(401, "")
        }
        let id = try await Self.connect("good", to: fixture)
        #expect(try await fixture.connection(id).accountID == nil)
        await #expect(throws: ServiceError.self) { try await Self.connect("bad", to: fixture) }
        #expect(try await fixture.users.user("u").connections.count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("A key that is rejected later ends the connection: nothing can replace it")
    func rejectedLater() async throws {
        let (fixture, server) = try Self.fixture { _ in .json(401, "") }
        let session = ProviderSession(
            fixture.gateway, fixture.provider, account: .init(), credentials: FixedCredential(token: Secret("key")))
        let error = await #expect(throws: ProviderError.self) {
            try await session.identity(of: TokenGrant(response: [:], claims: [:], callback: [:]))
        }
        #expect(error?.kind == .authRevoked)
        #expect(server.requests("/api/me").count == 1)
        server.stop()
        fixture.stop()
    }

    @Test("A 401 that the provider calls final costs one refresh and one retry, if there is a refresh token")
    func finalRejection() async throws {
        let script = Mutex<[Int]>([])
        let server = try TokenServer { request in
            request.path == "/token"
                ? RefreshServiceTests.pair(request.index)
                : .json(script.withLock { $0.isEmpty ? 200 : $0.removeFirst() }, #"{"id":"1"}"#)
        }
        let fixture = try OAuthFixture(server.url) { _ in
        } manifest: {
            $0.errors = ErrorClassification([ErrorRule(401, is: .authRevoked)])
        }
        let id = try await fixture.connect()
        func ask() async throws(ProviderError) {
            let source = fixture.refresher.source(user: "u", connection: id, provider: fixture.provider)
            let session = ProviderSession(fixture.gateway, fixture.provider, account: .init(), credentials: source)
            _ = try await session.identity(of: TokenGrant(response: [:], claims: [:], callback: [:]))
        }
        script.withLock { $0 = [401] }
        try await ask()
        #expect(server.requests("/token").count == 1)
        script.withLock { $0 = [401, 401] }
        let error = await #expect(throws: ProviderError.self) { try await ask() }
        #expect(error?.kind == .authRevoked)
        #expect(server.requests("/token").count == 2)
        // Without a refresh token the provider's word stands.
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.updateFirst { $0.stored.refreshToken = nil }
        }
        script.withLock { $0 = [401] }
        let last = await #expect(throws: ProviderError.self) { try await ask() }
        #expect(last?.kind == .authRevoked)
        #expect(server.requests("/token").count == 2)
        server.stop()
        fixture.stop()
    }
}
