// swift-tools-version: 6.2
// The build: the host, its modules, and one dynamic library for every folder under Plugins/.
// A new plugin or plugin test folder is found here by its name alone; nothing below names a provider.

import Foundation
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let providerSDK = Target.Dependency.product(name: "ProviderSDK", package: "ProviderSDK")
let providerSDKTesting = Target.Dependency.product(name: "ProviderSDKTesting", package: "ProviderSDK")

/// The names of the folders directly under `path`, sorted; empty when there is no such folder.
func folders(in path: String) -> [String] {
    let root = Context.packageDirectory + "/" + path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.filter { name in
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: root + "/" + name, isDirectory: &isDirectory)
            && isDirectory.boolValue && !name.hasPrefix(".")
    }.sorted()
}

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: settings)
}

func tests(of name: String, _ dependencies: [Target.Dependency], linker: [LinkerSetting] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests", swiftSettings: settings,
        linkerSettings: linker)
}

/// All tests are linked into one executable, and every plugin exports the same two C symbols: there the first may win,
/// because no test calls them.
///
/// Plugins themselves are linked apart from each other.
let severalEntryPoints: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--allow-multiple-definition"])]

let plugins = folders(in: "Plugins")
let pluginTests = folders(in: "Tests").filter { $0.hasSuffix("Tests") && plugins.contains(String($0.dropLast(5))) }

