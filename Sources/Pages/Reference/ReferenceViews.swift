// The pages of the reference, made from the OpenAPI document: the list of routes, one route, and the records of one data type.

import ProviderSDK

/// The list of all routes.
struct ReferenceIndexView {
    let operations: [ReferenceOperation]
    let recordTypes: [String]

    var content: HTML {
        let tags = operations.reduce(into: [String]()) { if !$0.contains($1.tag) { $0.append($1.tag) } }
        let groups = tags.map { tag -> HTML in
            let rows = operations.filter { $0.tag == tag }.map { operation in
                """
                <li><span class="method">\(operation.method)</span><a href="/docs/\(operation.id)">\
                <code>\(operation.path)</code></a><small>\(operation.summary)</small></li>

                """ as HTML
            }
            return #"<h2>\#(tag)</h2><ul class="ops">\#(rows)</ul>"#
        }
        let types = recordTypes.map { #"<li><a href="/docs/records/\#($0)"><code>\#($0)</code></a></li>"# as HTML }
        return """
            <p class="lead">\(ReferenceWords.lead) <a href="/openapi.json">\(ReferenceWords.machineReadable)</a></p>
            \(groups)
            <h2>\(ReferenceWords.recordTypes)</h2>
            <p class="lead">\(ReferenceWords.recordsLead)</p>
            <ul class="ops">\(types)</ul>
            """
    }
}

/// One operation of the document.
struct ReferenceOperation: Sendable {
    let method: String
    let path: String
    let value: JSONValue

    var id: String { value["operationId"]?.string ?? "" }
    var summary: String { value["summary"]?.string ?? "" }
    var tag: String { value["tags"]?[0]?.string ?? "" }

    /// All operations, in the order of the document.
    static func all(_ document: JSONValue) -> [ReferenceOperation] {
        (document["paths"]?.members ?? []).flatMap { path, methods in
            (methods.members ?? []).map {
                ReferenceOperation(method: $0.key.uppercased(), path: path, value: $0.value)
            }
        }
    }
}

/// One route.
struct ReferenceOperationView {
    let operation: ReferenceOperation
    let reader: SchemaReader

    var content: HTML {
        """
        <p class="lead"><span class="method">\(operation.method)</span> <code>\(operation.path)</code></p>
        <h2>\(ReferenceWords.access)</h2>
        \(access)
        \(parameters)
        \(body)
        <h2>\(ReferenceWords.answers)</h2>
        \(answers)
        """
    }

    /// The answers; errors, which have one shape, stand together.
    private var answers: [HTML] {
        let all = operation.value["responses"]?.members ?? []
        let errors = all.filter { $0.key != "default" && $0.value["$ref"] != nil }
        let rows = errors.map { status, error in
            #"<li><b>\#(status)</b> \#(reader.resolved(error)["description"]?.string ?? "")</li>"# as HTML
        }
        let list: HTML = rows.isEmpty ? .none : #"<h3>\#(ReferenceWords.errors)</h3><ul class="ops">\#(rows)</ul>"#
        return all.filter { $0.key != "default" && $0.value["$ref"] == nil }.map { answer($0.key, $0.value) } + [list]
            + all.filter { $0.key == "default" }.map { answer($0.key, reader.resolved($0.value)) }
    }

    private var access: HTML {
        let schemes = (operation.value["security"]?.array ?? []).flatMap { $0.members ?? [] }
        guard !schemes.isEmpty else { return "<p>\(ReferenceWords.anyone)</p>" }
        let rows = schemes.map { scheme -> HTML in
            let scopes = (scheme.value.array ?? []).compactMap(\.string)
            return "<li>\(ReferenceWords.scheme(scheme.key, scopes: scopes))</li>"
        }
        return #"<ul class="ops">\#(rows)</ul>"#
    }

    private var parameters: HTML {
        let all = operation.value["parameters"]?.array ?? []
        guard !all.isEmpty else { return .none }
        let rows = all.map { parameter -> HTML in
            let schema = parameter["schema"] ?? .null
            let place = ReferenceWords.place(parameter["in"]?.string ?? "")
            let words = [reader.type(schema), place] + (parameter["required"] == true ? [ReferenceWords.required] : [])
            return row(
                parameter["name"]?.string ?? "", words,
                parameter["description"]?.string ?? schema["description"]?.string ?? "")
        }
        return #"<h2>\#(ReferenceWords.parameters)</h2><dl class="rows">\#(rows)</dl>"#
    }

    private var body: HTML {
        guard let body = operation.value["requestBody"] else { return .none }
        let note: HTML = body["required"] == true ? .none : "<p>\(ReferenceWords.bodyMayBeAbsent)</p>"
        return """
            <h2>\(ReferenceWords.body)</h2>\(note)\(content(of: body, required: ReferenceWords.required, label: ReferenceWords.body))
            """
    }

    private func answer(_ status: String, _ answer: JSONValue) -> HTML {
        let name = status == "default" ? ReferenceWords.otherAnswer : status
        return """
            <h3>\(name): \(answer["description"]?.string ?? "")</h3>
            \(content(of: answer, required: ReferenceWords.isAlwaysThere, label: name))
            """
    }

    /// The members and the example of a body.
    private func content(of holder: JSONValue, required: String, label: String) -> HTML {
        guard let (mediaType, content) = holder["content"]?.members?.first else {
            return "<p>\(ReferenceWords.withoutBody)</p>"
        }
        guard mediaType == "application/json" else { return "<p><code>\(mediaType)</code></p>" }
        let rows = reader.rows(content["schema"] ?? .null).map { row -> HTML in
            self.row(row.name, [row.type] + (row.isRequired ? [required] : []), row.note, records: row.records)
        }
        let list: HTML = rows.isEmpty ? .none : #"<dl class="rows">\#(rows)</dl>"#
        guard let example = content["example"] ?? holder["content"]?[mediaType]?["example"] else { return list }
        return """
            \(list)<details><summary>\(ReferenceWords.example)</summary>\
            <pre tabindex="0" role="group" aria-label="\(ReferenceWords.example): \(label)">\(example.indented)</pre></details>
            """
    }

    private func row(_ name: String, _ words: [String], _ note: String, records: [String] = []) -> HTML {
        let links = records.map { #" <a href="/docs/records/\#($0)"><code>\#($0)</code></a>"# as HTML }
        let details: HTML = note.isEmpty && links.isEmpty ? .none : "\(HTML(prose: note))\(links)"
        return """
            <div><dt><code>\(name)</code><span>\(words.joined(separator: " · "))</span></dt><dd>\(details)</dd></div>

            """
    }
}

/// The records of one data type.
struct ReferenceRecordView {
    let schema: JSONValue
    let reader: SchemaReader

    var content: HTML {
        let rows = reader.rows(schema).map { row -> HTML in
            """
            <div><dt><code>\(row.name)</code><span>\(row.type)</span></dt><dd>\(HTML(prose: row.note))</dd></div>

            """
        }
        return """
            <p class="lead">\(HTML(prose: schema["description"]?.string ?? ""))</p>
            <h2>\(ReferenceWords.fields)</h2>
            <dl class="rows">\(rows)</dl>
            """
    }
}

extension HTML {
    /// A text in which backquotes stand around code.
    init(prose text: String) {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        self.init(parts.enumerated().map { $0 % 2 == 1 ? "<code>\($1)</code>" : "\($1)" })
    }
}
