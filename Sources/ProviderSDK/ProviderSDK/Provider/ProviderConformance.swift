// The checks that every provider must pass. The tests of each plugin run them, and so does the host when it is asked to verify a
// plugin.

/// Checks that every provider must pass.
public struct ProviderConformance: Sendable {
    private let provider: any Provider

    /// The checks for `provider`.
    public init(_ provider: any Provider) { self.provider = provider }

    /// Returns the failed checks, one sentence each; empty for a provider that can be loaded.
    public func problems() -> [String] {
        let manifest = provider.manifest
        var problems = manifest.problems
        if manifest.description.isEmpty { problems.append("the manifest has no description") }
        if manifest.category.isEmpty { problems.append("the manifest has no category") }
        if case .oauth2 = manifest.auth {
            let urls = [manifest.endpoints] + manifest.variants.map(\.endpoints)
            if manifest.variants.isEmpty, !urls.contains(where: { $0["authorize"] != nil && $0["token"] != nil }) {
                problems.append("an OAuth provider without variants names no authorize and token endpoint")
            }
        }
        for dataType in manifest.dataTypes {
            problems += dataType.mapping.pluralPathProblems.map { "data type “\(dataType.name)”: \($0)" }
            problems += totality(of: dataType)
        }
        for action in manifest.actions {
            problems += (action.output?.pluralPathProblems ?? []).map { "action “\(action.name)”: \($0)" }
        }
        return problems
    }

    /// Feeds hostile records through the mapping: each must give a record or a failure that names field and rule.
    private func totality(of dataType: DataType) -> [String] {
        let hostile: [JSONValue] = [
            .null, true, 0, "", [], [:], "text", [[:]], ["id": .null], ["id": [:]], ["id": "", "Id": ""],
            .object((0..<200).map { ("field\($0)", JSONValue.string("value")) }),
        ]
        return hostile.compactMap { record in
            do throws(MappingFailure) {
                let mapped = try dataType.mapping.map(record, now: .epoch)
                guard (try? JSONValue.parse(mapped.json))?.kind == .object else {
                    return "data type “\(dataType.name)”: the mapping writes invalid JSON"
                }
            } catch {
                guard !error.field.isEmpty, !error.rule.isEmpty else {
                    return "data type “\(dataType.name)”: a mapping failure names no field and rule"
                }
            }
            return nil
        }
    }
}
