// A provider is a plugin, its tests, its stand-in and its page: each one folder or file, found by name, and nothing lists them.

import Foundation
import ProviderSandbox
import Testing

@Suite("Provider folder", .timeLimit(.minutes(2)))
struct ProviderFolderTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The names of the folders, or of files without their extension, directly under `path`.
    private static func names(in path: String) throws -> Set<String> {
        let entries = try FileManager.default.contentsOfDirectory(
            at: root.appending(path: path), includingPropertiesForKeys: nil)
        return Set(entries.map { $0.deletingPathExtension().lastPathComponent }.filter { !$0.hasPrefix(".") })
    }

    @Test("Every plugin has tests, a stand-in and a page")
    func complete() throws {
        let plugins = try Self.names(in: "Plugins")
        #expect(try Self.names(in: "Tests").isSuperset(of: plugins.map { "\($0)Tests" }))
        #expect(try Self.names(in: "Sources/ProviderSandbox/StandIns") == plugins)
        #expect(
            try Self.names(in: "docs/providers").subtracting(["README"]) == Set(plugins.map { $0.lowercased() }))
    }

    @Test("Every stand-in's folder is found by the sandbox, in the order of the providers' ids")
    func found() throws {
        let ids = Sandbox().providers(origin: "http://sandbox").map(\.id)
        #expect(ids == (try Self.names(in: "Sources/ProviderSandbox/StandIns").map { $0.lowercased() }).sorted())
    }
}
