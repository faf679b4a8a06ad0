// Changes of connections in the audit log: which of them are acts, whose acts they are, and that none happens without its line.

import Audit
import Cryptography
import Glibc
import Primitives
import ProviderSDK
import StoreFiles
import TestSupport
import Testing

@testable import ConnectionModel
@testable import HostControl
@testable import Storage
@testable import Users

@Suite("Audited changes", .timeLimit(.minutes(1)))
struct AuditedChangeTests {
    private struct Fixture {
        let directory: TemporaryDirectory
        let data: DataDirectory
        let users: UserStore
        let trail: AuditTrail

        init(_ fileSystem: FileSystem = FileSystem()) throws {
            directory = try TemporaryDirectory()
            data = try DataDirectory(path: directory.path + "/data", options: StoreOptions(), fileSystem: fileSystem)
            users = UserStore(data.documents)
            let ring = try KeyRing.generate()
            trail = AuditTrail(data.audit, time: .system) { ring }
            users.audit(with: trail)
        }

        func lines() async throws -> [String] {
            try await trail.page(after: 0, limit: 100, userID: nil).entries.map { line in
                let parts = [line["actor"]?["kind"], line["action"], line["result"], line["service"]]
                return parts.compactMap { $0?.string }.joined(separator: " ")
            }
        }

        func add(_ status: ConnectionStatus) async throws -> String {
            let random = try SecureRandom.base62(22)
            return try await users.update("ann") { (user) throws(ServiceError) in
                try user.add(
                    service: "acme", variant: nil, status: status, shard: "000", random: random, at: .epoch)
            }
        }

        func change(_ id: String, _ body: (inout Connection) throws(ServiceError) -> Void) async throws {
            try await users.update("ann") { (user) throws(ServiceError) in try user.update(id, body) }
        }
    }

    private static let later = Timestamp.epoch.advanced(by: .seconds(60))

    @Test(
        "Connecting, connecting again, disconnecting, a revocation and a deletion are acts; what fails or is renewed is none"
    )
    func acts() async throws {
        let fixture = try Fixture()
        let id = try await fixture.add(.pending)
        #expect(try await fixture.lines() == [])
        try await fixture.change(id) { (it) throws(ServiceError) in try it.linked(to: "account", at: .epoch) }
        try await fixture.change(id) { (it) throws(ServiceError) in it.refreshBegan(at: Self.later) }
        try await fixture.change(id) { (it) throws(ServiceError) in try it.linked(to: "account", at: Self.later) }
        try await AuditActor.$current.withValue(AuditActor(.session, userID: "ann")) {
            try await fixture.change(id) { (it) throws(ServiceError) in
                _ = try it.endRequested(.disconnect, at: Self.later)
            }
        }
        try await fixture.change(id) { (it) throws(ServiceError) in
            _ = try it.disconnected(.notOffered, at: Self.later)
        }
        try await fixture.users.update("ann") { (user) throws(ServiceError) in _ = try user.remove(id, at: Self.later) }
        #expect(
            try await fixture.lines() == [
                "host connection.connect done acme", "host connection.connect done acme",
                "session connection.disconnect begun acme", "host connection.disconnect done acme",
                "host connection.delete done acme",
            ])
        let stale = try await fixture.add(.pending)
        try await fixture.users.update("ann") { (user) throws(ServiceError) in
            _ = try user.remove(stale, at: Self.later)
        }
        #expect(try await fixture.lines().count == 5)
    }

    @Test("An integration that is only recorded is no act when it is made, changed or removed")
    func recorded() async throws {
        let fixture = try Fixture()
        let id = try await fixture.add(.connected)
        try await fixture.users.update("ann") { (user) throws(ServiceError) in _ = try user.remove(id, at: Self.later) }
        #expect(try await fixture.lines() == [])
    }

    @Test("A connection whose line cannot be written is not made")
    func refused() async throws {
        let fixture = try Fixture(FileSystem(faults: NoAudit()))
        let id = try await fixture.add(.pending)
        await #expect(throws: ServiceError.self) {
            try await fixture.change(id) { (it) throws(ServiceError) in try it.linked(to: "account", at: .epoch) }
        }
        #expect(try await fixture.users.user("ann").connections.map(\.status) == [.pending])
        // What is no act needs no line.
        try await fixture.change(id) { (it) throws(ServiceError) in it.refreshBegan(at: Self.later) }
    }

    @Test("The newest lines are listed up to their number, and older ones behind a cursor")
    func listing() async throws {
        let fixture = try Fixture()
        let count = ControlLimits.auditLinesMax + 1
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { try await fixture.trail.record(.connect, AuditTarget(), .done) }
            }
            try await group.waitForAll()
        }
        let listing = AuditListing(trail: fixture.trail)
        func lines(_ cursor: Int?) async throws -> [String] {
            let answer = try await listing.carryOut(AuditOrder(cursor: cursor, userID: nil, asJSON: false))
            guard case .done(let lines) = answer else { return [] }
            return lines
        }
        let newest = try await lines(nil)
        #expect(newest.count == count - 1 && newest.first?.hasPrefix("2  ") == true)
        #expect(newest.last?.hasPrefix("\(count)  ") == true)
        let first = try await lines(0)
        #expect(first.count == count && first.last == "More lines: “audit list --cursor \(count - 1)”.")
        #expect(try await lines(count - 1).count == 1)
    }

    /// A disk without room for the audit log.
    private final class NoAudit: FaultPlan {
        func fault(at call: FileCall, path: String) -> Fault? {
            call == .write && path.hasPrefix("audit/") ? .error(ENOSPC) : nil
        }
    }
}
