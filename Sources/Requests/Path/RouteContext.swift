// A request as route handlers see it, and their answer. Has decoding helpers for paths, queries and bodies. Knows no
// route.

package import ConnectionModel
package import HTTPServer
import Primitives
package import ProviderSDK
package import Users

/// A request for a route handler; a class, because the frames of waiting handlers hold it.
package final class RouteContext: Sendable {
    package let request: HTTPRequestSnapshot
    /// The decoded path parameters by name.
    package let parameters: [String: String]
    package let query: QueryParameters
    /// The authenticated principal; nil on public routes without a session.
    package let principal: Principal?
    package let exchange: Exchange
    /// The limits that ``countRefused(against:)`` counts against.
    let limits: RequestLimits
    /// What the route declares; bodies and parameters are read by it.
    let declaration: RouteDeclaration

    init(
        request: HTTPRequestSnapshot, parameters: [String: String], query: QueryParameters, principal: Principal?,
        exchange: Exchange, limits: RequestLimits, declaration: RouteDeclaration
    ) {
        self.request = request
        self.parameters = parameters
        self.query = query
        self.principal = principal
        self.exchange = exchange
        self.limits = limits
        self.declaration = declaration
    }

    /// Whether a browser loads the page ahead, before a person asks for it.
    package var isLoadedAhead: Bool { Prefetch.isOne(request) }

    /// Counts a request that the handler refuses, on a route that counts no others.
    ///
    /// - Returns: the refusal when there were too many, else nil.
    package func countRefused(against limit: RouteLimit) -> ServiceError? {
        guard let decision = limits.admit(limit, principal: principal, parameters: parameters, address: ""),
            !decision.isAllowed
        else { return nil }
        return .rateLimited(retryAfterSeconds: decision.retryAfterSeconds)
    }

    /// Returns the principal.
    ///
    /// - Throws: ``ServiceError/unauthenticated`` when there is none.
    package func authenticated() throws(ServiceError) -> Principal {
        guard let principal else { throw .unauthenticated }
        return principal
    }

    /// Returns a path parameter.
    package func parameter(_ name: String) throws(ServiceError) -> String {
        guard let value = parameters[name] else { throw .notFound }
        return value
    }

    /// The beginning of a name that a caller made up, for an answer: no character of it acts on a terminal.
    package static func shown(_ name: String) -> String {
        // Scalars, because one character can have any number of them.
        let start = String(String.UnicodeScalarView(name.unicodeScalars.prefix(64)))
        return String(decoding: VisibleText.escaping(Array(start.utf8)), as: UTF8.self)
    }
}

/// The answer of a route: the status and a body, which is JSON unless a header says otherwise.
package struct Reply: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8]
    /// Makes the body while it is sent, in place of ``body``.
    package var stream: StreamedBody?
    /// The duration in the body, which the header repeats.
    package var durationMilliseconds: Int?
    /// Whether the request log gets a line for the answer.
    package var isLogged = true
    /// What few answers have, apart from it: the frames of waiting calls have room for an answer each.
    private var more: More?

    private final class More: Sendable {
        let facts: ReplyFacts
        let failure: RouteFailure?
        let step: Step?

        init(_ facts: ReplyFacts, _ failure: RouteFailure?, _ step: Step?) {
            (self.facts, self.failure, self.step) = (facts, failure, step)
        }
    }

    /// Numbers for the request log.
    package var facts: ReplyFacts {
        get { more?.facts ?? ReplyFacts() }
        set { more = More(newValue, failure, step) }
    }

    /// A failure that the path of the request puts into the words of the document, in place of this answer.
    var failure: RouteFailure? {
        get { more?.failure }
        set { more = More(facts, newValue, step) }
    }

    /// What the answer says about a step of connecting; nil when it is about none.
    var step: Step? {
        get { more?.step }
        set { more = More(facts, failure, newValue) }
    }

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8], durationMilliseconds: Int? = nil,
        facts: ReplyFacts = ReplyFacts(), isLogged: Bool = true
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.durationMilliseconds = durationMilliseconds
        self.isLogged = isLogged
        if facts != ReplyFacts() { more = More(facts, nil, nil) }
    }

    /// The answer to a failed step of connecting an account.
    package static func failed(_ error: ServiceError, _ reason: FailureReason) -> Reply {
        var reply = Reply(status: 500, body: [])
        reply.failure = .step(error, reason)
        return reply
    }

    /// Creates an answer with the JSON that `write` writes.
    package static func json(_ status: Int = 200, _ write: (inout JSONWriter) -> Void) -> Reply {
        var writer = JSONWriter(capacity: 512)
        writer.object(write)
        return Reply(status: status, body: writer.bytes)
    }
}

extension QueryParameters {
    /// Returns the value of the parameter `name`; nil when it is absent.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` when it is given twice, because it is ambiguous which one
    ///   counts.
    package func single(_ name: String) throws(ServiceError) -> String? {
        let values = all(name)
        guard values.count <= 1 else {
            throw .invalid(field: name, message: "“\(name)” is given more than once")
        }
        return values.first
    }
}

extension JSONValue {
    /// Returns the string member `name`; nil when it is absent or null.
    package func text(_ name: String, bytesMax: Int) throws(ServiceError) -> String? {
        guard let value = self[name], !value.isNull else { return nil }
        guard let text = value.string else { throw .invalid(field: name, message: "“\(name)” must be a string") }
        guard text.utf8.count <= bytesMax else {
            throw .invalid(field: name, message: "“\(name)” is longer than \(bytesMax) bytes")
        }
        return text
    }

    /// Returns the string member `name`, which must be present and not empty.
    package func requiredText(_ name: String, bytesMax: Int) throws(ServiceError) -> String {
        guard let text = try text(name, bytesMax: bytesMax), !text.isEmpty else {
            throw .invalid(field: name, message: "“\(name)” is required")
        }
        return text
    }

    /// Returns the strings of the array member `name`; nil when it is absent.
    package func texts(_ name: String, countMax: Int, bytesMax: Int) throws(ServiceError) -> [String]? {
        guard let value = self[name] else { return nil }
        guard let elements = value.array else {
            throw .invalid(field: name, message: "“\(name)” must be an array of strings")
        }
        guard elements.count <= countMax else {
            throw .invalid(field: name, message: "“\(name)” has more than \(countMax) entries")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string, !text.isEmpty, text.utf8.count <= bytesMax, !text.hasControls else {
                throw .invalid(
                    field: name,
                    message:
                        "“\(name)” must be an array of strings of 1 to \(bytesMax) bytes without control characters")
            }
            texts.append(text)
        }
        return texts
    }
}

extension String {
    /// Whether the text contains an ASCII control character, which no name contains.
    package var hasControls: Bool { utf8.contains { $0 < 0x20 || $0 == 0x7F } }
}
