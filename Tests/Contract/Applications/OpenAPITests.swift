// The OpenAPI document of the running host: each example in it is one of its own shapes, and a broken example is not.

import Foundation
import HostTesting
import ProviderSDK
import Testing

@Suite("OpenAPI document", .timeLimit(.minutes(5)))
struct OpenAPITests {
    /// The JSON bodies of an operation, with the shape and the example of each.
    private func bodies(_ operation: OpenAPIContract.Operation, _ contract: OpenAPIContract) -> [(
        place: String, schema: JSONValue, example: JSONValue
    )] {
        let contents =
            [("request", operation.value["requestBody"] ?? .null)]
            + (operation.value["responses"]?.members ?? []).map { ($0.key, contract.resolved($0.value)) }
        return contents.compactMap { place, holder in
            guard let content = holder["content"]?["application/json"], let schema = content["schema"] else {
                return nil
            }
            return (place, schema, content["example"] ?? .null)
        }
    }

    /// Values like `value`, each without one required member of `schema` or with one member of a type that it forbids.
    private func broken(_ value: JSONValue, _ schema: JSONValue, _ contract: OpenAPIContract) -> [JSONValue] {
        var schema = contract.resolved(schema)
        if let choices = schema["anyOf"]?.array, let own = choices.first(where: { contract.mismatch(value, $0) == nil })
        {
            schema = contract.resolved(own)
        }
        if let members = value.members {
            let required = (schema["required"]?.array ?? []).compactMap(\.string)
            return members.enumerated().flatMap { index, member in
                var all: [JSONValue] = []
                if required.contains(member.key) {
                    var without = members
                    without.remove(at: index)
                    all.append(.object(without))
                }
                guard let property = schema["properties"]?[member.key] ?? schema["additionalProperties"] else {
                    return all
                }
                let others = wrong(property, contract).map { [$0] } ?? []
                for other in others + broken(member.value, property, contract) {
                    var changed = members
                    changed[index].value = other
                    all.append(.object(changed))
                }
                return all
            }
        }
        guard let elements = value.array, let items = schema["items"] else { return [] }
        return elements.indices.flatMap { index in
            ((wrong(items, contract).map { [$0] } ?? []) + broken(elements[index], items, contract)).map { other in
                var changed = elements
                changed[index] = other
                return .array(changed)
            }
        }
    }

    /// A value of a type that `schema` forbids; nil when it allows every type.
    private func wrong(_ schema: JSONValue, _ contract: OpenAPIContract) -> JSONValue? {
        ([true, 7, "?", [], [:]] as [JSONValue]).first { contract.mismatch($0, schema) != nil }
    }

    @Test("Every route has a summary, answers, and a name of its own")
    func operations() async throws {
        let callers = try await Callers()
        let contract = OpenAPIContract(try await callers.nobody.get("/openapi.json").json)
        #expect(contract.document["openapi"] == "3.1.0")
        #expect(contract.operations.count > 45)
        var names: Set<String> = []
        for operation in contract.operations {
            let name = operation.value["operationId"]?.string ?? ""
            #expect(names.insert(name).inserted, "\(operation.method) \(operation.template)")
            #expect(operation.value["summary"]?.string?.hasSuffix(".") == true, "\(name)")
            let statuses = operation.value["responses"]?.members?.map(\.key) ?? []
            #expect(statuses.count >= 2 && statuses.contains("default"), "\(name)")
        }
    }

    @Test("Each example has the shape beside it, and none without a required member or with one of another type")
    func examples() async throws {
        let callers = try await Callers()
        let contract = OpenAPIContract(try await callers.nobody.get("/openapi.json").json)
        var (checked, refused) = (0, 0)
        for operation in contract.operations {
            for (place, schema, example) in bodies(operation, contract) {
                let name = "\(operation.method) \(operation.template) \(place)"
                #expect(
                    contract.mismatch(example, schema) == nil, "\(name): \(contract.mismatch(example, schema) ?? "")")
                checked += 1
                for other in broken(example, schema, contract) {
                    #expect(contract.mismatch(other, schema) != nil, "\(name) takes \(other)")
                    refused += 1
                }
            }
        }
        #expect(checked > 45 && refused > 500, "\(checked), \(refused)")
    }

    @Test("Each example in docs/api.md has the shape that the document promises, and none without a required member")
    func documentedExamples() async throws {
        let callers = try await Callers()
        let contract = OpenAPIContract(try await callers.nobody.get("/openapi.json").json)
        let page = try String(
            contentsOf: URL(fileURLWithPath: #filePath).appending(path: "../../../../docs/api.md").standardized,
            encoding: .utf8)
        let examples = try page.split(separator: "```json\n").dropFirst().map { part in
            try JSONValue.parse(Array(part.utf8.prefix { $0 != UInt8(ascii: "`") }))
        }
        let schemas =
            (contract.document["components"]?["schemas"]?.members ?? []).map(\.value)
            + contract.operations.flatMap { bodies($0, contract).map(\.schema) }
        #expect(examples.count >= 7)
        for example in examples {
            let own = schemas.filter { schema in
                guard contract.mismatch(example, schema) == nil else { return false }
                let others = broken(example, schema, contract)
                return !others.isEmpty && others.allSatisfy { contract.mismatch($0, schema) != nil }
            }
            #expect(!own.isEmpty, "no shape of the document is that of \(example)")
        }
    }

    @Test("A document from which a member or a status is missing is noticed")
    func check() throws {
        let contract = OpenAPIContract([
            "paths": [
                "/a/{id}": [
                    "get": [
                        "responses": [
                            "200": [
                                "content": [
                                    "application/json": [
                                        "schema": [
                                            "type": "object", "properties": ["n": ["type": ["integer", "null"]]],
                                            "required": ["n"], "additionalProperties": false,
                                        ]
                                    ]
                                ]
                            ]
                        ]
                    ]
                ]
            ]
        ])
        func breach(_ status: Int, _ body: String, _ target: String = "/a/1?x=1") -> String? {
            contract.breach(
                "GET", target,
                TestResponse(
                    status: status, headers: [NamedValue("Content-Type", "application/json")], body: Array(body.utf8)))
        }
        #expect(breach(200, #"{"n":1}"#) == nil && breach(200, #"{"n":null}"#) == nil)
        for body in [#"{}"#, #"{"n":"1"}"#, #"{"n":1,"m":1}"#, #"[]"#, "", "1"] {
            #expect(breach(200, body) != nil, "\(body)")
        }
        #expect(breach(201, #"{"n":1}"#) != nil && breach(404, "{}") != nil)
        #expect(breach(200, #"{"n":1}"#, "/b") != nil)
    }
}
