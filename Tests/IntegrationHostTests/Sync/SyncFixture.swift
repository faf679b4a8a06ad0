// A sync engine over a real store and a scripted provider: no socket, no process. Requests for pages go straight
// to the script.

import Cryptography
import DocumentStore
import HTTPClient
import HostTesting
import Primitives
import ProviderSDK
import RecordStore
import Storage
import Synchronization
import TestSupport
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Credentials
@testable import OAuth
@testable import Observability
@testable import Providers
@testable import Sync

/// A provider whose pages come from a script.
final class ScriptedProvider: Provider {
    typealias Script = @Sendable (_ request: PageRequest, _ call: Int) async throws(ProviderError) -> SyncPage

    let manifest: ProviderManifest
    private let script: Script
    private let asked = Mutex<[PageRequest]>([])

    init(
        dataTypes: [String] = ["things"], incremental: Bool = false, scopes: [String] = [], version: String? = nil,
        configure: (inout DataType) -> Void = { _ in }, _ script: @escaping Script
    ) {
        manifest = ProviderManifest(id: "scripted", name: "Scripted") { manifest in
            if let version { manifest.version = version }
            manifest.dataTypes = dataTypes.map { name in
                let mapping = FieldMapping("thing", sourceID: ["id"], [Field("size", from: "size", as: .decimal)])
                return DataType(name, mapping: mapping) { type in
                    type.incremental = incremental ? Incremental(overlap: .seconds(60)) : nil
                    type.scopes = scopes
                    configure(&type)
                }
            }
        }
        self.script = script
    }

    /// The requested pages so far.
    var requests: [PageRequest] { asked.withLock { $0 } }

    func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        let call = asked.withLock { asked in
            asked.append(request)
            return asked.count - 1
        }
        return try await script(request, call)
    }

    /// A page of `ids` that is followed by one at `next`.
    static func page(_ ids: some Sequence<Int>, next: Int? = nil) -> SyncPage {
        SyncPage(
            ids.map { SourceRecord(["id": .string("t\($0)"), "size": .number(JSONNumber($0))]) },
            next: next.map { .number(JSONNumber($0)) })
    }
}

/// A host without routes.
final class SyncFixture: Sendable {
    let directory: TemporaryDirectory
    let data: DataDirectory
    let users: UserStore
    let registry: ProviderRegistry
    let engine: SyncEngine
    let reconciler: SyncReconciler
    let time: TimeSource

    /// A host with `provider`, over the data directory of an earlier one if given.
    init(
        _ provider: ScriptedProvider?, in directory: TemporaryDirectory? = nil, retryTime: Duration = .seconds(60),
        time: TimeSource = .system
    ) throws {
        self.time = time
        self.directory = try directory ?? TemporaryDirectory()
        data = try DataDirectory(path: self.directory.path + "/data")
        users = UserStore(data.documents)
        let log = Log(level: .error)
        let plugins = provider.map { [LoadedPlugin(provider: $0, path: "")] } ?? []
        registry = try ProviderRegistry(plugins, configuration: Configuration())
        let gateway = ProviderGateway(
            client: try HTTPClient(), limiter: ProviderRateLimiter(time: time), time: time, log: log)
        let vault = CredentialVault(try HostKeys(try KeyRing.generate(), path: ""))
        let refresher = RefreshService(users: users, gateway: gateway, vault: vault, time: time, log: log)
        engine = SyncEngine(
            users: users, registry: registry, credentials: refresher, gateway: gateway, vault: vault,
            records: data.records,
            retry: RetryPolicy(firstPause: .milliseconds(2), failingTimeMax: retryTime), time: time,
            log: log)
        reconciler = SyncReconciler(engine: engine, registry: registry, log: log)
        users.changes.observe { [engine] in engine.userDidChange($0.user) }
    }

    /// Connects a user; `change` sets other members of the connection.
    func connect(_ user: String = "u", _ change: (inout Connection) -> Void = { _ in }) async throws -> String {
        let now = time.now
        let random = try SecureRandom.base62(22)
        return try await users.update(user) { (user) throws(ServiceError) in
            let id = try user.add(
                service: "scripted", variant: nil, status: .connected, shard: UserStore.shard(of: user.id),
                random: random, at: now)
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.linked(to: nil, at: now)
                change(&connection)
            }
            return id
        }
    }

    func connection(_ id: String, of user: String = "u") async throws -> Connection? {
        try await users.user(user).connection(id)
    }

    func start(
        _ id: String, _ type: SyncType = .full, _ dataTypes: [String] = [], user: String = "u", key: String? = nil
    ) async throws(ServiceError) -> SyncRun {
        try await engine.start(
            user: user, connection: id, SyncRequest(type: type, dataTypes: dataTypes, idempotencyKey: key))
    }

    /// Waits until no sync of the connection runs.
    func ended(_ id: String, of user: String = "u") async throws -> SyncRun? {
        try await waitUntil("the end of the sync", every: .milliseconds(1)) {
            try await connection(id, of: user)?.runningSync == nil
        }
        return try await connection(id, of: user)?.syncs.first
    }

    /// Syncs to the end.
    func sync(_ id: String, _ type: SyncType = .full, _ dataTypes: [String] = []) async throws -> SyncRun? {
        _ = try await start(id, type, dataTypes)
        return try await ended(id)
    }

    /// The changes that a reader sees, in order: the id after `+`, `~` or `-`.
    func changes(_ id: String) async throws -> [String] {
        try await data.records.read(StreamID(id), after: .start, limit: 1000).changes.map { change in
            let kind = change.kind == .added ? "+" : change.kind == .updated ? "~" : "-"
            return kind + String(decoding: change.sourceID, as: UTF8.self)
        }
    }

    /// Stops the engine and closes the store, like the end of a process.
    func stop() async {
        await engine.stop()
        data.close()
    }
}

/// A door that is closed until it is opened.
final class Door: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
