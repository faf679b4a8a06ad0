// Puts the inputs of a run into the request of its action. Bodies and queries are written here as bytes, so that no text of an input is
// taken for a placeholder or a separator later.

extension ActionRequest {
    /// The request of a run, with the same bytes each time.
    ///
    /// - Throws: ``ProviderError`` for an input or placeholder without a value.
    func request(_ run: ActionRun, in context: ProviderContext) throws(ProviderError) -> ProviderRequest {
        let filler = ActionFiller(run: run, inputs: run.inputs, context: context)
        var request = ProviderRequest(method, try filledPath(filler))
        request.endpoint = endpoint
        request.headers = headers
        request.authorization = authorization
        request.rateLimit = rateLimit
        switch body {
        case .json(let members): request.body = .json(try filler.object(members) ?? .object([]))
        case .form(let members):
            let pairs = ActionFiller.flattened(try filler.object(members) ?? .object([]))
            request.body = .bytes(
                Array(ActionFiller.encoded(pairs).utf8), type: "application/x-www-form-urlencoded")
        case .multipart(let members):
            let boundary = "run-\(run.key)"
            let pairs = ActionFiller.flattened(try filler.object(members) ?? .object([]))
            request.body = .bytes(
                try ActionFiller.multipart(pairs, boundary: boundary),
                type: "multipart/form-data; boundary=\(boundary)")
        case nil: break
        }
        return request
    }

    private func filledPath(_ filler: ActionFiller) throws(ProviderError) -> String {
        let path = try Placeholders.fill(path) { (name) throws(ProviderError) in
            let text = Placeholders.suffix(of: name, after: "input.").map { filler.inputs[$0]?.scalarText }
            guard let value = text ?? filler.context.value(of: name), !value.isEmpty else {
                throw ProviderError(.permanent, "The request needs “\(name)”, which has no value.")
            }
            return try Placeholders.pathSegment(value, name: name)
        }
        guard let object = try filler.object(query) else { return path }
        return path + "?" + ActionFiller.encoded(ActionFiller.flattened(object))
    }
}

/// Makes the values of a request.
struct ActionFiller {
    let run: ActionRun
    /// The inputs that names stand for: those of the run, or of an element of a list.
    let inputs: JSONValue
    let context: ProviderContext

    /// The object of these members; nil when it would be empty.
    func object(_ members: [ActionMember]) throws(ProviderError) -> JSONValue? {
        var filled: [(key: String, value: JSONValue)] = []
        for member in members {
            if let value = try value(member.value) { filled.append((member.name, value)) }
        }
        return filled.isEmpty ? nil : .object(filled)
    }

    private func input(_ name: String) -> JSONValue? { inputs[name].flatMap { $0.isNull ? nil : $0 } }

    private func value(_ value: ActionValue) throws(ProviderError) -> JSONValue? {
        switch value {
        case .input(let name): return input(name)
        case .minorUnits(let name, let currency):
            guard let text = input(name)?.string else { return nil }
            // The currency of a line stands beside the line.
            let code = (input(currency) ?? run.inputs[currency])?.string
            guard let units = ActionInput.minorUnits(text, places: ActionInput.places(of: code)) else {
                throw ProviderError(.permanent, "The amount “\(name)” is no amount of its currency.")
            }
            return .number(JSONNumber(units))
        case .amount(let name): return input(name)?.string.flatMap { JSONNumber($0) }.map { .number($0) }
        case .epochSeconds(let name):
            return input(name)?.string.flatMap(Timestamp.init(iso8601:)).map { .number(JSONNumber($0.seconds)) }
        case .constant(let constant): return constant
        case .chosen(let name, let values): return input(name)?.scalarText.flatMap { values[$0] }
        case .key: return .string(run.key)
        case .today: return .string(String(run.startedAt.description.prefix(10)))
        case .context(let name): return context.value(of: name).map { .string($0) }
        case .object(let members): return try object(members)
        case .list(let values):
            var list: [JSONValue] = []
            for element in values { if let filled = try self.value(element) { list.append(filled) } }
            return .array(list)
        case .each(let name, let element):
            guard let elements = input(name)?.array else { return nil }
            var list: [JSONValue] = []
            for inner in elements {
                let filler = ActionFiller(run: run, inputs: inner, context: context)
                if let filled = try filler.value(element) { list.append(filled) }
            }
            return .array(list)
        case .with(let name, let value): return input(name) == nil ? nil : try self.value(value)
        }
    }

    // MARK: Writing

    /// The members of an object as names with texts; inner ones are named `name[inner]` and `name[0]`.
    static func flattened(_ object: JSONValue) -> [NamedValue] {
        (object.members ?? []).flatMap { flattened($0.value, name: $0.key) }
    }

    private static func flattened(_ value: JSONValue, name: String) -> [NamedValue] {
        switch value.kind {
        case .object: (value.members ?? []).flatMap { flattened($0.value, name: "\(name)[\($0.key)]") }
        case .array:
            (value.array ?? []).enumerated().flatMap { flattened($0.element, name: "\(name)[\($0.offset)]") }
        case .boolean: [NamedValue(name, value.boolean == true ? "true" : "false")]
        case .null: [NamedValue(name, "")]
        case .string, .number: [NamedValue(name, value.scalarText ?? "")]
        }
    }

    static func encoded(_ pairs: [NamedValue]) -> String {
        pairs.map { Placeholders.encoded($0.name) + "=" + Placeholders.encoded($0.value) }.joined(separator: "&")
    }

    static func multipart(_ pairs: [NamedValue], boundary: String) throws(ProviderError) -> [UInt8] {
        var text = ""
        for pair in pairs {
            guard !pair.value.contains("--\(boundary)") else {
                throw ProviderError(.permanent, "A value holds the boundary of the request's parts.")
            }
            text += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(pair.name)\"\r\n\r\n\(pair.value)\r\n"
        }
        return Array((text + "--\(boundary)--\r\n").utf8)
    }
}
