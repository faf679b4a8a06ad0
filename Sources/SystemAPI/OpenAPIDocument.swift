// The routes as an OpenAPI 3.1 document. It is made from what the routes declare, which is also what decodes their requests.

import ConnectionModel
import HTTPServer
import ProviderSDK
import Requests
import Users

/// The routes as an OpenAPI 3.1 document.
enum OpenAPIDocument {
    private typealias Operation = (family: RouteFamily, entry: RouteEntry)

    /// Returns the document of all routes of `families`, as JSON.
    static func json(_ families: [RouteFamily], version: String) -> [UInt8] {
        var paths: [(template: String, operations: [Operation])] = []
        for family in families {
            for entry in family.routes {
                if let index = paths.firstIndex(where: { $0.template == entry.template }) {
                    paths[index].operations.append((family, entry))
                } else {
                    paths.append((entry.template, [(family, entry)]))
                }
            }
        }
        var writer = JSONWriter(capacity: 128 << 10)
        writer.object { writer in
            writer.member("openapi", "3.1.0")
            writer.key("info")
            writer.object { writer in
                writer.member("title", "Integration host")
                writer.member("version", version)
                writer.member("summary", "Connect, sync and read the accounts of users at other services.")
            }
            writer.key("tags")
            writer.array { writer in
                for family in families { writer.object { writer in writer.member("name", family.name) } }
            }
            writer.key("paths")
            writer.object { writer in
                for path in paths {
                    writer.key(path.template)
                    writer.object { writer in
                        for operation in path.operations { write(operation, to: &writer) }
                    }
                }
            }
            writer.key("components")
            writer.object { writer in components(families, to: &writer) }
        }
        return writer.bytes
    }

    // MARK: Operations

    private static func write(_ operation: Operation, to writer: inout JSONWriter) {
        let (family, entry) = operation
        writer.key(entry.method.description.lowercased())
        writer.object { writer in
            writer.member("operationId", identifier(of: entry))
            writer.member("summary", entry.declaration.summary)
            writer.member("tags", [family.name])
            parameters(of: entry, to: &writer)
            body(of: entry, to: &writer)
            writer.key("responses")
            writer.object { writer in
                for answer in entry.declaration.answers { write(answer, to: &writer) }
                for (status, _) in errors(of: entry, in: family) {
                    writer.key(String(status))
                    writer.object { writer in
                        writer.member("$ref", "#/components/responses/\(family.name)-\(status)")
                    }
                }
                writer.key("default")
                writer.object { writer in writer.member("$ref", "#/components/responses/\(family.name)-error") }
            }
            writer.key("security")
            writer.array { writer in
                guard entry.access.needsSession else { return }
                for scheme in entry.scope == nil ? ["bearer", "cookie"] : ["bearer", "cookie", "application"] {
                    writer.object { writer in
                        writer.key(scheme)
                        writer.array { writer in
                            if scheme == "application", let scope = entry.scope { writer.value(scope.rawValue) }
                        }
                    }
                }
            }
        }
    }

    /// Returns a name that no other operation has: the method and the path.
    private static func identifier(of entry: RouteEntry) -> String {
        let words = entry.template.split { !$0.isLetter && !$0.isNumber }
        let ending = entry.template.hasSuffix("/") ? "Slash" : ""
        return entry.method.description.lowercased() + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
            + ending
    }

    private static func parameters(of entry: RouteEntry, to writer: inout JSONWriter) {
        writer.key("parameters")
        writer.array { writer in
            for name in pathParameters(of: entry.template) {
                let schema = PathParameters.schema(of: name)
                parameter(name, "path", isRequired: true, to: &writer) { schema.write(to: &$0) }
            }
            for declared in entry.declaration.parameters {
                parameter(declared.name, declared.place, isRequired: declared.isRequired, to: &writer) {
                    declared.schema.write(to: &$0)
                }
            }
            if entry.declaration.takesAnyQuery {
                parameter("query", "query", isRequired: false, to: &writer) {
                    Schema.map(of: .text).noted("The parameters that the provider sends.").write(to: &$0)
                }
            }
            guard entry.access.needsSession, entry.scope != nil else { return }
            parameter("X-User-Id", "header", isRequired: false, to: &writer) {
                Schema.text.noted("The user for whom the sender of an application key acts; ignored with a session.")
                    .write(to: &$0)
            }
        }
    }

