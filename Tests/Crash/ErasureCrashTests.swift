// A removal that dies: after the restart the connection is there with all its records, or gone with all of them.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("A crash in a removal", .timeLimit(.minutes(5)))
struct ErasureCrashTests {
    private static let connections = "/api/integrations/connections"

    @Test("A removed connection leaves no records, wherever the host was killed")
    func removal() async throws {
        let sweep = CrashSweep(extra: RefreshCrashTests.noLimits)
        let kills = try await sweep.run { installation in
            let client = try await installation.client(user: "user-1")
            let id = try await installation.connect("stripe", client)
            _ = try await installation.sync(
                id, client, body: #"{"syncType":"full","dataTypes":["subscriptions"]}"#)
            return id
        } act: { installation, id in
            _ = try await installation.client(user: "user-1").send("DELETE", "\(Self.connections)/\(id)")
        } check: { installation, id, calls in
            try await Self.check(id, installation, "killed at \(calls.count): \(calls.suffix(3))")
        }
        #expect(kills > 5)
    }

    private static func check(_ id: String, _ installation: TestInstallation, _ place: Comment) async throws {
        let client = try await installation.client(user: "user-1")
        let found = try await client.get("\(connections)/\(id)")
        if found.status == 200 {
            do {
                #expect(try await installation.records(id, client).count > 300, place)
            } catch {
                // A removal that had begun goes on after the start, at any moment of this check.
                #expect(try await client.get("\(connections)/\(id)").status == 404, "\(error) \(place)")
            }
            let removed = try await client.send("DELETE", "\(connections)/\(id)")
            #expect([200, 404].contains(removed.status), place)
        } else {
            #expect(found.status == 404, place)
        }
        // What the crash left is erased by the first look at the users after the start.
        try await waitUntil("the erasure of \(id), \(place)") { streams(of: id, installation).isEmpty }
    }

    /// Paths below the records folder that are of a connection, or of one that is being erased.
    private static func streams(of id: String, _ installation: TestInstallation) -> [String] {
        let root = installation.directory.path + "/data/records"
        let name = id.utf8.allSatisfy({ $0 < 0x41 || $0 > 0x5A }) ? id : "~"
        return (FileManager.default.subpaths(atPath: root) ?? []).filter { path in
            let parts = path.split(separator: "/")
            return parts.count == 2 && (parts[1].hasPrefix(name) || parts[1].hasPrefix(".erased"))
        }
    }
}
