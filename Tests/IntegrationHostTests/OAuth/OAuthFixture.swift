// The OAuth services over a real store and a real socket: a scripted provider in the same process.

import Cryptography
import DocumentStore
import Foundation
import Glibc
import HTTPClient
import HostTesting
import Primitives
import ProviderSDK
import Storage
import Synchronization
import TestSupport
import Users

@testable import Background
@testable import Configuration
@testable import ConnectionModel
@testable import Connections
@testable import Credentials
@testable import HTTPAPI
@testable import OAuth
@testable import Observability
@testable import Providers
@testable import Sync

/// A scripted server on 127.0.0.1; one thread per connection.
final class TokenServer: Sendable {
    struct Request: Sendable {
        let path: String
        let form: [String: String]
        let authorization: String?
        /// The number of earlier requests to this path.
        let index: Int
    }

    enum Reply: Sendable {
        case json(Int, String)
        case raw(String)
        /// The request is read, and no answer is sent.
        case drop
        /// The answer is delayed.
        indirect case late(milliseconds: UInt32, Reply)
    }

    private struct State {
        var requests: [Request] = []
        var counts: [String: Int] = [:]
        var sockets: Set<Int32> = []
    }

    let url: String
    private let listener: Int32
    private let script: @Sendable (Request) -> Reply
    private let state = Mutex(State())

