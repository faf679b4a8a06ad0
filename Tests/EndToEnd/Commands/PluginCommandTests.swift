// `plugin new` and `plugin verify` as an author of plugins meets them: what is written builds, loads and passes its own tests.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Plugin commands", .serialized, .timeLimit(.minutes(5)))
struct PluginCommandTests {
    /// A directory that looks like the root of the repository.
    private func root() throws -> TemporaryDirectory {
        let root = try TemporaryDirectory()
        for folder in ["Plugins", "Tests/HTTPServerTests", "Sources/ProviderSDK", "Sources/HTTPServer"] {
            try FileManager.default.createDirectory(
                atPath: root.path + "/" + folder, withIntermediateDirectories: true)
        }
        try root.write("Package.swift", "")
        return root
    }

    private func sources(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { folder + "/" + $0 }
    }

    @Test("A new plugin compiles without a warning, is verified, and passes the tests that come with it")
    func newPlugin() async throws {
        let root = try root()
        let written = try await HostProcess.run(["plugin", "new", "Acme2Shop"], in: root.path)
        #expect(written.code == 0, "\(written.errors)")
        #expect(written.output.contains("Tests/Acme2ShopTests/Acme2ShopProviderTests.swift"))
        let plugin = try sources(root.path + "/Plugins/Acme2Shop")
        let tests = try sources(root.path + "/Tests/Acme2ShopTests")
        #expect(plugin.count == 3)
        #expect(tests.count == 1)
        for file in plugin + tests {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(!text.contains("{NAME}") && !text.contains("{ID}"))
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(file)")
        }

        let build = HostProcess.executable.deletingLastPathComponent().path
        let strict =
            ["-parse-as-library", "-swift-version", "6", "-strict-memory-safety", "-warnings-as-errors"]
            + [
                "ExistentialAny", "MemberImportVisibility", "InternalImportsByDefault",
                "NonisolatedNonsendingByDefault",
            ]
            .flatMap { ["-enable-upcoming-feature", $0] }
        let search = [
            "-I", build + "/Modules", "-I", ".", "-L", build, "-lProviderSDK", "-Xlinker", "-rpath", "-Xlinker", build,
        ]
        try await PluginTests.run(
            "swiftc",
            strict + search + ["-emit-library", "-emit-module", "-enable-testing", "-module-name", "Acme2Shop"]
                + ["-o", "libAcme2Shop.so"] + plugin, in: root.path)
        try PluginTests.closeToOthers(root.path + "/libAcme2Shop.so")
        let verified = try await HostProcess.run(["plugin", "verify", "./libAcme2Shop.so"], in: root.path)
        #expect(verified.code == 0, "\(verified.errors)")
        #expect(verified.output.contains("plugin       Acme2Shop 1.0.0 (acme2shop)"))
        #expect(verified.output.contains("verdict      conformance checks passed"))

        let main = try root.write(
            "Main.swift",
            "import Testing\n@main struct Main { static func main() async { await Testing.__swiftPMEntryPoint() as Never } }\n"
        )
        try await PluginTests.run(
            "swiftc",
            search + [
                "-parse-as-library", "-swift-version", "6", "-L", ".", "-lAcme2Shop", "-Xlinker", "-rpath", "-Xlinker",
                root.path,
            ]
                + ["-module-name", "Tests", "-o", "tests", main] + tests
                + sources(build + "/ProviderSDKTesting.build").filter { $0.hasSuffix(".o") }, in: root.path)
        try await PluginTests.run(root.path + "/tests", ["--testing-library", "swift-testing"], in: root.path)
    }

    @Test(
        "A name that cannot be a module's is refused before anything is written",
        arguments: [
            "acme", "", "2Acme", "Acme-2", "Acme.x", "../Acme", "Acme/x", "Äcme", "Swift", "Testing", "Self",
            "ProviderSDK",
        ]
            + [String(repeating: "A", count: 25)])
    func badNames(name: String) async throws {
        let root = try root()
        let result = try await HostProcess.run(["plugin", "new", name], in: root.path)
        #expect(result.code == 2)
        #expect(try sources(root.path + "/Plugins").isEmpty)
    }

    @Test(
        "A name that is taken, or a folder that is no repository, is refused",
        arguments: ["Acme", "ACME", "HTTPServer"])
    func taken(name: String) async throws {
        let root = try root()
        #expect(try await HostProcess.run(["plugin", "new", "Acme"], in: root.path).code == 0)
        let again = try await HostProcess.run(["plugin", "new", name], in: root.path)
        #expect(again.code == 1)
        #expect(again.errors.contains("exists already"), "\(again.errors)")
        let elsewhere = try await HostProcess.run(["plugin", "new", "Acme"], in: root.path + "/Plugins")
        #expect(elsewhere.code == 1)
        #expect(elsewhere.errors.contains("Package.swift is missing"), "\(elsewhere.errors)")
    }

    @Test(
        "A missing argument is named",
        arguments: [["plugin"], ["plugin", "new"], ["plugin", "verify"], ["plugin", "old", "x"]])
    func usage(arguments: [String]) async throws { #expect(try await HostProcess.run(arguments).code == 2) }

    @Test("A built-in plugin is verified by its name in any case")
    func verifiesByName() async throws {
        let directory = try TemporaryDirectory()
        for name in ["Stripe", "stripe"] {
            let result = try await HostProcess.run(["plugin", "verify", name, "--data", directory.path])
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.contains("(stripe)"))
        }
        let missing = try await HostProcess.run(["plugin", "verify", "Nothing", "--data", directory.path])
        #expect(missing.code == 1)
        #expect(missing.errors.contains("there is no libNothing.so in"), "\(missing.errors)")
    }

    @Test("A plugin that is refused, or fails a conformance check, is reported with the reason")
    func verifiesBadOnes() async throws {
        let folder = try TemporaryDirectory()
        try folder.write("libText.so", "this is no library")
        try await PluginTests.compile(
            PluginTests.source(id: "plain").replacing("manifest.description = \"A provider for tests\"", with: ""),
            name: "Plain", into: folder)
        let text = try await HostProcess.run([
            "plugin", "verify", "Text", "--plugins", folder.path, "--data", folder.path + "/data",
        ])
        #expect(text.code == 1)
        #expect(text.errors.contains("is not a plugin library (it is not an ELF file)"), "\(text.errors)")
        let plain = try await HostProcess.run(["plugin", "verify", folder.path + "/libPlain.so"])
        #expect(plain.code == 1)
        #expect(plain.output.contains("verdict      the manifest has no description"), "\(plain.output)")
    }
}
