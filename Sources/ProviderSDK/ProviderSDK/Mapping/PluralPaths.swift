// Finds rows of mapping tables that read one value where their path leads to several. Run when a plugin is verified, not when it is
// loaded: such a row gives the first value.

extension FieldMapping {
    /// The places where a path that leads to several values stands before a transform that takes one, one sentence each.
    var pluralPathProblems: [String] {
        var finder = PluralPathFinder()
        finder.check(sourceID, of: "sourceId")
        finder.check(fields, in: "")
        return finder.problems
    }
}

private struct PluralPathFinder {
    var problems: [String] = []

    mutating func check(_ paths: [ValuePath], of field: String) {
        for path in paths where path.isPlural {
            problems.append("the field “\(field)” takes one value, and “\(path)” leads to several")
        }
    }

    mutating func check(_ fields: [Field], in place: String) {
        for field in fields { check(field.transform, sources: field.sources, of: place + field.name) }
    }

    private mutating func check(_ transform: Transform, sources: [ValuePath], of field: String) {
        switch transform {
        case .earliestEpoch, .latestEpoch: return
        case .when(let rules, let other):
            for rule in rules { check(rule.where, of: field) }
            for value in rules.map(\.value) + [other] { check(value, of: field) }
            return
        case .minorUnits(let currency, _): check([currency], of: field)
        case .reference(let id): check([id], of: field)
        case .sumOfMinorUnits(let amount, let quantity, let currency, _):
            check([amount, quantity, currency], of: field)
        case .negated(let condition): check(condition, of: field)
        case .each(let element): check(element, sources: [], of: field)
        case .table(let fields, let condition):
            if let condition { check(condition, of: field) }
            check(fields, in: field + ".")
        case .object(let fields): check(fields, in: field + ".")
        default: break
        }
        check(sources, of: field)
    }

    private mutating func check(_ value: Transform.Value, of field: String) {
        switch value {
        case .text, .null: break
        case .source(let path, let transform): check(transform, sources: [path], of: field)
        case .sources(let paths, let transform): check(transform, sources: paths, of: field)
        }
    }

    private mutating func check(_ condition: Condition, of field: String) {
        check(condition.paths, of: field)
    }
}

extension Condition {
    /// The paths that the condition looks at.
    var paths: [ValuePath] {
        switch self {
        case .equals(let path, _), .isOneOf(let path, _), .hasPrefix(let path, _), .contains(let path, _),
            .isSet(let path), .within(let path, _), .isPositive(let path), .isPast(let path), .isBeforeToday(let path):
            [path]
        case .lessThan(let left, let right): [left, right]
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.paths)
        case .not(let condition): condition.paths
        default: current.paths
        }
    }
}
