// Users as an operator meets them: listed and shown beside a running host and without one, and erased by a running host.

import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Users command", .timeLimit(.minutes(3)))
struct UsersCommandTests {
    private static func run(_ installation: TestInstallation, _ arguments: String...) async throws
        -> ChildProcess.Ending
    {
        try await HostProcess.run(["users"] + arguments + installation.command())
    }

    @Test("The same users are listed and shown with a running host and without; erasing takes a running one")
    func life() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "ada")
        let id = try await installation.connect("stripe", client)
        for isRunning in [true, false] {
            if !isRunning { await installation.host.terminate() }
            let list = try await Self.run(installation, "list")
            #expect(list.code == 0 && list.output == "ada  1 connections  stripe\n", "\(list.output)\(list.errors)")
            let listed = try JSONValue.parse(Array(try await Self.run(installation, "list", "--json").output.utf8))
            #expect(listed["users"]?[0]?["id"] == "ada" && listed["nextCursor"] == .null)
            let shown = try await Self.run(installation, "show", "ada")
            #expect(shown.code == 0 && shown.output.contains("\(id)  stripe  connected  working"), "\(shown.output)")
            let json = try JSONValue.parse(Array(try await Self.run(installation, "show", "ada", "--json").output.utf8))
            #expect(json["connections"]?[0]?["id"]?.string == id)
            #expect(try await Self.run(installation, "show", "bob").code == 1)
            #expect(try await Self.run(installation, "list", "--cursor", "x").code == 1)
        }
        let alone = try await Self.run(installation, "erase", "ada")
        #expect(alone.code == 1 && alone.errors.contains("start it first"), "\(alone.errors)")
        try await installation.restart()
        let erased = try await Self.run(installation, "erase", "ada")
        #expect(erased.code == 0 && erased.output.contains("1 connections"), "\(erased.output)\(erased.errors)")
        #expect(try await Self.run(installation, "erase", "ada").code == 1)
        #expect(try await Self.run(installation, "list").output == "")
        for wrong in [
            ["list", "x"], ["show"], ["erase"], ["erase", "a", "--json"], ["x"], ["show", "a", "--cursor", "c"],
        ] {
            #expect(try await HostProcess.run(["users"] + wrong + installation.command()).code == 2, "\(wrong)")
        }
    }

    @Test("The connections of all users are listed by class, with and without a running host")
    func allConnections() async throws {
        let installation = try await TestInstallation()
        var ids: [String] = []
        for user in ["ada", "bea"] {
            ids.append(try await installation.connect("stripe", try await installation.client(user: user)))
        }
        func list(_ arguments: String...) async throws -> ChildProcess.Ending {
            try await HostProcess.run(["connections"] + arguments + installation.command())
        }
        for isRunning in [true, false] {
            if !isRunning { #expect(await installation.host.terminate() == 0) }
            let all = try await list("--all")
            #expect(all.code == 0 && ids.allSatisfy { all.output.contains($0) }, "\(all)")
            let working = try await list("--all", "--class", "working", "--json")
            let json = try JSONValue.parse(Array(working.output.utf8))
            #expect(Set(json["connections"]?.array?.compactMap { $0["userId"]?.string } ?? []) == ["ada", "bea"])
            let revoked = try await list("--all", "--class", "revoked")
            #expect(revoked.output == "There is no such connection.\n", "\(revoked)")
            let wrong = try await list("--all", "--class", "workin")
            #expect(wrong.code == 1 && wrong.errors.contains("did you mean “working”?"), "\(wrong)")
        }
        let both = try await list("--all", "--user", "ada")
        #expect(both.code == 2, "\(both)")
    }
}
