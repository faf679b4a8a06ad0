// The identity of a data directory: what is moved stays the same installation, and what is copied or restored is another one.

import Foundation
import StoreFiles
import TestSupport
import Testing

@testable import Storage

@Suite("Installation", .timeLimit(.minutes(1)))
struct InstallationTests {
    private let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private func path(_ name: String) -> String { scratch.path + "/" + name }

    private func origin(_ name: String) throws -> Installation.Origin {
        let data = try DataDirectory(path: path(name))
        defer { data.close() }
        return data.installation.origin
    }

    @Test("A new directory is an installation, and it stays one when it is opened again, moved or renamed")
    func moved() throws {
        #expect(try origin("a") == .own)
        #expect(try origin("a") == .own)
        try FileManager.default.moveItem(atPath: path("a"), toPath: path("b"))
        #expect(try origin("b") == .own)
    }

    @Test("A copy is recognised until it is adopted, and the original stays what it is")
    func copied() throws {
        #expect(try origin("a") == .own)
        try FileManager.default.copyItem(atPath: path("a"), toPath: path("b"))
        #expect(try origin("b") == .copied)
        #expect(try origin("b") == .copied, "opening a copy does not adopt it")
        do {
            let data = try DataDirectory(path: path("b"))
            defer { data.close() }
            #expect(try data.installation.adopt())
            #expect(data.installation.origin == .own)
            #expect(try !data.installation.adopt())
        }
        #expect(try origin("b") == .own)
        #expect(try origin("a") == .own)
        try FileManager.default.copyItem(atPath: path("b"), toPath: path("c"))
        #expect(try origin("c") == .copied)
    }

    @Test("A directory without a mark is new, and one with a mark that cannot be read is a copy")
    func marks() throws {
        #expect(try origin("a") == .own)
        try FileManager.default.removeItem(atPath: path("a/installation"))
        #expect(try origin("a") == .own)
        #expect(FileManager.default.fileExists(atPath: path("a/installation")))
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path("a/installation")), options: [])
        #expect(try origin("a") == .copied)
    }

    @Test("A restored directory is marked")
    func restored() async throws {
        do {
            let data = try DataDirectory(path: path("a"))
            defer { data.close() }
            _ = try await data.backup(to: path("backup"))
        }
        _ = try DataDirectory.restore(from: path("backup"), to: path("b"))
        #expect(try origin("b") == .restored)
        let data = try DataDirectory(path: path("b"))
        defer { data.close() }
        #expect(try data.installation.adopt())
        #expect(!data.installation.isForeign)
    }
}
