// The erasure of a user that dies: after the restart it continues by itself, and leaves nothing.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("A crash in the erasure of a user", .timeLimit(.minutes(8)))
struct UserErasureCrashTests {
    private static let user = "person-to-erase-4711"

    @Test("An erased user leaves nothing, wherever the host was killed")
    func erasure() async throws {
        let sweep = CrashSweep(extra: RefreshCrashTests.noLimits)
        let kills = try await sweep.run { installation in
            let client = try await installation.client(user: Self.user)
            let id = try await installation.connect("stripe", client)
            _ = try await installation.sync(id, client, body: #"{"dataTypes":["customers"]}"#)
            let key = try await HostProcess.run(installation.command("api-key", "create", "--user", Self.user))
            #expect(key.code == 0, "\(key.errors)")
            return id
        } act: { installation, _ in
            let superuser = try await installation.client(user: "root", flags: ["--role", "superuser"])
            #expect(try await superuser.send("DELETE", "/api/users/\(Self.user)").status == 200)
        } check: { installation, id, calls in
            let place: Comment = "killed at \(calls.count): \(calls.suffix(3))"
            let superuser = try await installation.client(user: "root", flags: ["--role", "superuser"])
            let left = try Self.files(installation, with: Self.user)
            if !left.contains(where: { $0.hasPrefix("user-erasures/") || $0.hasPrefix("journal/") }), !left.isEmpty {
                // The host died before it noted the erasure, so the caller has to ask again.
                let repeated = try await superuser.send("DELETE", "/api/users/\(Self.user)").status
                #expect([200, 404].contains(repeated), place)
            }
            // A host that died at the very end leaves the id in the journal until its first checkpoint.
            try await waitUntil("the erasure, \(place)", within: .seconds(60)) {
                let found = try await superuser.send("DELETE", "/api/users/\(Self.user)").status
                return try found == 404 && Self.files(installation, with: Self.user).isEmpty
            }
            // The audit log keeps the ids of connections, and none of users.
            let kept = try Self.files(installation, with: id)
            #expect(kept.allSatisfy { $0.hasPrefix("audit/") }, "\(kept) \(place)")
            let lines = try await HostProcess.run(installation.command("audit", "list", "--user", Self.user)).output
            #expect(lines.contains("user.erase  begun") && lines.contains("user.erase  done"), "\(lines) \(place)")
            let checked = try await HostProcess.run(installation.command("check"))
            #expect(checked.code == 0, "\(checked.output)\(checked.errors) \(place)")
        }
        #expect(kills > 10)
    }

    /// The files below the data directory whose name or content has `text`.
    private static func files(_ installation: TestInstallation, with text: String) throws -> [String] {
        let root = installation.data
        return try FileManager.default.subpathsOfDirectory(atPath: root).filter { path in
            let content = FileManager.default.contents(atPath: "\(root)/\(path)") ?? Data()
            return path.contains(text) || content.range(of: Data(text.utf8)) != nil
        }
    }
}
