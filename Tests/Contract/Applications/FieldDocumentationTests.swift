// docs/fields.md: the reference of the records' fields, made from what a host with all plugins says of them.

import Foundation
import HostTesting
import ProviderSDK
import Testing

@Suite("Documentation of fields", .timeLimit(.minutes(5)))
struct FieldDocumentationTests {
    private static let head = """
        # Fields

        The fields of the records that the host serves (`GET /api/integrations/connections/{id}/records`), for each data type. The plugins'
        mapping tables are the source of this page, of the [OpenAPI document](api.md#for-operators) and of `GET /api/integrations`.

        - **Type.** `moment` is ISO 8601 in UTC, `any` the provider's value as it is, `object` and `list` stand before the fields within them.
          A field that may be null is there all the same. Amounts are exact numbers in the currency's major unit.
        - **From** names the fields at the provider. Of several, the first with a value counts, or a rule decides.
        - `id` is the record's id in this host and `sourceId` the provider's.
        - An update of a plugin may add fields. Records get them with the next full sync.

        """

    private static func page(_ integrations: [JSONValue]) -> String {
        head + integrations.map(section).joined()
    }

    private static func section(_ provider: JSONValue) -> String {
        let types = provider["dataTypes"]?.array ?? []
        guard !types.isEmpty else { return "" }
        let name = provider["name"]?.string ?? ""
        return "\n## \(name) (`\(provider["id"]?.string ?? "")`)\n" + types.map { table($0, of: name) }.joined()
    }

    private static func table(_ type: JSONValue, of provider: String) -> String {
        let scopes = codes(type["scopes"]), variants = codes(type["variants"])
        let needs = scopes.isEmpty ? "" : "Needs \(scopes). "
        let only = variants.isEmpty ? "" : "Of the variants \(variants). "
        let words = needs + only
        let rows = (type["fields"]?.array ?? []).map { field -> String in
            "| `\(field["name"]?.string ?? "")` | \(form(field)) | \(codes(field["sources"])) |\n"
        }
        return "\n### \(provider): `\(type["name"]?.string ?? "")`\n\n"
            + (words.isEmpty ? "" : words.dropLast() + "\n\n")
            + "| Field | Type | From |\n|---|---|---|\n" + rows.joined()
    }

    private static func form(_ field: JSONValue) -> String {
        let values = codes(field["values"])
        let type = values.isEmpty ? field["type"]?.string ?? "" : "one of \(values)"
        return field["isNullable"] == true ? "\(type), or null" : type
    }

    private static func codes(_ texts: JSONValue?) -> String {
        (texts?.array ?? []).compactMap(\.string).map { "`\($0)`" }.joined(separator: ", ")
    }

    @Test("The page of fields is what the host says of its data types; UPDATE_DOCUMENTATION=1 writes it")
    func fields() async throws {
        let callers = try await Callers()
        let answer = try await callers.user.get("/api/integrations?include=details").json
        let text = Self.page(answer["integrations"]?.array ?? [])
        let file = URL(fileURLWithPath: #filePath).appending(path: "../../../../docs/fields.md").standardized
        if ProcessInfo.processInfo.environment["UPDATE_DOCUMENTATION"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(try String(contentsOf: file, encoding: .utf8) == text)
        }
    }
}
