// Checks the project's documents against the code: the version in the CHANGELOG and the index of decisions.
// Depends on file names and headings only.

import Foundation
import SystemAPI
import Testing

@testable import Configuration

@Suite("Documentation", .timeLimit(.minutes(1)))
struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized

    private func lines(of path: String) throws -> [String] {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test("The program's version is the newest in the CHANGELOG, or a later one with -dev while entries are unreleased")
    func version() throws {
        let lines = try lines(of: "CHANGELOG.md")
        let headings = lines.filter { $0.hasPrefix("## ") }.map { $0.dropFirst(3) }
        if headings.first == "Unreleased" {
            let base = try #require(Version.text.wholeMatch(of: /(\d+\.\d+\.\d+)-dev/)).1
            #expect(!headings.contains(base))
        } else {
            #expect(headings.first.map(String.init) == Version.text)
        }
    }

    @Test("Each version below the first heading names its commit in full")
    func commits() throws {
        let lines = Array(try lines(of: "CHANGELOG.md").drop { !$0.hasPrefix("## ") }.dropFirst())
        for (index, line) in lines.enumerated() where line.hasPrefix("## ") {
            #expect(lines[index + 1].wholeMatch(of: /Commit: `[0-9a-f]{40}`/) != nil, "\(line)")
        }
    }

    @Test("Every proof that the security page names is a suite of tests")
    func proofs() throws {
        let rows = try lines(of: "docs/security.md").filter { $0.hasPrefix("| ") }.map { $0.split(separator: "|") }
        let proofs = rows.filter { $0.count == 3 }.flatMap { row in
            row[2].matches(of: /`([^`]+)`/).map { String($0.1) }
        }
        #expect(proofs.count > 40)
        let tests = Self.root.appending(path: "Tests")
        let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        var suites: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            suites.formUnion(text.matches(of: /@Suite\("([^"]+)"/).map { String($0.1) })
        }
        #expect(proofs.filter { !suites.contains($0) } == [])
    }

    @Test("The index lists every decision")
    func decisions() throws {
        let index = try String(contentsOf: Self.root.appending(path: "docs/decisions/README.md"), encoding: .utf8)
        let folder = Self.root.appending(path: "docs/decisions").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != "README.md" }
        #expect(!files.isEmpty)
        for file in files { #expect(index.contains("](\(file))"), "\(file)") }
    }

    @Test("The configuration page has the table of settings; UPDATE_DOCUMENTATION=1 writes it")
    func settings() throws {
        let page = Self.root.appending(path: "docs/configuration.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let begin = try #require(text.range(of: "<!-- settings -->\n"))
        let end = try #require(text.range(of: "\n<!-- end of settings -->"))
        let table = SettingsDocumentation.table
        if ProcessInfo.processInfo.environment["UPDATE_DOCUMENTATION"] == "1" {
            let updated = text.replacingCharacters(in: begin.upperBound..<end.lowerBound, with: table)
            try updated.write(to: page, atomically: true, encoding: .utf8)
        } else {
            #expect(text[begin.upperBound..<end.lowerBound] == table)
        }
    }

    @Test("The schema of the configuration file is the committed one; UPDATE_DOCUMENTATION=1 writes it")
    func schema() throws {
        let file = Self.root.appending(path: "docs/configuration.schema.json")
        let text = SettingsSchema.text + "\n"
        if ProcessInfo.processInfo.environment["UPDATE_DOCUMENTATION"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(try String(contentsOf: file, encoding: .utf8) == text)
        }
    }

    @Test("The page of limits has every limit; UPDATE_DOCUMENTATION=1 writes it")
    func limits() throws {
        let page = Self.root.appending(path: "docs/limits.md")
        let text = try LimitsPage.text(Self.limitSections, root: Self.root)
        if ProcessInfo.processInfo.environment["UPDATE_DOCUMENTATION"] == "1" {
            try text.write(to: page, atomically: true, encoding: .utf8)
        } else {
            #expect(try String(contentsOf: page, encoding: .utf8) == text)
        }
    }

    private static let limitSections = LimitSection.callers + LimitSection.services + LimitSection.foundations

    @Test("Every constant of a limits type is a row of the page, or is named as no limit")
    func completeLimits() throws {
        for section in Self.limitSections {
            let declared = Set(try section.documentation(root: Self.root).keys)
            let rows = Set(section.rows.map(\.name))
            #expect(rows.count == section.rows.count && rows.isDisjoint(with: section.others))
            // Other types hold more than limits.
            let isLimits = section.type.hasSuffix("Limits") || section.type.hasSuffix("Bounds")
            #expect(rows.isSubset(of: declared), "\(section.type): \(rows.subtracting(declared))")
            if isLimits { #expect(rows.union(section.others) == declared, "\(section.type)") }
        }
    }

    @Test("The page of limits covers every type of limits of the host's modules")
    func limitTypes() throws {
        let covered = Set(Self.limitSections.map(\.type))
        let sources = Self.root.appending(path: "Sources")
        var found: Set<String> = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: sources.path) where path.hasSuffix(".swift") {
            let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
            for match in text.matches(of: /\n(?:public |package )?enum (\w+(?:Limits|Bounds))\b/) {
                found.insert(String(match.1))
            }
        }
        #expect(found.count > 10)
        // The sandbox is no part of a host, and the bounds of copying a data directory are those of one buffer.
        #expect(found.subtracting(covered) == ["SandboxLimits", "StorageLimits"])
    }

    @Test("Every constant that looks like a limit is a row of the page, or says why it is none")
    func limitsElsewhere() throws {
        let scan = try LimitScan(root: Self.root)
        #expect(scan.constants.count > 100)
        #expect(scan.problems(Self.limitSections).isEmpty, "\(scan.problems(Self.limitSections))")
    }

    @Test("Each limit of the page names a test that reaches it, and the tests exist")
    func limitTests() throws {
        let table = try LimitTests(root: Self.root)
        #expect(table.problems(Self.limitSections).isEmpty, "\(table.problems(Self.limitSections))")
    }

    @Test("Settings and metrics of the page of limits exist")
    func limitNames() throws {
        let keys = Set(SettingsTable.all.map { $0.path.joined(separator: ".") })
        let page = try String(
            contentsOf: Self.root.appending(path: "Sources/SystemAPI/MetricsPage.swift"), encoding: .utf8)
        let figures = try String(
            contentsOf: Self.root.appending(path: "Sources/SystemAPI/ServerFigures.swift"), encoding: .utf8)
        for row in Self.limitSections.flatMap(\.rows) {
            if let setting = row.setting { #expect(keys.contains(setting), "\(setting)") }
            if let metric = row.metric {
                let name = metric.replacing("integration_host_", with: "")
                #expect((page + figures).contains("\"\(name)\""), "\(metric)")
            }
        }
    }
}
