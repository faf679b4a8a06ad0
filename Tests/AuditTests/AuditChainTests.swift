// The chain of the audit log: every way to change a written log breaks it, at the line that was changed.

import Foundation
import ProviderSDK
import TestSupport
import Testing

@testable import Audit

@Suite("Audit chain", .timeLimit(.minutes(1)))
struct AuditChainTests {
    /// A way to change a log of six lines, and where the check must find it.
    struct Tampering: Sendable, CustomTestStringConvertible {
        let name: String
        let change: @Sendable (inout [String]) -> Void
        let breaks: [AuditReport.Found]
        var testDescription: String { name }

        init(_ name: String, _ breaks: [(Int, AuditBreak)], _ change: @escaping @Sendable (inout [String]) -> Void) {
            self.name = name
            self.change = change
            self.breaks = breaks.map { .init(path: "audit/0000000000000001.log", line: $0.0, why: $0.1) }
        }
    }

    static let all: [Tampering] = [
        Tampering("nothing", []) { _ in },
        Tampering("a member changed", [(3, .altered)]) {
            $0[2] = $0[2].replacingOccurrences(of: "connection.connect", with: "connection.delete")
        },
        Tampering("a moment changed in the last line", [(6, .altered)]) {
            $0[5] = $0[5].replacingOccurrences(of: "1970", with: "1971")
        },
        Tampering("a line taken out", [(4, .gap(expected: 4, found: 5))]) { $0.remove(at: 3) },
        Tampering("two lines taken out", [(2, .gap(expected: 2, found: 4))]) { $0.removeSubrange(1...2) },
        Tampering(
            "two lines changed places",
            [(3, .gap(expected: 3, found: 4)), (4, .gap(expected: 5, found: 3)), (5, .gap(expected: 4, found: 5))]
        ) { $0.swapAt(2, 3) },
        Tampering("a line twice", [(4, .gap(expected: 4, found: 3))]) { $0.insert($0[2], at: 3) },
        Tampering("a line emptied", [(2, .malformed), (3, .unlinked)]) { $0[1] = "" },
        Tampering("a foreign line", [(2, .malformed), (3, .gap(expected: 3, found: 2))]) { $0.insert("{}", at: 1) },
        Tampering("a line rewritten with a new hash", [(4, .unlinked)]) { lines in
            var chain = AuditChain()
            for line in lines.prefix(2) {
                if let read = AuditChain.read(Array(line.utf8)[...]) { chain.begin(after: read) }
            }
            let other = AuditEntry(at: .epoch, action: .delete, result: .done, actor: .host)
            lines[2] = String(decoding: chain.line(of: other).dropLast(), as: UTF8.self)
        },
        Tampering("space added before the hash", [(3, .malformed), (4, .unlinked)]) {
            $0[2] = $0[2].replacingOccurrences(of: ",\"hash\"", with: ", \"hash\"")
        },
    ]

    @Test("Every change of a written log is found at its line, and a sound log is sound", arguments: all)
    func tampering(_ tampering: Tampering) async throws {
        let fixture = try AuditFixture()
        _ = try fixture.make([6])
        var lines = try fixture.text().split(separator: "\n").map(String.init)
        tampering.change(&lines)
        try fixture.write(lines.map { $0 + "\n" }.joined())
        let log = try fixture.open()
        let report = try await log.check()
        #expect(report.found == tampering.breaks)
        #expect(report.breaks == tampering.breaks.count && report.isSound == tampering.breaks.isEmpty)
        #expect(log.openingBreaks == tampering.breaks)
    }

    @Test("Each hash is the SHA-256 of the line before it, so that any tool can follow the chain")
    func format() throws {
        var chain = AuditChain()
        let line = String(decoding: chain.line(of: AuditFixture.entry), as: UTF8.self)
        #expect(
            line == """
                {"seq":1,"at":"1970-01-01T00:00:00.000Z","actor":{"kind":"host"},"action":"connection.connect",\
                "result":"done","prev":"\(AuditChain.origin)",\
                "hash":"0b4fd763bb70bfcc506aebc584e0e0adcdc40c1e8951478574644a59f327a135"}

                """)
    }

    @Test("A file that is missing in the middle, or at the beginning, is found")
    func missingFiles() async throws {
        let fixture = try AuditFixture()
        let names = try fixture.make([3, 3, 3])
        try FileManager.default.removeItem(atPath: fixture.directory.path + "/audit/" + names[1])
        let gap = try await fixture.open().check()
        #expect(gap.found == [.init(path: "audit/" + names[2], line: 1, why: .gap(expected: 4, found: 7))])
        try FileManager.default.removeItem(atPath: fixture.directory.path + "/audit/" + names[0])
        let beginning = try await fixture.open().check()
        #expect(beginning.missingThrough == 6 && beginning.found.isEmpty && !beginning.isSound)
    }

    @Test("A file under another name is found")
    func misnamed() async throws {
        let fixture = try AuditFixture()
        let names = try fixture.make([2, 2])
        let folder = fixture.directory.path + "/audit/"
        try FileManager.default.moveItem(atPath: folder + names[1], toPath: folder + AuditFolder.name(first: 4))
        let report = try await fixture.open().check()
        #expect(report.found.map(\.why) == [.misnamed])
    }
}
