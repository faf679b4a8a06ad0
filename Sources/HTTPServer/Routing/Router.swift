// Routes: which handler has a method and a path. It knows nothing of what handlers do.

import Primitives

/// One route: its method, its template, and its handler.
public final class Route<Handler: Sendable>: Sendable {
    /// The method it was added with.
    public let method: HTTPMethod
    /// The template it was added with, such as `/api/users/{id}`: a label for metrics that is bounded in number.
    public let template: String
    /// The names of its parameters, in order.
    public let parameterNames: [String]
    /// The handler that was added with it.
    public let handler: Handler

    @usableFromInline
    init(method: HTTPMethod, template: String, parameterNames: [String], handler: Handler) {
        self.method = method
        self.template = template
        self.parameterNames = parameterNames
        self.handler = handler
    }
}

/// The result of a look-up by method and path.
public enum RouteMatch<Handler: Sendable> {
    /// A route, and the segments its parameters stand for.
    case found(Route<Handler>, PathCaptures)
    /// The path exists for these methods only: 405 with `Allow: <fieldValue>`.
    case methodNotAllowed(HTTPMethodSet)
    /// No route has this path: 404.
    case notFound
}

/// Finds handlers by method and path template.
///
/// Templates begin with `/`; a segment is literal or one parameter in braces: `/api/users/{id}/keys`. Paths are compared
/// as raw bytes, so `%2F` stays inside its segment; a parameter never stands for an empty segment. Literal segments win
/// over parameters. HEAD falls back to GET. Build it once, then match from any thread; matching allocates nothing and is
/// linear in the path for templates without ambiguity.
public struct Router<Handler: Sendable>: Sendable {
    @usableFromInline var tree = RouteTable()
    @usableFromInline var table: [Route<Handler>] = []

    /// A router without routes.
    public init() {}

    /// All routes in the order they were added.
    public var routes: [Route<Handler>] { table }

    /// Adds a route.
    ///
    /// A template that is malformed, or that another route with the same method already covers under the same shape, is
    /// a mistake of the program and ends it.
    public mutating func add(_ method: HTTPMethod, _ template: String, _ handler: Handler) {
        let names = tree.add(table.count, method, template)
        table.append(Route(method: method, template: template, parameterNames: names, handler: handler))
    }

    /// The methods that `path`, a raw path without its query, serves; those of all routes for `*`.
    ///
    /// For the Allow field of an answer to a request that the server refuses before its path is looked up.
    public func methods(at path: [UInt8]) -> HTTPMethodSet { tree.methods(at: path.span) }

    /// What `method` and `path`, a request's raw path, lead to; `*` leads to the methods of all routes.
    @inlinable
    public func match(_ method: HTTPMethod, _ path: ByteView) -> RouteMatch<Handler> {
        path.withSpan { match(method, $0) }
    }

    /// Returns the route for `method` and `path`, which is the raw path of a request.
    @inlinable
    public func match(_ method: HTTPMethod, _ path: Span<UInt8>) -> RouteMatch<Handler> {
        var captures = PathCaptures.none
        let found = tree.match(method, path, &captures)
        if found >= 0 { return .found(table[found], captures) }
        return found == RouteTable.notFound ? .notFound : .methodNotAllowed(RouteTable.allowed(found))
    }
}

/// The part of a router that does not depend on the handlers' type: compiled once, in this module.
@usableFromInline
struct RouteTable: Sendable {
    @usableFromInline static let notFound = -1
    private var tree = RouteTree()

    init() {}

