// The limits of changes, lists and erasures of users from both sides.

import Audit
import Dispatch
import DocumentStore
import Primitives
import ProviderSDK
import Storage
import StoreFiles
import Synchronization
import TestSupport
import Testing

@testable import Background
@testable import ConnectionModel
@testable import Connections
@testable import HostControl
@testable import Observability
@testable import Users

@Suite("Limits of users", .timeLimit(.minutes(2)))
struct UserLimitTests {
    // MARK: Changes

    private struct Note: StoredValue {
        init() {}
        init(document: [UInt8]) throws(ServiceError) {}
        var document: [UInt8] { [] }
    }

    /// Changes a value that others change at the same time, `conflicts` times.
    private func change(conflicts: Int) async throws -> (attempts: Int, error: ServiceError?) {
        let directory = try TemporaryDirectory()
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let documents = data.documents
        let notes = DocumentCollection<PlainForm<Note>>(documents, name: "notes", noun: "note")
        let attempts = Atomic<Int>(0)
        // A thread of its own, because the change waits for the other one.
        let task = Task(executorPreference: TaskLine()) { () -> ServiceError? in
            do throws(ServiceError) {
                try await notes.update([1]) { (note: inout Note?) throws(ServiceError) in
                    note = Note()
                    guard attempts.add(1, ordering: .relaxed).newValue <= conflicts else { return }
                    let isSaved = DispatchSemaphore(value: 0)
                    Task.detached {
                        _ = try? await documents.save(
                            DocumentKey(collection: "notes", id: [1]), [], expecting: .any)
                        isSaved.signal()
                    }
                    isSaved.wait()
                }
                return nil
            } catch { return error }
        }
        let error = await task.value
        return (attempts.load(ordering: .relaxed), error)
    }

    @Test("A change is tried as often as it may be while others change the same, and fails then")
    func updateAttempts() async throws {
        let countMax = ConnectionLimits.updateAttemptsMax
        let last = try await change(conflicts: countMax - 1)
        #expect(last.attempts == countMax && last.error == nil)
        let beyond = try await change(conflicts: countMax)
        guard case .unavailable = beyond.error else {
            return #expect(Bool(false), "\(String(describing: beyond.error))")
        }
        #expect(beyond.attempts == countMax)
    }

    // MARK: Lists

