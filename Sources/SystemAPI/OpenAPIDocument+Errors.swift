// The errors of routes in the OpenAPI document: which statuses a route can answer with, and an example of each, as the family renders it.

import ConnectionModel
import HTTPServer
import Primitives
import ProviderSDK
import Requests
import Sessions

extension OpenAPIDocument {
    /// The answers of a family to the failures that a route of it can have, by status.
    static func errors(of entry: RouteEntry, in family: RouteFamily) -> [(status: Int, reply: Reply)] {
        var found: [(status: Int, reply: Reply)] = []
        for failure in failures(of: entry) {
            let reply = family.errors.reply(to: failure, Exchange(time: .system))
            if !found.contains(where: { $0.status == reply.status }) { found.append((reply.status, reply)) }
        }
        let declared = Set(entry.declaration.answers.map(\.status))
        return found.filter { !declared.contains($0.status) }.sorted { $0.status < $1.status }
    }

    /// The failures that a route can have by what it declares.
    private static func failures(of entry: RouteEntry) -> [RouteFailure] {
        let (declaration, isWrite) = (entry.declaration, entry.method != .get)
        var failures: [RouteFailure] = []
        if declaration.body != nil || !declaration.parameters.isEmpty {
            failures.append(.service(.invalid(field: "field", message: "What is wrong with it")))
        }
        if entry.access.needsSession { failures.append(.unauthenticated(.missing)) }
        if entry.scope != nil { failures.append(.service(.forbidden("The key does not have the scope"))) }
        if entry.template.contains("{") { failures.append(.service(.notFound)) }
        if declaration.body != nil { failures.append(.unsupportedMediaType) }
        if entry.access.needsSession, isWrite || entry.limit != .unlimited {
            failures.append(.service(.rateLimited(retryAfterSeconds: 60)))
        }
        if entry.access.needsSession {
            failures.append(.service(.unavailable("The host cannot serve now", retryAfterSeconds: 5)))
        }
        return failures
    }

    /// Writes the answer of a family with one status.
    static func error(_ reply: Reply, of family: RouteFamily, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("description", HTTPStatus(UInt16(clamping: reply.status)).reasonPhrase.description)
            let names = reply.headers.map(\.name).filter { ["Retry-After", "WWW-Authenticate"].contains($0) }
            if !names.isEmpty {
                writer.key("headers")
                writer.object { writer in
                    for name in names {
                        writer.key(name)
                        writer.object { writer in
                            writer.key("schema")
                            (name == "Retry-After" ? Schema.count : Schema.text).write(to: &writer)
                        }
                    }
                }
            }
            guard let schema = family.errors.schema else { return }
            content(schema, "application/json", example: try? JSONValue.parse(reply.body), to: &writer)
        }
    }
}
