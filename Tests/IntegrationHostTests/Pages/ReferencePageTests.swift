// The pages of the reference as answers of the routes: one for each route and each data type, complete, small, and without a script.

import Foundation
import HostTesting
import ProviderSDK
import Testing

@testable import Pages
@testable import Requests

@Suite("Reference pages", .timeLimit(.minutes(1)))
struct ReferencePageTests {
    @Test("The list links to a page for every route and every data type, and each page shows its route")
    func pages() async throws {
        let fixture = try RouteFixture(
            more: ProviderManifest(id: "acme", name: "Acme") { manifest in
                manifest.auth = .none
                manifest.dataTypes = [
                    DataType(
                        "things",
                        mapping: FieldMapping(
                            "thing", sourceID: ["id"],
                            [
                                Field("kind", from: "kind", as: .oneOf(["a": "new"], other: "old")),
                                Field(
                                    "lines", from: "lines",
                                    as: .table([Field("amount", from: "a", as: .decimal)], where: nil)),
                            ]))
                ]
            })
        let caller = try fixture.caller(nil, .memory)
        let index = try await caller.expect(200, from: "GET", "/docs")
        #expect(index.header("Content-Type") == "text/html; charset=utf-8")
        let policy = index.header("Content-Security-Policy") ?? ""
        #expect(
            policy.contains("default-src 'none'") && !policy.contains("script-src") && !index.text.contains("<script"))
        let document = try await caller.expect(200, from: "GET", "/openapi.json").json
        let links = index.text.matches(of: #/href="(\/docs\/[^"]+)"/#).map { String($0.1) }
        let operations = (document["paths"]?.members ?? []).flatMap { path, methods in
            (methods.members ?? []).map { (path, $0.value) }
        }
        #expect(links.count == operations.count + 1 && Set(links).count == links.count)
        #expect(links.contains("/docs/records/acme.things"))
        for (path, operation) in operations {
            let id = operation["operationId"]?.string ?? ""
            #expect(links.contains("/docs/\(id)"))
            let page = try await caller.expect(200, from: "GET", "/docs/\(id)")
            #expect(page.body.count < 60 << 10, "\(id): \(page.body.count)")
            let shown = path.replacing("&", with: "&amp;")
            #expect(page.text.contains("<code>\(shown)</code>"), "\(id)")
            for parameter in operation["parameters"]?.array ?? [] {
                #expect(page.text.contains("<code>\(parameter["name"]?.string ?? "")</code>"), "\(id)")
            }
            for (status, answer) in operation["responses"]?.members ?? [] where status != "default" {
                let shown = answer["$ref"] == nil ? "<h3>\(status): " : "<li><b>\(status)</b> "
                #expect(page.text.contains(shown), "\(id)")
            }
        }
        try await caller.expect(
            200, "one of new, old or null", "<code>lines[].amount</code>", "number or null", from: "GET",
            "/docs/records/acme.things")
        try await caller.expect(404, "There is no such page", from: "GET", "/docs/nothing")
        try await caller.expect(404, "There is no such page", from: "GET", "/docs/records/Error")
    }

    @Test("Members of inner objects stand below them, references are followed, and null is said in words")
    func rows() throws {
        let document = try JSONValue.parse(
            Array(
                #"""
                {"components":{"schemas":{"Thing":{"type":"object","description":"A thing.","properties":{"id":{"type":"string"}},
                "required":["id"]}}}}
                """#.utf8))
        let reader = SchemaReader(document: document)
        let schema = try JSONValue.parse(
            Array(
                #"""
                {"type":"object","required":["one"],"properties":{"one":{"$ref":"#/components/schemas/Thing"},
                "maybe":{"anyOf":[{"$ref":"#/components/schemas/Thing"},{"type":"null"}]},
                "many":{"type":"array","items":{"$ref":"#/components/schemas/Thing"}},
                "at":{"type":["string","null"],"format":"date-time"},"n":{"type":"integer","maximum":9},
                "rest":{"type":"object","additionalProperties":{"type":"boolean"}}}}
                """#.utf8))
        let rows = reader.rows(schema)
        #expect(
            rows.map(\.name) == [
                "one", "one.id", "maybe", "maybe.id", "many", "many[].id", "at", "n", "rest", "rest.<name>",
            ])
        #expect(
            rows.map(\.type) == [
                "object", "text", "object or null", "text", "list of objects", "text", "moment or null",
                "integer, at most 9", "object", "boolean",
            ])
        #expect(rows[0].isRequired && rows[0].note == "A thing." && !rows[2].isRequired)
        #expect(try JSONValue.parse(Array(schema.indented.utf8)) == schema)
    }
}