    /// Adds a route and returns the names of its parameters.
    mutating func add(_ route: Int, _ method: HTTPMethod, _ template: String) -> [String] {
        guard let segments = Self.segments(template) else {
            preconditionFailure("the route template \(template) is malformed: write /literal/{parameter}")
        }
        let names = segments.compactMap { segment in
            if case .parameter(let name) = segment { name } else { nil as String? }
        }
        precondition(Set(names).count == names.count, "the route template \(template) has a parameter twice")
        precondition(names.count <= PathCaptures.countMax, "the route template \(template) has too many parameters")
        let shape = segments.map { segment -> [UInt8]? in
            if case .literal(let bytes) = segment { bytes } else { nil }
        }
        guard tree.add(route, method, shape) else {
            preconditionFailure("a route for \(method) \(template), or one of the same shape, was added before")
        }
        return names
    }

    /// The number of the route, `notFound`, or a value that `allowed` reads.
    @usableFromInline
    func match(_ method: HTTPMethod, _ path: Span<UInt8>, _ captures: inout PathCaptures) -> Int {
        switch tree.match(method, path) {
        case .route(let route, let found):
            captures = found
            return route
        case .methodNotAllowed(let methods): return -2 - Int(methods.rawValue)
        case .notFound: return Self.notFound
        }
    }

    func methods(at path: Span<UInt8>) -> HTTPMethodSet { tree.methods(at: path) }

    @usableFromInline
    static func allowed(_ found: Int) -> HTTPMethodSet {
        HTTPMethodSet(rawValue: UInt8(truncatingIfNeeded: -2 - found))
    }

    enum Segment: Equatable {
        case literal([UInt8])
        case parameter(String)
    }

    /// The segments of a template; nil where it is malformed.
    static func segments(_ template: String) -> [Segment]? {
        let bytes = Array(template.utf8)
        guard bytes.first == ASCII.slash else { return nil }
        if bytes.count == 1 { return [] }
        var segments: [Segment] = []
        for part in bytes.dropFirst().split(separator: ASCII.slash, omittingEmptySubsequences: false) {
            if part.first == 123 {
                guard part.last == 125, part.count > 2 else { return nil }
                let name = part.dropFirst().dropLast()
                guard name.allSatisfy({ ASCII.isDigit($0) || ASCII.lowercased($0) &- 97 < 26 || $0 == 95 }) else {
                    return nil
                }
                segments.append(.parameter(String(decoding: name, as: UTF8.self)))
            } else {
                guard part.allSatisfy({ ASCII.target.contains($0) && $0 != 63 }) else { return nil }
                segments.append(.literal(Array(part)))
            }
        }
        return segments
    }
}

extension PathCaptures {
    /// No captures.
    @usableFromInline static var none: PathCaptures { PathCaptures() }

    /// The segment at `index` of `path`, as it was sent.
    public func raw(_ index: Int, in path: ByteView) -> ByteView { path[range(index)] }

    /// The segment at `index` of `path`, percent-decoded: `%2F` becomes a slash inside it.
    ///
    /// Throws where it is not valid percent-encoded UTF-8, or holds `%00`.
    public func text(_ index: Int, in path: ByteView) throws(DecodingError) -> String {
        try raw(index, in: path).withSpan { span throws(DecodingError) in
            try percentDecoded(span, plusIsSpace: false)
        }
    }

    /// The segment at `index` of `path`, percent-decoded; see the other `text`.
    public func text(_ index: Int, in path: [UInt8]) throws(DecodingError) -> String {
        try percentDecoded(path.span.extracting(range(index)), plusIsSpace: false)
    }
}

extension Route {
    /// The segment that the parameter `name` stands for, percent-decoded; see `PathCaptures.text(_:in:)`.
    public func text(_ name: String, _ captures: PathCaptures, in path: ByteView) throws(DecodingError) -> String {
        guard let index = parameterNames.firstIndex(of: name) else { throw .noSuchCapture }
        return try captures.text(index, in: path)
    }

    /// The segment that the parameter `name` stands for, percent-decoded; see `PathCaptures.text(_:in:)`.
    public func text(_ name: String, _ captures: PathCaptures, in path: [UInt8]) throws(DecodingError) -> String {
        guard let index = parameterNames.firstIndex(of: name) else { throw .noSuchCapture }
        return try captures.text(index, in: path)
    }
}
