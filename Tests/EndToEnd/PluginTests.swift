// Plugins as their authors and operators meet them: built outside this package, dropped into a folder, refused with one sentence
// when something is wrong, while everything else serves.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Plugins", .serialized, .timeLimit(.minutes(5)))
struct PluginTests {
    /// The source of a small plugin.
    static func source(
        id: String, version: String = "SDKVersion.compiled", export: String = "PluginEntry.export(Acme())",
        manifest: String = ""
    ) -> String {
        """
        import ProviderSDK

        struct Acme: Provider {
            let manifest = ProviderManifest(id: "\(id)", name: "Acme") { manifest in
                manifest.description = "A provider for tests"
                manifest.category = "Tests"
                manifest.auth = .accountID(AccountIDAuth())
                \(manifest)
            }
        }

        @c(integration_host_plugin_sdk_version)
        public func pluginSDKVersion() -> UInt32 { \(version) }

        @c(integration_host_plugin_make_provider)
        public func makeProvider() -> UInt { \(export) }
        """
    }

    /// Compiles `source` into `folder` with the SDK that the tests were built with.
    static func compile(
        _ source: String, name: String, into folder: TemporaryDirectory, flags: [String] = []
    ) async throws {
        let file = try folder.write("\(name).swift", source)
        let build = HostProcess.executable.deletingLastPathComponent().path
        try await run(
            "swiftc",
            [
                "-emit-library", "-parse-as-library", "-swift-version", "6", "-module-name", name, "-I",
                build + "/Modules",
                "-L", build, "-lProviderSDK", "-o", folder.path + "/lib\(name).so", file,
            ] + flags, in: folder.path)
        try FileManager.default.removeItem(atPath: file)
        try closeToOthers("\(folder.path)/lib\(name).so")
    }

