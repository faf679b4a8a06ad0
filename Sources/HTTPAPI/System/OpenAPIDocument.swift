// The routes as an OpenAPI 3.1 document, generated from the table of routes alone, so that it lists every served
// route. docs/api.md describes the bodies.

import HTTPServer
import ProviderSDK
import Requests

/// The routes as an OpenAPI 3.1 document.
enum OpenAPIDocument {
    /// Returns the document of all routes of `families`, as JSON.
    static func json(_ families: [RouteFamily], version: String) -> [UInt8] {
        var paths: [(template: String, operations: [(family: String, entry: RouteEntry)])] = []
        for family in families {
            for entry in family.routes {
                if let index = paths.firstIndex(where: { $0.template == entry.template }) {
                    paths[index].operations.append((family.name, entry))
                } else {
                    paths.append((entry.template, [(family.name, entry)]))
                }
            }
        }
        var writer = JSONWriter(capacity: 32 << 10)
        writer.object { writer in
            writer.member("openapi", "3.1.0")
            writer.key("info")
            writer.object { writer in
                writer.member("title", "Integration host")
                writer.member("version", version)
            }
            writer.key("paths")
            writer.object { writer in
                for path in paths {
                    writer.key(path.template)
                    writer.object { writer in
                        for operation in path.operations { write(operation.entry, operation.family, to: &writer) }
                    }
                }
            }
            writer.key("components")
            writer.object(securitySchemes)
        }
        return writer.bytes
    }

    private static func write(_ entry: RouteEntry, _ family: String, to writer: inout JSONWriter) {
        writer.key(entry.method.description.lowercased())
        writer.object { writer in
            writer.member("tags", [family])
            writer.key("parameters")
            writer.array { writer in
                for name in parameters(of: entry.template) {
                    writer.object { writer in
                        writer.member("name", name)
                        writer.member("in", "path")
                        writer.member("required", true)
                        writer.key("schema")
                        writer.object { writer in writer.member("type", "string") }
                    }
                }
            }
            writer.key("security")
            writer.array { writer in
                guard entry.access.needsSession else { return }
                for scheme in ["bearer", "cookie"] {
                    writer.object { writer in
                        writer.key(scheme)
                        writer.array { _ in }
                    }
                }
            }
            writer.key("responses")
            writer.object { writer in
                writer.key("default")
                writer.object { writer in writer.member("description", "A response in the format of its API document") }
            }
        }
    }

    /// Returns the names in braces, in order.
    private static func parameters(of template: String) -> [String] {
        template.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }.map {
            String($0.dropFirst().dropLast())
        }
    }

    private static func securitySchemes(_ writer: inout JSONWriter) {
        writer.key("securitySchemes")
        writer.object { writer in
            writer.key("bearer")
            writer.object { writer in
                writer.member("type", "http")
                writer.member("scheme", "bearer")
            }
            writer.key("cookie")
            writer.object { writer in
                writer.member("type", "apiKey")
                writer.member("in", "cookie")
                writer.member("name", "integration-host-session")
            }
        }
    }
}