let systemLibraries: [Target] = [
    .systemLibrary(name: "CLinux", path: "Sources/CLinux"),
    .systemLibrary(name: "CStandIns", path: "Sources/CStandIns"),
    .systemLibrary(
        name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
        name: "CCurl", path: "Sources/CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
]

let modules: [Target] = [
    module("Primitives"),
    module("Cryptography", ["COpenSSL", "Primitives"]),
    // docs/decisions/0015-the-server-is-released-without-access-checks.md
    .target(
        name: "HTTPServer", dependencies: ["CLinux", "Primitives"], path: "Sources/HTTPServer",
        swiftSettings: settings + [
            .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
        ]),
    module("HTTPClient", ["CCurl", "Primitives"]),
    module("StoreFiles", ["CLinux", "Cryptography", "Primitives"]),
    module("DocumentJournal", ["Primitives", "StoreFiles"]),
    module("DocumentStore", ["Cryptography", "DocumentJournal", "Primitives", "StoreFiles"]),
    module("RecordStore", ["Cryptography", "Primitives", "StoreFiles"]),
    module("Audit", ["CLinux", "Cryptography", "Primitives", "StoreFiles", providerSDK]),
    module(
        "Storage",
        [
            "Audit", "CLinux", "Cryptography", "DocumentJournal", "DocumentStore", "Primitives", "RecordStore",
            "StoreFiles",
        ]),
    module("Processes", ["CLinux", "Primitives"]),
    module("ProviderSandbox", ["Primitives", "CStandIns", "HTTPServer", "HTTPClient", "Cryptography", providerSDK]),
    .executableTarget(
        name: "IntegrationHostSandbox", dependencies: ["HTTPServer", "Processes", "ProviderSandbox"],
        path: "Sources/IntegrationHostSandbox", swiftSettings: settings),
]

// The host. Feature modules do not import each other; docs/architecture.md lists every arrow.
let hostModules: [Target] = [
    module("StoredValues", [providerSDK]),
    module("Observability", ["CLinux", "Cryptography", "Primitives", "StoreFiles", providerSDK]),
    module(
        "ConnectionModel",
        ["Cryptography", "DocumentStore", "Observability", "Primitives", "StoreFiles", "StoredValues", providerSDK]),
    module("Configuration", ["CLinux", "ConnectionModel", "HTTPServer", "Observability", "Primitives", providerSDK]),
    module(
        "Users",
        [
            "Audit", "ConnectionModel", "Cryptography", "DocumentStore", "Observability", "Primitives", "StoreFiles",
            "StoredValues", providerSDK,
        ]),
    module(
        "Events",
        ["ConnectionModel", "Cryptography", "HTTPServer", "Observability", "Primitives", "Users", providerSDK]),
    module(
        "Background",
        [
            "ConnectionModel", "Cryptography", "DocumentStore", "Observability", "Primitives", "RecordStore",
            "StoreFiles",
            "Users", providerSDK,
        ]),
    module(
        "Providers", ["Configuration", "ConnectionModel", "HTTPClient", "Observability", "Primitives", providerSDK]),
    module("PluginLoading", ["CLinux", "Configuration", "Cryptography", "Processes", "Providers", providerSDK]),
    module(
        "Credentials",
        [
            "Audit", "Background", "Configuration", "ConnectionModel", "Cryptography", "Observability", "Primitives",
            "Users",
            providerSDK,
        ]),
    module(
        "OAuth",
        [
            "Background", "Configuration", "ConnectionModel", "Cryptography", "DocumentStore", "HTTPClient",
            "Observability", "Primitives", "Providers", "StoreFiles", "StoredValues", "Users", providerSDK,
        ]),
    module(
        "Actions",
        [
            "Audit", "ConnectionModel", "Cryptography", "DocumentStore", "Observability", "Primitives", "Providers",
            "StoreFiles", "Users", providerSDK,
        ]),
    module(
        "Sync",
        [
            "Background", "ConnectionModel", "Cryptography", "DocumentStore", "Observability", "Primitives",
            "Providers", "RecordStore", "StoreFiles", "Users", providerSDK,
        ]),
    module(
        "Notifications",
        [
            "Audit", "Background", "ConnectionModel", "Cryptography", "HTTPClient", "Observability", "Primitives",
            "Users", providerSDK,
        ]),
    module(
        "Webhooks",
        [
            "Background", "ConnectionModel", "Cryptography", "DocumentStore", "HTTPClient", "Observability",
            "Primitives", "Providers", "StoreFiles", "Users", providerSDK,
        ]),
    module(
        "Sessions",
        [
            "Audit", "Configuration", "ConnectionModel", "Cryptography", "DocumentStore", "HTTPClient", "Observability",
            "Primitives", "StoreFiles", "Users", providerSDK,
        ]),
    module(
        "Connections",
        [
            "Audit", "Background", "ConnectionModel", "Cryptography", "DocumentStore", "Notifications", "OAuth",
            "Observability",
            "Primitives", "Providers", "RecordStore", "StoreFiles", "Sync", "Users", providerSDK,
        ]),
    module(
        "Requests",
        [
            "Audit", "Configuration", "ConnectionModel", "HTTPServer", "Observability", "Primitives", "Sessions",
            "Users",
            providerSDK,
        ]),
    module(
        "HTTPAPI",
        [
            "Actions", "Audit", "Configuration", "ConnectionModel", "Connections", "Cryptography", "Events",
            "HTTPServer",
            "Notifications",
            "OAuth",
            "Observability", "Primitives", "Providers", "Requests", "Sessions", "Sync", "Users",
            providerSDK,
        ]),
    module(
        "SystemAPI",
        [
            "Configuration", "ConnectionModel", "Connections", "Cryptography", "Events", "HTTPServer",
            "Observability", "Primitives", "Processes", "Providers", "Requests", "Sessions", "Users", "Webhooks",
            providerSDK,
        ]),
    module(
        "Pages",
        [
            "Configuration", "ConnectionModel", "Connections", "Cryptography", "HTTPServer", "OAuth", "Observability",
            "Primitives", "Providers", "Requests", "Users", providerSDK,
        ]),
    module(
        "Dashboard",
        [
            "Audit", "ConnectionModel", "Connections", "Cryptography", "Events", "HTTPServer", "Notifications", "OAuth",
            "Pages", "Primitives", "Providers", "Requests", "Sessions", "Sync", "Users", providerSDK,
        ]),
    module(
        "HostControl",
        [
            "Audit", "CLinux", "Configuration", "ConnectionModel", "Connections", "Credentials", "Cryptography",
            "HTTPAPI", "Observability", "PluginLoading", "Primitives", "Processes", "Providers", "RecordStore",
            "Requests", "Sessions", "Storage", "StoreFiles", "Sync", "Users", providerSDK,
        ]),
    module(
        "Commands",
        [
            "CLinux", "Configuration", "ConnectionModel", "Credentials", "Cryptography", "HTTPServer", "HostControl",
            "Observability", "PluginLoading", "Primitives", "Processes", "Providers", "Sessions", "Storage", "Users",
            providerSDK,
        ]),
    module(
        "Doctor",
        [
            "CLinux", "Configuration", "Connections", "Credentials", "HTTPClient", "HTTPServer", "HostControl", "OAuth",
            "PluginLoading", "Primitives", "Providers", "Storage", providerSDK,
        ]),
    .executableTarget(
        name: "IntegrationHost",
        dependencies: [
            "Actions", "Audit", "Background", "Commands", "Configuration", "ConnectionModel", "Connections",
            "Credentials",
            "Cryptography", "Dashboard", "Doctor", "DocumentStore", "Events", "HTTPAPI", "HTTPClient", "HTTPServer",
            "HostControl",
            "Notifications", "OAuth",
            "Observability", "Pages", "PluginLoading", "Primitives", "Processes", "Providers", "RecordStore",
            "Requests", "Sessions", "Storage", "StoreFiles", "Sync", "SystemAPI",
            "Users", "Webhooks", providerSDK,
        ],
        path: "Sources/IntegrationHost", swiftSettings: settings),
]

/// What all tests share: processes, waits with a deadline, temporary folders, vectors.
///
/// Knows no module of the host.
let testSupport: Target = .target(
    name: "TestSupport", dependencies: ["CLinux"], path: "Tests/TestSupport", swiftSettings: settings)

let hostTesting: Target = .target(
    name: "HostTesting",
    dependencies: ["Cryptography", "HTTPClient", "HTTPServer", "ProviderSandbox", "TestSupport", providerSDK],
    path: "Tests/HostTesting",
    swiftSettings: settings)

/// Tests that drive the real executable over real sockets.
func processTests(
    _ name: String, using more: [Target.Dependency] = [], excluding excluded: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: ["HostTesting", "TestSupport", "Cryptography", providerSDK] + more,
        path: "Tests/\(name)",
        exclude: excluded, swiftSettings: settings)
}

