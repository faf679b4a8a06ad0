// The checks on a manifest before a provider is used. Whatever could go wrong later from a slip in a plugin's data is found here,
// at load, with a sentence that names the place.

extension ProviderManifest {
    /// Longest id and names, in bytes.
    static let idBytesMax = 32

    /// What is wrong with the manifest, one sentence each; empty when it can be used.
    public var problems: [String] {
        var problems: [String] = []
        func check(_ isRight: Bool, _ problem: @autoclosure () -> String) { if !isRight { problems.append(problem()) } }

        check(Self.isIdentifier(id), "the id “\(id)” is not 1 to 32 of a-z, 0-9 and “-”, beginning with a letter")
        check(!name.isEmpty, "the name is empty")
        check(Set(variants.map(\.id)).count == variants.count, "two variants have the same id")
        for variant in variants {
            check(Self.isIdentifier(variant.id), "the variant “\(variant.id)” is not 1 to 32 of a-z, 0-9 and “-”")
        }
        for (name, url) in endpoints.merging(variants.flatMap(\.endpoints), uniquingKeysWith: { first, _ in first }) {
            check(url.hasPrefix("https://"), "the endpoint “\(name)” is not an https URL")
        }
        check(Set(dataTypes.map(\.name)).count == dataTypes.count, "two data types have the same name")
        for dataType in dataTypes {
            for variant in dataType.variants {
                check(
                    variants.contains { $0.id == variant },
                    "the data type “\(dataType.name)” is for the variant “\(variant)”, which does not exist")
            }
            for problem in dataType.mapping.problems { problems.append("data type “\(dataType.name)”: \(problem)") }
        }
        check(Set(settings.map(\.key)).count == settings.count, "two settings have the same key")
        let reserved: Set = ["clientId", "clientSecret", "clientSecretFile", "endpoints", "variants"]
        for setting in settings {
            check(
                !reserved.contains(setting.key),
                "the setting “\(setting.key)” has a name that every provider has already")
        }
        for limit in rateLimits {
            check(limit.requests > 0 && limit.interval > .zero, "a rate limit is not positive")
        }
        return problems
    }

    /// Whether `text` is 1 to 32 of `a-z`, `0-9` and `-`, beginning with a letter.
    static func isIdentifier(_ text: String) -> Bool {
        let utf8 = text.utf8
        guard let first = utf8.first, 0x61...0x7A ~= first, utf8.count <= idBytesMax else { return false }
        return utf8.allSatisfy { 0x61...0x7A ~= $0 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "-") }
    }
}
