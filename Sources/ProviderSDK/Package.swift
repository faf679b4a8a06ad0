// swift-tools-version: 6.2
// All that a provider plugin sees, as a separate package, so that a plugin outside this repository can depend on it by path.
// The library is dynamic because host and plugins must share one copy of its types. It has library evolution on so that a
// plugin built against an older version keeps loading.

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

let package = Package(
    name: "ProviderSDK",
    products: [
        .library(name: "ProviderSDK", type: .dynamic, targets: ["ProviderSDK"]),
        .library(name: "ProviderSDKTesting", type: .static, targets: ["ProviderSDKTesting"]),
    ],
    targets: [
        .target(
            name: "ProviderSDK", path: "ProviderSDK",
            swiftSettings: settings + [.unsafeFlags(["-enable-library-evolution"])]),
        .target(
            name: "ProviderSDKTesting", dependencies: ["ProviderSDK"], path: "ProviderSDKTesting",
            swiftSettings: settings),
    ]
)
