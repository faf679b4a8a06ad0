// The OpenAPI document that a host serves, as a check of its answers: which operation a request is, and whether an answer has the shape
// that the document promises. Covers the parts of JSON Schema that the document uses.

package import ProviderSDK
import Synchronization

/// A served OpenAPI document.
package struct OpenAPIContract: Sendable {
    /// One operation of the document.
    package struct Operation: Sendable {
        package let method: String
        package let template: String
        package let value: JSONValue
    }

    package let document: JSONValue
    package let operations: [Operation]

    package init(_ document: JSONValue) {
        self.document = document
        operations = (document["paths"]?.members ?? []).flatMap { template, methods in
            (methods.members ?? []).map { Operation(method: $0.key.uppercased(), template: template, value: $0.value) }
        }
    }

    /// The operation of a request; nil when the document has none.
    package func operation(_ method: String, _ target: String) -> Operation? {
        let path = target.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false)
        return operations.filter { $0.method == method }.filter { operation in
            let template = operation.template.split(separator: "/", omittingEmptySubsequences: false)
            return template.count == path.count
                && zip(template, path).allSatisfy { $0 == $1 || ($0.hasPrefix("{") && !$1.isEmpty) }
        }.min { $0.parameterCount < $1.parameterCount }
    }

    /// Returns how an answer breaks what the document promises; nil when it does not.
    package func breach(_ method: String, _ target: String, _ response: TestResponse) -> String? {
        // The answer to OPTIONS is the same for all paths, and HEAD is GET without the body.
        guard method != "OPTIONS" else { return nil }
        guard let operation = operation(method == "HEAD" ? "GET" : method, target) else {
            return response.status < 400 ? "\(method) \(target) is no operation of the document" : nil
        }
        let responses = operation.value["responses"] ?? .null
        var promised = responses[String(response.status)]
        if promised == nil {
            guard response.status >= 400 else { return "the status \(response.status) is not declared" }
            promised = responses["default"]
        }
        guard let answer = promised.map(resolved) else { return "the status \(response.status) is not declared" }
        guard method != "HEAD", let schema = answer["content"]?["application/json"]?["schema"] else { return nil }
        guard response.header("Content-Type")?.hasPrefix("application/json") == true else {
            // A person's browser gets a page instead of an error.
            return response.status >= 400 && !response.body.isEmpty ? nil : "the body is no JSON"
        }
        return mismatch(response.json, schema)
    }

    // MARK: Schemas

    /// What a reference leads to; any other value is itself.
    package func resolved(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.string, reference.hasPrefix("#/") else { return value }
        return reference.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] ?? .null }
    }

    /// Returns where `value` differs from `schema`; nil when it does not.
    package func mismatch(_ value: JSONValue, _ schema: JSONValue, at path: String = "the body") -> String? {
        let schema = resolved(schema)
        if let choices = schema["anyOf"]?.array {
            let isOne = choices.contains { mismatch(value, $0, at: path) == nil }
            return isOne ? nil : "\(path) has none of the shapes"
        }
        if let values = schema["enum"]?.array, !values.contains(value) { return "\(path) is none of \(values)" }
        if let type = schema["type"] {
            let types = type.string.map { [$0] } ?? (type.array ?? []).compactMap(\.string)
            guard types.contains(where: { value.isOf(type: $0) }) else { return "\(path) is not of \(types)" }
        }
        if let minimum = schema["minimum"]?.integer, let integer = value.integer, integer < minimum {
            return "\(path) is less than \(minimum)"
        }
        if let maximum = schema["maximum"]?.integer, let integer = value.integer, integer > maximum {
            return "\(path) is more than \(maximum)"
        }
        if schema["format"]?.string == "date-time", let text = value.string, Timestamp(iso8601: text) == nil {
            return "\(path) is no moment"
        }
        if let items = schema["items"] {
            for (index, element) in (value.array ?? []).enumerated() {
                if let found = mismatch(element, items, at: "\(path)[\(index)]") { return found }
            }
        }
        return value.members.flatMap { mismatch(of: $0, schema, at: path) }
    }

    private func mismatch(
        of members: [(key: String, value: JSONValue)], _ schema: JSONValue, at path: String
    ) -> String? {
        for name in (schema["required"]?.array ?? []).compactMap(\.string)
        where !members.contains(where: { $0.key == name }) {
            return "\(path) lacks “\(name)”"
        }
        for (name, value) in members {
            if let property = schema["properties"]?[name] {
                if let found = mismatch(value, property, at: "\(path).\(name)") { return found }
            } else if let rest = schema["additionalProperties"] {
                if rest.boolean == false { return "\(path) has “\(name)”, which is not declared" }
                if let found = mismatch(value, rest, at: "\(path).\(name)") { return found }
            }
        }
        return nil
    }
}

/// An answer of a host that its own OpenAPI document does not promise.
struct ContractBreach: Error, CustomStringConvertible {
    let description: String
}

/// The documents of the hosts under test, each read once.
enum ServedContracts {
    private static let contracts = Mutex<[String: OpenAPIContract]>([:])

    /// Checks an answer against the document that its host serves.
    static func check(_ method: String, _ target: String, _ response: TestResponse, by client: TestClient) async throws
    {
        let known = contracts.withLock { $0[client.origin] }
        let contract: OpenAPIContract
        if let known {
            contract = known
        } else {
            let served = try await client.unchecked.with(token: nil).get("/openapi.json")
            // A host that stops, or that is not there yet, serves no document.
            guard served.status == 200 else { return }
            contract = OpenAPIContract(served.json)
            contracts.withLock { $0[client.origin] = contract }
        }
        guard let breach = contract.breach(method, target, response) else { return }
        throw ContractBreach(description: "\(method) \(target) → \(response.status): \(breach)")
    }
}

extension OpenAPIContract.Operation {
    fileprivate var parameterCount: Int { template.utf8.count { $0 == UInt8(ascii: "{") } }
}

extension JSONValue {
    fileprivate func isOf(type: String) -> Bool {
        switch type {
        case "null": isNull
        case "boolean": kind == .boolean
        case "integer": integer != nil
        case "number": kind == .number
        case "string": kind == .string
        case "array": kind == .array
        case "object": kind == .object
        default: false
        }
    }
}
