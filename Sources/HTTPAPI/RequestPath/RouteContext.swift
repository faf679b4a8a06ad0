// A request as route handlers see it, and their answer. Decoding helpers for paths, queries and bodies live here; what a route
// means does not.

package import ConnectionModel
package import HTTPServer
package import ProviderSDK

/// A request on its way through a route.
package struct RouteContext: Sendable {
    package let request: HTTPRequestSnapshot
    /// The decoded path parameters by name.
    let parameters: [String: String]
    let query: QueryParameters
    /// Who asks; nil on public routes without a session.
    let principal: Principal?
    package let exchange: Exchange

    /// The principal.
    ///
    /// - Throws: ``ServiceError/unauthenticated`` when there is none.
    func authenticated() throws(ServiceError) -> Principal {
        guard let principal else { throw .unauthenticated }
        return principal
    }

    /// A path parameter.
    func parameter(_ name: String) throws(ServiceError) -> String {
        guard let value = parameters[name] else { throw .notFound }
        return value
    }

    /// A query parameter; nil when it is absent.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` when it is given twice.
    func queryValue(_ name: String) throws(ServiceError) -> String? { try query.single(name) }

    /// The body as a JSON object whose members are all among `members`.
    package func body(_ members: Set<String>) throws(ServiceError) -> JSONValue {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(request.body, limits: .request) } catch {
            throw .invalid(field: "body", message: "The body is not valid JSON: \(error)")
        }
        guard let found = value.members else {
            throw .invalid(field: "body", message: "The body must be a JSON object")
        }
        for (key, _) in found where !members.contains(key) {
            throw .invalid(field: String(key.prefix(64)), message: "There is no such field")
        }
        return value
    }
}

/// The answer of a route: the status and a body, which is JSON unless a header says otherwise.
package struct Reply: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8]
    /// The duration that the body tells, so that the header tells the same.
    package var durationMilliseconds: Int?
    /// Numbers for the request log.
    package var facts = ReplyFacts()
    /// Whether the request log has a line for it.
    package var isLogged = true

    /// JSON written by `write`.
    package static func json(_ status: Int = 200, _ write: (inout JSONWriter) -> Void) -> Reply {
        var writer = JSONWriter(capacity: 512)
        writer.object(write)
        return Reply(status: status, body: writer.bytes)
    }
}

extension QueryParameters {
    /// The value of the parameter `name`; nil when it is absent.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` when it is given twice: which one counts is nothing to guess about.
    func single(_ name: String) throws(ServiceError) -> String? {
        let values = all(name)
        guard values.count <= 1 else {
            throw .invalid(field: name, message: "“\(name)” is given more than once")
        }
        return values.first
    }
}

extension JSONValue {
    /// The text of the member `name`; nil when it is absent or null.
    package func text(_ name: String, bytesMax: Int) throws(ServiceError) -> String? {
        guard let value = self[name], !value.isNull else { return nil }
        guard let text = value.string else { throw .invalid(field: name, message: "“\(name)” must be a text") }
        guard text.utf8.count <= bytesMax else {
            throw .invalid(field: name, message: "“\(name)” is longer than \(bytesMax) bytes")
        }
        return text
    }

    /// The text of the member `name`, which must be there and not be empty.
    func requiredText(_ name: String, bytesMax: Int) throws(ServiceError) -> String {
        guard let text = try text(name, bytesMax: bytesMax), !text.isEmpty else {
            throw .invalid(field: name, message: "“\(name)” is required")
        }
        return text
    }

    /// The texts of the member `name`; nil when it is absent.
    func texts(_ name: String, countMax: Int, bytesMax: Int) throws(ServiceError) -> [String]? {
        guard let value = self[name] else { return nil }
        guard let elements = value.array else {
            throw .invalid(field: name, message: "“\(name)” must be an array of texts")
        }
        guard elements.count <= countMax else {
            throw .invalid(field: name, message: "“\(name)” has more than \(countMax) entries")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string, !text.isEmpty, text.utf8.count <= bytesMax, !text.hasControls else {
                throw .invalid(
                    field: name,
                    message: "“\(name)” must be an array of texts of 1 to \(bytesMax) bytes without control characters")
            }
            texts.append(text)
        }
        return texts
    }
}

extension String {
    /// Whether there is a control character of ASCII in it, which no name of anything has.
    var hasControls: Bool { utf8.contains { $0 < 0x20 || $0 == 0x7F } }
}
