// The checks on the actions of a manifest, before a provider is used.

extension ActionSpec {
    /// Most inputs of an action, and of an element of a list.
    static let inputsMax = 32

    /// What is wrong with the action itself, one sentence each.
    var problems: [String] {
        var problems: [String] = []
        func check(_ isRight: Bool, _ problem: @autoclosure () -> String) { if !isRight { problems.append(problem()) } }
        check(Self.isName(name), "the name is not 1 to 40 letters and digits in camel case")
        check(!title.isEmpty && !description.isEmpty, "there is no title or no description")
        check(request.path.utf8.first == UInt8(ascii: "/"), "the path does not begin with “/”")
        check(request.method != .get || request.body == nil, "a GET has a body")
        problems += ActionInput.problems(inputs)
        let known = Set(inputs.flatMap(\.places))
        for place in request.inputs + (lookUp?.request.inputs ?? []) where !known.contains(place) {
            // The currency of a line may stand beside the line.
            let isOutside = place.split(separator: ".").last.map { known.contains(String($0)) } ?? false
            check(isOutside, "there is no input “\(place)”")
        }
        let used = Set(request.inputs + (lookUp?.request.inputs ?? []))
        for place in known where !used.contains(place) { check(false, "the input “\(place)” is not used") }
        for name in Placeholders.names(in: request.path) {
            guard let input = Placeholders.suffix(of: name, after: "input.") else { continue }
            check(
                inputs.contains { $0.name == input && $0.isRequired }, "the input “\(input)” of the path can be absent")
        }
        check(Set(outputs.map(\.name)).count == outputs.count, "two outputs have the same name")
        check(outputs.allSatisfy { !$0.paths.isEmpty }, "an output has no path")
        if let idempotency {
            check(idempotency.window > .zero, "keys are kept for no time")
            check(
                idempotency.means != .body || request.members.contains { $0.value.hasKey },
                "the key stands in the body, which has no key")
        }
        if let lookUp {
            check(lookUp.request.method == .get, "the look-up does not only read")
            check(request.members.contains { $0.value.hasKey }, "the look-up searches for a key that is not sent")
        }
        return problems
    }

    private static func isName(_ text: String) -> Bool {
        let utf8 = text.utf8
        guard let first = utf8.first, 0x61...0x7A ~= first, utf8.count <= 40 else { return false }
        return utf8.allSatisfy { 0x61...0x7A ~= $0 || 0x41...0x5A ~= $0 || $0 &- 0x30 < 10 }
    }
}

extension ActionInput {
    /// The names under which a request reads the input and those within it.
    fileprivate var places: [String] {
        guard case .list(let inputs, _) = kind else { return [name] }
        return [name] + inputs.flatMap(\.places).map { "\(name).\($0)" }
    }

    /// What is wrong with inputs, one sentence each.
    fileprivate static func problems(_ inputs: [ActionInput]) -> [String] {
        var problems: [String] = []
        if Set(inputs.map(\.name)).count != inputs.count { problems.append("two inputs have the same name") }
        if inputs.count > ActionSpec.inputsMax { problems.append("there are more than \(ActionSpec.inputsMax) inputs") }
        for input in inputs {
            if input.name.isEmpty || input.description.isEmpty {
                problems.append("the input “\(input.name)” has no name or no description")
            }
            switch input.kind {
            case .text(let bytesMax, _) where bytesMax < 1: problems.append("the input “\(input.name)” takes no text")
            case .choice(let texts) where texts.isEmpty: problems.append("the input “\(input.name)” takes no value")
            case .list(let inner, let countMax):
                if countMax < 1 || inner.isEmpty { problems.append("the list “\(input.name)” takes no element") }
                problems += Self.problems(inner)
            default: break
            }
        }
        return problems
    }
}

extension ActionValue {
    /// Whether the key of the run is in it.
    fileprivate var hasKey: Bool {
        switch self {
        case .key: true
        case .object(let members): members.contains { $0.value.hasKey }
        case .list(let values): values.contains(where: \.hasKey)
        case .each(_, let value), .with(_, let value): value.hasKey
        default: false
        }
    }
}

extension ProviderManifest {
    /// What is wrong with the actions for applications, one sentence each.
    ///
    /// - Parameter isPlaceholder: whether a placeholder has a value.
    func offeredActionProblems(_ isPlaceholder: (String) -> Bool) -> [String] {
        var problems: [String] = []
        if Set(offeredActions.map(\.name)).count != offeredActions.count {
            problems.append("two actions for applications have the same name")
        }
        for action in offeredActions {
            let place = "action “\(action.name)”"
            problems += action.problems.map { "\(place): \($0)" }
            for request in [action.request, action.lookUp?.request].compactMap(\.self) {
                for name in request.placeholders where !isPlaceholder(name) {
                    problems.append("\(place): there is no value for “{\(name)}”")
                }
                if case .setting(let key, _) = request.authorization,
                    !settings.contains(where: { $0.key == key && $0.isSecret })
                {
                    problems.append("\(place): there is no secret setting “\(key)”")
                }
            }
        }
        return problems
    }
}