    private static func parameter(
        _ name: String, _ place: String, isRequired: Bool, to writer: inout JSONWriter,
        _ schema: (inout JSONWriter) -> Void
    ) {
        writer.object { writer in
            writer.member("name", name)
            writer.member("in", place)
            if isRequired { writer.member("required", true) }
            writer.key("schema")
            schema(&writer)
        }
    }

    private static func body(of entry: RouteEntry, to writer: inout JSONWriter) {
        guard let body = entry.declaration.body else { return }
        writer.key("requestBody")
        writer.object { writer in
            writer.member("required", body.isRequired)
            content(body.schema, "application/json", to: &writer)
        }
    }

    private static func write(_ answer: RouteDeclaration.Answer, to writer: inout JSONWriter) {
        writer.key(String(answer.status))
        writer.object { writer in
            writer.member("description", answer.note)
            if let schema = answer.schema {
                content(schema, "application/json", to: &writer)
            } else if let mediaType = answer.mediaType {
                content(.text, mediaType, to: &writer)
            }
        }
    }

    static func content(
        _ schema: Schema, _ mediaType: String, example: JSONValue? = nil, to writer: inout JSONWriter
    ) {
        writer.key("content")
        writer.object { writer in
            writer.key(mediaType)
            writer.object { writer in
                writer.key("schema")
                schema.write(to: &writer)
                guard mediaType == "application/json" else { return }
                writer.member("example", example ?? schema.exampleValue)
            }
        }
    }

    /// Returns the names in braces, in order.
    private static func pathParameters(of template: String) -> [String] {
        template.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }.map {
            String($0.dropFirst().dropLast())
        }
    }

    // MARK: Components

    private static func components(_ families: [RouteFamily], to writer: inout JSONWriter) {
        var schemas: [(name: String, schema: Schema)] = []
        let shapes = families.flatMap { family in
            family.routes.flatMap { entry in
                entry.declaration.answers.compactMap(\.schema) + (entry.declaration.body.map { [$0.schema] } ?? [])
            } + (family.errors.schema.map { [$0] } ?? [])
        }
        for found in shapes.flatMap(\.namedSchemas) where !schemas.contains(where: { $0.name == found.name }) {
            schemas.append(found)
        }
        writer.key("schemas")
        writer.object { writer in
            for (name, schema) in schemas.sorted(by: { $0.name < $1.name }) {
                writer.key(name)
                schema.write(isDefinition: true, to: &writer)
            }
        }
        writer.key("responses")
        writer.object { writer in
            for family in families {
                writer.key("\(family.name)-error")
                writer.object { writer in
                    writer.member("description", "The request failed")
                    if let schema = family.errors.schema { content(schema, "application/json", to: &writer) }
                }
                var statuses: Set<Int> = []
                for (status, reply) in family.routes.flatMap({ errors(of: $0, in: family) })
                where statuses.insert(status).inserted {
                    writer.key("\(family.name)-\(status)")
                    error(reply, of: family, to: &writer)
                }
            }
        }
        writer.key("securitySchemes")
        writer.object { writer in
            scheme("bearer", ("type", "http"), ("scheme", "bearer"), note: "A session or an API key.", to: &writer)
            scheme(
                "cookie", ("type", "apiKey"), ("in", "cookie"), ("name", "integration-host-session"),
                note: "A session in a browser.", to: &writer)
            scheme(
                "application", ("type", "http"), ("scheme", "bearer"),
                note: "An application key with the scope that is named; X-User-Id names the user.", to: &writer)
        }
    }

    private static func scheme(
        _ name: String, _ members: (name: String, value: String)..., note: String, to writer: inout JSONWriter
    ) {
        writer.key(name)
        writer.object { writer in
            for member in members { writer.member(member.name, member.value) }
            writer.member("description", note)
        }
    }
}
