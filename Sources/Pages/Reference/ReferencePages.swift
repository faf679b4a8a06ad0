// The OpenAPI document as pages for people: /docs. Reads the document that /openapi.json serves, so that the two cannot differ.

import ConnectionModel
import HTTPServer
package import ProviderSDK
package import Requests

/// The pages of the reference.
package struct ReferencePages: Sendable {
    private let document: JSONValue
    private let operations: [ReferenceOperation]
    private let frame: ReferenceFrame

    /// - Parameter document: the OpenAPI document; null gives pages without content, for their own declarations.
    package init(document: JSONValue, branding: Branding) {
        self.document = document
        operations = ReferenceOperation.all(document)
        frame = ReferenceFrame(branding: branding)
    }

    package var family: RouteFamily {
        RouteFamily(
            name: "reference", prefixes: ["/docs"],
            routes: [
                RouteEntry(.get, "/docs", access: .open, Self.index, showIndex),
                RouteEntry(.get, "/docs/records/{type}", access: .open, Self.recordType, showRecordType),
                RouteEntry(.get, "/docs/{operation}", access: .open, Self.operation, showOperation),
            ],
            errors: ErrorDocument(schema: nil) { [frame] error, _ in
                let isMissing = error.status == 404
                return frame.reply(
                    isMissing ? ReferenceWords.notFoundHeading : ReferenceWords.problemHeading, status: error.status,
                    #"<p class="lead">\#(isMissing ? ReferenceWords.notFound : error.message)</p>"#)
            })
    }

    private static let page = "text/html; charset=utf-8"
    private static let index = RouteDeclaration(
        "Show every route for people.", .other(200, "The page", mediaType: page))
    private static let operation = RouteDeclaration(
        "Show one route for people.", .other(200, "The page", mediaType: page))
    private static let recordType = RouteDeclaration(
        "Show the fields of a data type's records for people.", .other(200, "The page", mediaType: page))

    private var reader: SchemaReader { SchemaReader(document: document) }
    private var schemas: JSONValue { document["components"]?["schemas"] ?? .null }

    @Sendable private func showIndex(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let types = (schemas.members ?? []).map(\.key).filter { $0.contains(".") }
        return frame.reply(
            ReferenceWords.heading, isIndex: true,
            ReferenceIndexView(operations: operations, recordTypes: types).content)
    }

    @Sendable private func showOperation(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let id = try context.parameter("operation")
        guard let found = operations.first(where: { $0.id.utf8.elementsEqual(id.utf8) }) else { throw .notFound }
        return frame.reply(
            found.summary.withoutFullStop, ReferenceOperationView(operation: found, reader: reader).content)
    }

    @Sendable private func showRecordType(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let name = try context.parameter("type")
        guard name.contains("."), let schema = schemas[name] else { throw .notFound }
        return frame.reply(name, ReferenceRecordView(schema: schema, reader: reader).content)
    }
}

extension String {
    fileprivate var withoutFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