    /// Takes write permission from others, whatever the umask of the moment was: other tests change it.
    static func closeToOthers(_ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    static func run(_ tool: String, _ arguments: [String], in folder: String) async throws {
        let ending = try await onOwnThread {
            try ChildProcess.run([tool] + arguments, in: folder, within: .seconds(270))
        }
        guard ending.code == 0 else {
            throw HostProcessError(description: "\(tool): \(ending.output)\(ending.errors)")
        }
    }

    /// What `integration-host providers --json` says with the plugins of `folder`.
    static func providers(_ folder: TemporaryDirectory) async throws -> JSONValue {
        let result = try await HostProcess.run(
            ["providers", "--json", "--data", folder.path + "/data", "--plugins", folder.path])
        #expect(result.code == 0)
        return try JSONValue.parse(Array(result.output.utf8.dropLast()))
    }

    @Test(
        "A plugin of a package outside this one, built against the SDK by path, works when its library is copied into a folder"
    )
    func outsidePackage() async throws {
        let package = try TemporaryDirectory()
        let sdk = URL(fileURLWithPath: #filePath).appending(path: "../../../Sources/ProviderSDK").standardized.path
        try package.write(
            "Package.swift",
            """
            // swift-tools-version: 6.2
            import PackageDescription
            let package = Package(
                name: "acme",
                products: [.library(name: "AcmePlugin", type: .dynamic, targets: ["AcmePlugin"])],
                dependencies: [.package(path: "\(sdk)")],
                targets: [
                    .target(
                        name: "AcmePlugin", dependencies: [.product(name: "ProviderSDK", package: "ProviderSDK")], path: "Plugin")
                ])
            """)
        try FileManager.default.createDirectory(atPath: package.path + "/Plugin", withIntermediateDirectories: false)
        try package.write("Plugin/Acme.swift", Self.source(id: "acme-outside"))
        try await Self.run("swift", ["build", "--disable-sandbox"], in: package.path)

        // Dropped into the data directory's own folder, where no flag points to.
        let plugins = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            atPath: plugins.path + "/data/plugins", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try FileManager.default.copyItem(
            atPath: package.path + "/.build/debug/libAcmePlugin.so",
            toPath: plugins.path + "/data/plugins/libAcmePlugin.so")
        try Self.closeToOthers(plugins.path + "/data/plugins/libAcmePlugin.so")
        let host = try await HostProcess(["serve", "--listen", "127.0.0.1:0", "--data", plugins.path + "/data"])
        let token = try await HostProcess.run(["token", "--user", "u", "--data", plugins.path + "/data"]).output
            .dropLast()
        let client = try TestClient(host.url, token: String(token))
        let listed = try await client.get("/api/integrations").json["integrations"]?.array ?? []
        #expect(listed.contains { $0["id"] == "acme-outside" && $0["isAvailable"] == true }, "\(host.log)")
        let created = try await client.post(
            "/api/integrations/connections", #"{"service":"acme-outside","accountId":"account-1"}"#)
        #expect(created.status == 200)
        #expect(created.json["connectionId"]?.string?.hasPrefix("conn-") == true)
        #expect(await host.terminate() == 0)
    }

    @Test(
        "No library beside the executable is refused, including the shared SDK"
    )
    func nothingRefused() async throws {
        let folder = try TemporaryDirectory()
        let refused = try await Self.providers(folder)["refused"]?.array ?? []
        #expect(refused.isEmpty, "\(refused)")
    }

    @Test("Every kind of bad plugin is refused with one clear sentence, and all others serve")
    func refusals() async throws {
        let folder = try TemporaryDirectory()
        try folder.write("libText.so", "this is no library")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/libLink.so", withDestinationPath: folder.path + "/libGood.so")
        #expect(unsafe mkfifo(folder.path + "/libFifo.so", 0o600) == 0)
        try await Self.compile("public func nothing() {}", name: "Empty", into: folder)
        try await Self.compile(Self.source(id: "future", version: "2 << 16"), name: "Future", into: folder)
        try await Self.compile(
            Self.source(id: "newer", version: "SDKVersion.compiled + 1"), name: "Newer", into: folder)
        try await Self.compile(Self.source(id: "stripe"), name: "SecondStripe", into: folder)
        try await Self.compile(Self.source(id: "Bad Id"), name: "BadID", into: folder)
        try await Self.compile(Self.source(id: "nothing", export: "0"), name: "NoProvider", into: folder)
        try await Self.compile(
            Self.source(
                id: "badtable",
                manifest: """
                    manifest.dataTypes = [DataType("things", mapping: FieldMapping("thing", sourceID: ["id"], [Field("a", from: "b"), Field("a", from: "c")]))]
                    """), name: "BadTable", into: folder)
        try await Self.compile(Self.source(id: "writable"), name: "Writable", into: folder)
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: folder.path + "/libWritable.so")
        try await Self.compile(Self.source(id: "good"), name: "Good", into: folder)
        // As a copy that was interrupted leaves it.
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/libGood.so"))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: folder.path + "/libHalf.so"))
        try Self.closeToOthers(folder.path + "/libHalf.so")

        let listed = try await Self.providers(folder)
        let ids = listed["providers"]?.array?.compactMap { $0["id"]?.string } ?? []
        #expect(ids.contains("good"))
        #expect(ids.contains("stripe"))
        let expected = [
            "libText.so": "is not a plugin library", "libHalf.so": "it is cut short",
            "libLink.so": "is a symbolic link",
            "libFifo.so": "it is not a regular file",
            "libFuture.so": "was built for ProviderSDK 2.0 and this host needs 1.",
            "libNewer.so": "was built for ProviderSDK 1.", "libSecondStripe.so": "provides “stripe”, which",
            "libBadID.so": "invalid manifest", "libNoProvider.so": "returned no provider",
            "libBadTable.so": "the field “a” appears twice",
            "libWritable.so": "can be changed by other users (mode 666)",
        ]
        let refused = listed["refused"]?.array ?? []
        for (file, sentence) in expected {
            let entry = refused.first { $0["path"]?.string?.hasSuffix("/" + file) == true }
            #expect(entry?["reason"]?.string?.contains(sentence) == true, "\(file): \(entry ?? .null)")
        }
        #expect(refused.count == expected.count)
        // A library without an entry point may be one that a plugin needs: only who names it learns why it is no plugin.
        let named = try await HostProcess.run(["plugin", "verify", folder.path + "/libEmpty.so"])
        #expect(named.code != 0)
        #expect((named.output + named.errors).contains("does not export integration_host_plugin_sdk_version"))

        // The host starts all the same, serves the good one, and says the same in its log.
        let host = try await HostProcess([
            "serve", "--listen", "127.0.0.1:0", "--data", folder.path + "/data", "--plugins", folder.path,
        ])
        for sentence in expected.values { #expect(host.log.contains(sentence), "\(sentence)") }
        #expect(!host.log.contains("libEmpty.so"))
        let token = try await HostProcess.run(["token", "--user", "u", "--data", folder.path + "/data"]).output
            .dropLast()
        let integrations = try await TestClient(host.url, token: String(token)).get("/api/integrations").json[
            "integrations"]?.array
        #expect(integrations?.contains { $0["id"] == "good" } == true)
    }

    @Test(
        "No plugin is loaded from a folder that others can write to, sticky or not",
        arguments: [0o777, 0o1777, 0o770])
    func openFolder(mode: Int) async throws {
        let folder = try TemporaryDirectory()
        try await Self.compile(Self.source(id: "good"), name: "Good", into: folder)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path)
        try await expectRefusedFolder(folder, "can be changed by other users (mode \(String(mode, radix: 8)))")
    }

    @Test(
        "A plugin, or a folder, of another user is refused",
        .enabled(if: geteuid() == 0, "only root can give files away"))
    func foreignOwner() async throws {
        let folder = try TemporaryDirectory()
        try await Self.compile(Self.source(id: "good"), name: "Good", into: folder)
        #expect(unsafe chown(folder.path + "/libGood.so", 12345, 12345) == 0)
        let refused = try await Self.providers(folder)["refused"]?.array ?? []
        #expect(refused.first?["reason"]?.string?.contains("libGood.so belongs to another user (12345)") == true)
        #expect(unsafe chown(folder.path + "/libGood.so", 0, 0) == 0)
        #expect(unsafe chown(folder.path, 12345, 12345) == 0)
        try await expectRefusedFolder(folder, "belongs to another user (12345)")
    }

    @Test("A folder with too many libraries is refused as a whole")
    func fullFolder() async throws {
        let folder = try TemporaryDirectory()
        try await Self.compile(Self.source(id: "good"), name: "Good", into: folder)
        for number in 0..<1000 { try folder.write("libOther\(number).so", "") }
        try await expectRefusedFolder(folder, "holds more than 1000 libraries")
    }

    @Test("A folder without libraries is ignored, even when others can write to it")
    func openEmptyFolder() async throws {
        let folder = try TemporaryDirectory()
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
        #expect(try await Self.providers(folder)["refused"]?.array?.isEmpty == true)
    }

    private func expectRefusedFolder(_ folder: TemporaryDirectory, _ sentence: String) async throws {
        let listed = try await Self.providers(folder)
        #expect(listed["providers"]?.array?.contains { $0["id"] == "good" } == false)
        let refused = listed["refused"]?.array ?? []
        #expect(refused.count == 1)
        #expect(
            refused.first?["reason"]?.string?.contains("The plugin folder \(folder.path) \(sentence)") == true,
            "\(refused)")
    }

    @Test("A plugin folder that does not exist is a mistake of the configuration")
    func missingFolder() async throws {
        let folder = try TemporaryDirectory()
        let result = try await HostProcess.run(["providers", "--data", folder.path, "--plugins", folder.path + "/typo"])
        #expect(result.code == 78)
        #expect(
            result.errors.contains("--plugins: the plugin folder \(folder.path)/typo does not exist"),
            "\(result.errors)")
    }

