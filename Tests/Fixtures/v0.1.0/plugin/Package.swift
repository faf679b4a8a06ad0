// swift-tools-version: 6.2
// Two plugins as an author outside of this repository wrote them for ProviderSDK 1.0. They are never changed: tests compile them
// against the SDK of 0.1.0 and load them in the present host.

import PackageDescription

let sdk = Target.Dependency.product(name: "ProviderSDK", package: "ProviderSDK")

let package = Package(
    name: "harbor-plugins",
    products: [
        .library(name: "Harbor", type: .dynamic, targets: ["Harbor"]),
        .library(name: "Pier", type: .dynamic, targets: ["Pier"]),
    ],
    dependencies: [.package(path: "../../../../Sources/ProviderSDK")],
    targets: [
        .target(name: "Harbor", dependencies: [sdk], path: "Harbor"),
        .target(name: "Pier", dependencies: [sdk], path: "Pier"),
    ]
)