    init(_ script: @escaping @Sendable (Request) -> Reply) throws {
        self.script = script
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let port = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length)
                listen(listener, 512)
                unsafe getsockname(listener, address, &length)
            }
            return unsafe UInt16(bigEndian: address.pointee.sin_port)
        }
        url = "http://127.0.0.1:\(port)"
        Self.thread { [self] in accept() }
    }

    /// The requests to a path so far.
    func requests(_ path: String = "/token") -> [Request] {
        state.withLock { state in state.requests.filter { $0.path == path } }
    }

    func stop() {
        // The accepting thread closes it, because another server could reuse the number of a closed descriptor at once.
        shutdown(listener, Int32(SHUT_RDWR))
        for socket in state.withLock({ $0.sockets }) { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        Thread.detachNewThread(body)
    }

    private func accept() {
        while true {
            let socket = Glibc.accept(listener, nil, nil)
            guard socket >= 0 else {
                close(listener)
                return
            }
            _ = state.withLock { $0.sockets.insert(socket) }
            Self.thread { [self] in
                serve(socket)
                _ = state.withLock { $0.sockets.remove(socket) }
                close(socket)
            }
        }
    }

    /// Serves one request per connection: `Connection: close` keeps the client from reusing it.
    private func serve(_ socket: Int32) {
        guard let text = read(socket) else { return }
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let target = lines.first?.split(separator: " ").dropFirst().first.map(String.init) ?? "/"
        let path = target.split(separator: "?").first.map(String.init) ?? "/"
        let query = target.split(separator: "?").dropFirst().first.map(String.init) ?? ""
        let body = lines.last.map(String.init) ?? ""
        let request = state.withLock { state in
            let request = Request(
                path: path, form: Self.form(query + "&" + body),
                authorization: lines.first { $0.hasPrefix("Authorization: ") }.map { String($0.dropFirst(15)) },
                index: state.counts[path, default: 0])
            state.counts[path, default: 0] += 1
            state.requests.append(request)
            return request
        }
        send(script(request), to: socket)
    }

    private func send(_ reply: Reply, to socket: Int32) {
        switch reply {
        case .json(let status, let body):
            send(
                .raw(
                    "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                ), to: socket)
        case .raw(let text):
            let bytes = Array(text.utf8)
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes[sent...].withUnsafeBytes { buffer in
                    unsafe Glibc.send(socket, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        case .drop: shutdown(socket, Int32(SHUT_RDWR))
        case .late(let milliseconds, let reply):
            usleep(milliseconds * 1000)
            send(reply, to: socket)
        }
    }

    private func read(_ socket: Int32) -> String? {
        var bytes: [UInt8] = []
        while true {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let length = text.range(of: "Content-Length: ").flatMap { range in
                Int(text[range.upperBound...].prefix { $0.isNumber })
            }
            if text[end.upperBound...].utf8.count >= length ?? 0 { return text }
        }
    }

    private static func form(_ text: String) -> [String: String] {
        var form: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { form[String(parts[0])] = String(parts[1]) }
        }
        return form
    }
}

/// A provider with OAuth only.
struct PlainOAuthProvider: Provider {
    let manifest: ProviderManifest
}

/// The OAuth services of a host without its routes.
final class OAuthFixture: Sendable {
    let directory: TemporaryDirectory
    let data: DataDirectory
    let users: UserStore
    let registry: ProviderRegistry
    let vault: CredentialVault
    let keys: HostKeys
    let accounts: AccountUsers
    let refresher: RefreshService
    let oauth: OAuthService
    let gateway: ProviderGateway
    let reconciler: RefreshReconciler
    let grants: UnidentifiedGrantReconciler
    let revocations: RevocationReconciler
    let lifecycle: ConnectionLifecycle
    let provider: ConfiguredProvider
    let time: TimeSource

    static let principal = Principal(userID: "u", roles: [], kind: .session, sessionBinding: "s")

    /// The provider “plain”, with its endpoints at `url`.
    static func provider(_ url: String = "http://127.0.0.1:1", _ change: (inout OAuth2) -> Void) -> ConfiguredProvider {
        ConfiguredProvider(
            LoadedPlugin(provider: PlainOAuthProvider(manifest: manifest(change)), path: ""),
            configuration: settings(url))
    }

    static func manifest(_ change: (inout OAuth2) -> Void) -> ProviderManifest {
        ProviderManifest(id: "plain", name: "Plain") { manifest in
            var oauth = OAuth2()
            oauth.refresh = .refreshToken(rotation: .rotates(grace: .seconds(1800)))
            change(&oauth)
            manifest.auth = .oauth2(oauth)
            manifest.identity = IdentitySource(id: ["response.id"], name: ["response.name"], request: .get("/me"))
        }
    }

    private static func settings(_ url: String) -> ProviderConfiguration {
        var settings = ProviderConfiguration()
        settings.clientID = "client"
        settings.clientSecret = Secret("client-secret")
        settings.endpoints = [
            "authorize": url + "/authorize", "token": url + "/token", "revoke": url + "/revoke", "api": url + "/api",
        ]
        return settings
    }

    /// - Parameters:
    ///   - earlier: the fixture whose data, keys and time this one continues to use.
    ///   - time: the system's time by default.
    init(
        _ url: String, after earlier: OAuthFixture? = nil, time given: TimeSource? = nil,
        _ change: (inout OAuth2) -> Void = { _ in },
        manifest changeManifest: (inout ProviderManifest) -> Void = { _ in }
    ) throws {
        let time = given ?? earlier?.time ?? .system
        self.time = time
        directory = try earlier?.directory ?? TemporaryDirectory()
        data = try DataDirectory(path: directory.path + "/data")
        users = UserStore(data.documents, time: time)
        let log = Log(level: .error)
        var configuration = Configuration()
        configuration.providers = ["plain": Self.settings(url)]
        var manifest = Self.manifest(change)
        changeManifest(&manifest)
        registry = try ProviderRegistry(
            [LoadedPlugin(provider: PlainOAuthProvider(manifest: manifest), path: "")],
            configuration: configuration)
        provider = registry.providers[0]
        var client = HTTPClient.Configuration()
        client.addressPolicy = .any
        gateway = ProviderGateway(
            client: try HTTPClient(client), limiter: ProviderRateLimiter(time: time), time: time,
            log: log)
        keys = try earlier?.keys ?? HostKeys(try KeyRing.generate(), path: "")
        vault = CredentialVault(keys)
        accounts = AccountUsers(users: users, documents: data.documents, indexing: ["plain"], time: time, log: log)
        oauth = OAuthService(
            users: users, registry: registry, gateway: gateway, keys: keys, vault: vault,
            accounts: accounts,
            redirects: RedirectURIs(
                address: PublicAddress("https://host.example"), registered: ["https://app.example.com/callback"]),
            time: time, log: log)
        refresher = RefreshService(users: users, gateway: gateway, vault: vault, time: time, log: log) {
            [oauth] orphan, user in
            try await oauth.revoke(orphan, user: user)
        }
        reconciler = RefreshReconciler(users: users, registry: registry, refresher: refresher, time: time, log: log)
        grants = UnidentifiedGrantReconciler(
            users: users, registry: registry, oauth: oauth, refresher: refresher, time: time, log: log)
        revocations = RevocationReconciler(users: users, oauth: oauth, time: time, log: log)
        let sync = SyncEngine(
            users: users, registry: registry, credentials: refresher, gateway: gateway, vault: vault,
            records: data.records, retry: RetryPolicy(failingTimeMax: .seconds(1)), time: time, log: log)
        lifecycle = ConnectionLifecycle(
            users: users, grants: oauth, refreshes: refresher, sync: sync,
            records: RecordErasure(users: users, sync: sync, records: data.records, log: log), time: time, log: log)
    }

    /// A connected connection with the tokens `a0` and `r0`.
    func connect(_ user: String = "u", life: Int64? = 3600, _ change: (inout Connection) -> Void = { _ in })
        async throws
        -> String
    {
        let now = time.now
        let random = try SecureRandom.base62(22)
        return try await users.update(user) { (user) throws(ServiceError) in
            let id = try user.add(
                service: "plain", variant: nil, status: .connected, shard: UserStore.shard(of: user.id),
                random: random, at: now)
            let userID = user.id
            return try user.update(id) { (connection) throws(ServiceError) in
                connection.stored.connectedAt = now
                connection.stored.accountID = "account"
                connection.stored.accessToken = try vault.seal(
                    Secret("a0"), user: userID, connection: id, field: "accessToken")
                connection.stored.refreshToken = try vault.seal(
                    Secret("r0"), user: userID, connection: id, field: "refreshToken")
                connection.stored.issuedAt = now.advanced(by: .seconds(-3600))
                connection.stored.expiresAt = life.map { now.advanced(by: .seconds($0)) }
                connection.stored.webhookURL = "https://app.example.com/hook"
                change(&connection)
                return id
            }
        }
    }

    func connection(_ id: String, of user: String = "u") async throws -> Connection {
        guard let connection = try await users.user(user).connection(id) else {
            throw HostProcessError(description: "no connection")
        }
        return connection
    }

    /// The stored tokens.
    func tokens(_ id: String, of user: String = "u") async throws -> [String?] {
        let connection = try await connection(id, of: user)
        return [
            try vault.accessToken(of: connection, user: user)?.value,
            try vault.refreshToken(of: connection, user: user)?.value,
        ]
    }

    func refresh(_ id: String, of user: String = "u", replacing stale: String? = nil) async throws(ProviderError)
        -> String
    {
        try await refresher.refresh(
            user: user, connection: id, provider: provider, replacing: stale.map { Secret($0) }
        ).value
    }

    /// Refreshes, and lets the pause after a first refusal pass.
    ///
    /// - Returns: the new token; nil when the provider refuses again.
    @discardableResult
    func refreshPastRefusal(_ id: String, _ clock: ManualClock) async -> String? {
        let refreshed = Task { try? await self.refresh(id) }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(2))
        return await refreshed.value
    }

    func token(_ id: String, of user: String = "u") async throws(ProviderError) -> String {
        try await refresher.accessToken(user: user, connection: id, provider: provider).value
    }

    func stop() { data.close() }
}