    @Test("A plugin finds libraries of its own beside it by $ORIGIN")
    func ownLibraries() async throws {
        let folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: folder.path + "/own", withIntermediateDirectories: false)
        let own = try folder.write("Own.swift", "public func suffix() -> String { \"-own\" }")
        try await Self.run(
            "swiftc",
            ["-emit-library", "-emit-module", "-parse-as-library", "-module-name", "Own", "-o", "own/libOwn.so", own],
            in: folder.path)
        let source = Self.source(id: "good\\(suffix())").replacing(
            "import ProviderSDK", with: "import Own\nimport ProviderSDK")
        try await Self.compile(
            source, name: "Good", into: folder,
            flags: ["-I", "own", "-L", "own", "-lOwn", "-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/own"])
        let listed = try await Self.providers(folder)
        #expect(listed["providers"]?.array?.contains { $0["id"] == "good-own" } == true, "\(listed)")
    }

    @Test(
        "Settings for a plugin that was refused are not used, and the host starts; for one that is not there they are a mistake"
    )
    func settingsOfRefused() async throws {
        let folder = try TemporaryDirectory()
        let settings = try folder.write("host.json", #"{"providers":{"acme":{"clientId":"id"}}}"#)
        let arguments = ["providers", "--config", settings, "--data", folder.path + "/data", "--plugins", folder.path]
        let without = try await HostProcess.run(arguments)
        #expect(without.code == 78)
        #expect(without.errors.contains("host.json:1:22: there is no provider “acme”"), "\(without.errors)")
        try folder.write("libAcme.so", "a copy that failed")
        let refused = try await HostProcess.run(arguments)
        #expect(refused.code == 0)
        #expect(refused.errors.contains("the settings of “acme” are not used"), "\(refused.errors)")
    }

    @Test("A number among the settings is checked against the manifest, whether it is written as a number or as a text")
    func typedSettings() async throws {
        let folder = try TemporaryDirectory()
        try await Self.compile(
            Self.source(
                id: "acme",
                manifest: """
                    manifest.settings = [ProviderSetting("pageSize", "Records of a page.", integer: 1...50), ProviderSetting("region", "A region.")]
                    """), name: "Acme", into: folder)
        let cases: [(setting: String, problem: String?)] = [
            (#""pageSize":50"#, nil), (#""pageSize":"50""#, nil), (#""region":"eu""#, nil),
            (#""pageSize":51"#, "must be an integer from 1 to 50"),
            (#""pageSize":0"#, "must be an integer from 1 to 50"),
            (#""pageSize":1.0"#, "must be an integer"), (#""pageSize":"many""#, "must be an integer"),
            (#""pageSize":"+5""#, "must be an integer"), (#""pageSize":true"#, "must be a number or a text"),
            (#""region":5"#, "“region” must be a text"),
        ]
        for (setting, problem) in cases {
            let file = try folder.write("host.json", #"{"providers":{"acme":{\#(setting)}}}"#)
            let result = try await HostProcess.run([
                "providers", "--config", file, "--data", folder.path + "/data", "--plugins", folder.path,
            ])
            #expect(result.code == (problem == nil ? 0 : 78), "\(setting) \(result.errors)")
            guard let problem else { continue }
            #expect(result.errors.contains("host.json:1:3"), "\(setting) \(result.errors)")
            #expect(result.errors.contains(problem), "\(setting) \(result.errors)")
        }
    }
}