    /// Stores users with one connection each, in different folders of the store.
    private static func add(_ count: Int, to users: UserStore) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask {
                    let id = "user-\(number)"
                    try await users.update(id) { (user) throws(ServiceError) in
                        _ = try user.add(
                            service: "acme", variant: nil, status: .connected, isReported: true,
                            shard: UserStore.shard(of: id), random: "abcdefghijklmnopqrstuv", at: .epoch)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func directory(_ fixture: OAuthFixture) -> UserDirectory {
        UserDirectory(
            users: fixture.users,
            diagnoses: DiagnosisService(
                users: fixture.users, registry: fixture.registry, vault: fixture.vault, records: fixture.data.records,
                sync: nil, limiter: nil, time: fixture.time), time: fixture.time)
    }

    @Test("A page of connections reads users and summaries up to their numbers, and names the next page beyond them")
    func pages() async throws {
        let fixture = try OAuthFixture("http://127.0.0.1:1")
        var directory = Self.directory(fixture)
        #expect(directory.usersReadMax == UserListLimits.usersReadMax)
        #expect(directory.summariesReadMax == UserListLimits.summariesReadMax)
        let count = 5
        try await Self.add(count, to: fixture.users)
        let folders = Set((0..<count).map { UserStore.shard(of: "user-\($0)") }).count
        try #require(folders == count)
        // Nothing is found, so only what is read ends the page.
        let filter = ConnectionFilter(service: "other")
        for missing in [0, 1] {
            directory.usersReadMax = count - missing
            directory.summariesReadMax = .max
            #expect((try await directory.connections(filter, after: nil, limit: 10).next != nil) == (missing == 1))
            directory.usersReadMax = .max
            // The page ends before the folder after the one with the last summary.
            directory.summariesReadMax = count - missing
            #expect((try await directory.connections(filter, after: nil, limit: 10).next != nil) == (missing == 1))
        }
        fixture.stop()
    }

    @Test("A list of users for a command has as many as it may, and names the next page beyond them")
    func listedUsers() async throws {
        let fixture = try OAuthFixture("http://127.0.0.1:1")
        let report = UserReport(directory: Self.directory(fixture), erasure: nil)
        try await Self.add(ControlLimits.listedUsersMax, to: fixture.users)
        guard case .done(let all) = try await report.carryOut(.list(cursor: "", asJSON: false)) else {
            return #expect(Bool(false), "no list")
        }
        #expect(all.count == ControlLimits.listedUsersMax && all.allSatisfy { $0.hasPrefix("user-") })
        try await fixture.users.update("more") { (user) throws(ServiceError) in
            _ = try user.add(
                service: "acme", variant: nil, status: .connected, isReported: true,
                shard: UserStore.shard(of: "more"), random: "abcdefghijklmnopqrstuv", at: .epoch)
        }
        guard case .done(let cut) = try await report.carryOut(.list(cursor: "", asJSON: false)) else {
            return #expect(Bool(false), "no list")
        }
        #expect(cut.count == ControlLimits.listedUsersMax + 1 && cut.last?.hasPrefix("More users: ") == true)
        fixture.stop()
    }

    // MARK: Erasures

    /// Ends grants as the test says.
    private struct Grants: GrantRevoking {
        let end: @Sendable (Connection) async -> Void

        func revocation(
            of connection: Connection, user: String
        ) async throws(CancellationError) -> RevocationAnswer {
            await end(connection)
            return RevocationAnswer(.revoked)
        }
    }

    private struct NoData: UserDataErasing {
        func eraseData(of user: User) async throws(ServiceError) -> Int { 0 }
    }

    private struct NoSyncs: SyncCanceling, GrantRefreshing {
        func cancel(connection id: String) async {}
        func settle(connection id: String, longest: Duration) async {}
    }

    private static func erasure(
        _ fixture: OAuthFixture, _ end: @escaping @Sendable (Connection) async -> Void
    ) -> UserErasure {
        let (log, grants) = (Log(level: .error), Grants(end: end))
        let records = RecordErasure(
            users: fixture.users, sync: NoSyncs(), records: fixture.data.records, log: log)
        return UserErasure(
            users: fixture.users, documents: fixture.data.documents,
            lifecycle: ConnectionLifecycle(
                users: fixture.users, grants: grants, refreshes: NoSyncs(), sync: NoSyncs(), records: records,
                time: fixture.time, log: log),
            records: records, grants: grants, keys: NoData(), linkTokens: LinkTokenStore(fixture.data.documents),
            connectSessions: ConnectSessions(
                fixture.data.documents, users: fixture.users, registry: fixture.registry, returnTo: [],
                time: fixture.time, log: log),
            accounts: fixture.accounts, audit: AuditTrail(fixture.data.audit, time: fixture.time) { nil },
            time: fixture.time, log: log)
    }

    @Test(
        "An erasure begins again as often as it may while the user connects accounts, and fails then",
        arguments: [0, 1])
    func erasureAttempts(excess: Int) async throws {
        let fixture = try OAuthFixture("http://127.0.0.1:1")
        _ = try await fixture.connect()
        let more = UserListLimits.attemptsMax - 1 + excess
        let connected = Atomic<Int>(0)
        let erasure = Self.erasure(fixture) { _ in
            if connected.add(1, ordering: .relaxed).newValue <= more { _ = try? await fixture.connect() }
        }
        do throws(ServiceError) {
            _ = try await erasure.erase("u")
            #expect(excess == 0)
        } catch {
            guard case .unavailable = error else { return #expect(Bool(false), "\(error)") }
            #expect(excess == 1)
        }
        #expect((try await fixture.users.stored("u") == nil) == (excess == 0))
        fixture.stop()
    }

    @Test("As many connections of an erased user end at the same time as may, and one more waits")
    func endings() async throws {
        let fixture = try OAuthFixture("http://127.0.0.1:1")
        let count = UserListLimits.endingsMax + 1
        for _ in 0..<count { _ = try await fixture.connect() }
        let begun = Atomic<Int>(0)
        let gate = OneTimeEvent()
        let erasure = Self.erasure(fixture) { _ in
            begun.add(1, ordering: .relaxed)
            await gate.wait()
        }
        let outcome = Task { try await erasure.erase("u") }
        try await waitUntil("all that may end") { begun.load(ordering: .relaxed) == UserListLimits.endingsMax }
        try await Task.sleep(for: .milliseconds(20))
        #expect(begun.load(ordering: .relaxed) == UserListLimits.endingsMax)
        gate.signal()
        #expect(try await outcome.value.connections == count)
        fixture.stop()
    }
}
