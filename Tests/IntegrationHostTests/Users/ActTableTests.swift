// What the audit log records, held complete: each route and each command has its line in Tests/acts.txt.

import Foundation
import HostTesting
import ProviderSDK
import Testing

@testable import Audit
@testable import Commands
@testable import IntegrationHost

@Suite("Table of acts", .timeLimit(.minutes(1)))
struct ActTableTests {
    private static let root = URL(fileURLWithPath: #filePath).appending(path: "../../../..").standardized

    /// The rows by their route or command: the actions, or “-” and the reason.
    private static func rows() throws -> [String: [String]] {
        let text = try String(contentsOf: root.appending(path: "Tests/acts.txt"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: " | ") }
        return Dictionary(
            rows.map { (String($0[0]), $0[1].split(separator: " ").map(String.init)) },
            uniquingKeysWith: { first, _ in first + ["twice"] })
    }

    /// Every operation of the OpenAPI document, as a row has it.
    private static func routes() async throws -> [String] {
        let caller = try RouteFixture.shared.get().caller(nil, .memory)
        let paths = try #require(try await caller.send("GET", "/openapi.json").json["paths"]?.members)
        return paths.flatMap { path in
            (path.value.members ?? []).map { "\($0.key.uppercased()) \(path.key)" }.filter {
                !$0.hasPrefix("PARAMETERS ")
            }
        }
    }

    private static var commands: [String] {
        Program.commands.flatMap { command in
            command.actions.isEmpty
                ? ["command \(command.name)"] : command.actions.map { "command \(command.name) \($0)" }
        }
    }

    @Test("Each route and each command names its acts or says why it has none, and no line is left over")
    func complete() async throws {
        let rows = try Self.rows()
        let known = Set(try await Self.routes() + Self.commands + ["background"])
        #expect(known.subtracting(rows.keys).sorted() == [], "without a line in Tests/acts.txt")
        #expect(Set(rows.keys).subtracting(known).sorted() == [], "no route and no command")
        for (name, words) in rows where words.first == "-" { #expect(words.count > 1, "\(name) has no reason") }
        #expect(known.count > 100)
    }

    @Test("The actions of the table are those of the audit log, and docs/operate.md explains each of them")
    func actions() throws {
        let named = Set(try Self.rows().values.filter { $0.first != "-" }.joined())
        #expect(named.sorted() == AuditAction.allCases.map(\.rawValue).sorted())
        let page = try String(contentsOf: Self.root.appending(path: "docs/operate.md"), encoding: .utf8)
        for action in AuditAction.allCases.map(\.rawValue) {
            let last = "`." + action.split(separator: ".")[1] + "`"
            let family = "`" + action.split(separator: ".")[0] + "."
            #expect(
                page.contains("`\(action)`")
                    || page.split(separator: "\n").contains { $0.contains(family) && $0.contains(last) },
                "\(action) is not explained")
        }
    }
}