/// What a hostile caller tries: cases for the tests and for `scripts/attack`.
let hostileCases: Target = .target(
    name: "HostileCases", dependencies: ["Cryptography", "HostTesting", "TestSupport", providerSDK],
    path: "Tests/HostileCases", swiftSettings: settings)

let attack: Target = .executableTarget(
    name: "Attack", dependencies: ["HostTesting", "HostileCases"], path: "Tests/Attack", swiftSettings: settings)

let benchmarks: Target = .executableTarget(
    name: "Benchmarks",
    dependencies: [
        "CLinux", "ConnectionModel", "Credentials", "Cryptography", "DocumentStore", "HostTesting", "HTTPServer",
        "Sessions", "Storage", "TestSupport", "Users", providerSDK,
    ],
    path: "Benchmarks", exclude: ["Peers", "Allocations/Counter", "Allocations/allocations.txt"],
    swiftSettings: settings)

let moduleTests: [Target] = [
    testSupport,
    hostTesting,
    benchmarks,
    hostileCases,
    attack,
    // Checks of the source tree; scripts/graph and scripts/lint call it.
    .executableTarget(name: "HouseChecks", path: "Tests/HouseChecks", swiftSettings: settings),
    tests(of: "HouseChecks", ["HouseChecks"]),
    tests(of: "TestSupport", ["TestSupport", "CLinux"]),
    processTests("EndToEnd"),
    // Drives the pages in a headless Chromium; skipped where it is not installed.
    processTests("Browser"),
    // Some disks fail; what they fail with is compiled by the tests themselves.
    processTests("Contract", excluding: ["FailingDisk"]),
    processTests("Hostile", using: ["HostileCases"]),
    // Kills the executable; what it is killed with is compiled by the tests themselves.
    processTests("Crash", excluding: ["CrashPoints", "DocumentStoreCrashWriter"]),
    // Designs without the code that carries them out.
    tests(of: "Model", []),
    tests(of: "Primitives", ["Primitives"]),
    tests(of: "Cryptography", ["Cryptography", "Primitives", "TestSupport"]),
    tests(of: "HTTPServer", ["HTTPServer", "Primitives", "CLinux", "TestSupport"]),
    tests(of: "HTTPClient", ["HTTPClient", "Primitives", "CLinux", "TestSupport"]),
    tests(of: "ProviderSandbox", ["ProviderSandbox", "HTTPServer", providerSDK]),
    tests(of: "StoreFiles", ["StoreFiles"]),
    tests(of: "Audit", ["Audit", "Cryptography", "Primitives", "StoreFiles", "TestSupport", providerSDK]),
    tests(of: "DocumentStore", ["DocumentStore", "StoreFiles"]),
    tests(
        of: "Storage",
        [
            "Audit", "CLinux", "Cryptography", "DocumentJournal", "DocumentStore", "DocumentStoreCrashWriter",
            "Primitives",
            "RecordStore", "Storage", "StoreFiles", "TestSupport", providerSDK,
        ]),
    // Killed by the tests of Storage; never shipped.
    .executableTarget(
        name: "DocumentStoreCrashWriter",
        dependencies: ["CLinux", "Cryptography", "DocumentStore", "RecordStore", "Storage", "StoreFiles"],
        path: "Tests/Crash/DocumentStoreCrashWriter", swiftSettings: settings),
    tests(of: "ProviderSDK", [providerSDK, providerSDKTesting, "TestSupport"]),
    tests(
        of: "IntegrationHost",
        [
            "Actions", "Audit", "Background", "CLinux", "Configuration", "ConnectionModel", "Connections",
            "Credentials",
            "Cryptography", "Dashboard", "Doctor", "DocumentJournal", "DocumentStore", "Events", "HTTPAPI",
            "HTTPClient", "HTTPServer",
            "HostControl", "HostTesting",
            "IntegrationHost",
            "Notifications", "OAuth", "Observability", "Pages", "PluginLoading", "Primitives", "Processes", "Providers",
            "Requests",
            "RecordStore", "Sessions",
            "Storage", "StoreFiles", "Sync", "SystemAPI", "TestSupport", "Users", "Webhooks", providerSDK,
        ]),
]

let package = Package(
    name: "integration-host",
    products: [
        .executable(name: "integration-host", targets: ["IntegrationHost"]),
        .executable(name: "integration-host-sandbox", targets: ["IntegrationHostSandbox"]),
        .executable(name: "integration-host-bench", targets: ["Benchmarks"]),
        .executable(name: "integration-host-attack", targets: ["Attack"]),
        .executable(name: "house-checks", targets: ["HouseChecks"]),
    ]
        + plugins.map { .library(name: $0, type: .dynamic, targets: [$0]) },
    dependencies: [.package(path: "Sources/ProviderSDK")],
    targets: systemLibraries + modules + hostModules + moduleTests
        + plugins.map {
            .target(name: $0, dependencies: [providerSDK], path: "Plugins/\($0)", swiftSettings: settings)
        }
        + pluginTests.map { folder in
            let plugin = String(folder.dropLast(5))
            return tests(
                of: plugin, [.target(name: plugin), "HostTesting", providerSDK, providerSDKTesting],
                linker: severalEntryPoints)
        }
)
