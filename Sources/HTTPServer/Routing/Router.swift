// Routes: which handler has a method and a path. Path templates are a tree in one array, matched against raw path bytes without
// allocation. It knows nothing of what handlers do.

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

/// The raw segments that a path has in the places of a template's parameters.
public struct PathCaptures: Sendable {
    /// The most parameters a template may have.
    public static let countMax = 8

    private var starts = InlineArray<8, UInt32>(repeating: 0)
    private var ends = InlineArray<8, UInt32>(repeating: 0)
    /// The number of captured segments.
    public private(set) var count = 0

    init() {}

    /// The range of the segment at `index` in the raw path that was matched.
    ///
    /// Traps outside `0..<count`.
    public func range(_ index: Int) -> Range<Int> {
        precondition(index >= 0 && index < count, "a route has fewer captures than were asked for")
        return Int(starts[index])..<Int(ends[index])
    }

    mutating func push(_ range: Range<Int>) {
        starts[count] = UInt32(truncatingIfNeeded: range.lowerBound)
        ends[count] = UInt32(truncatingIfNeeded: range.upperBound)
        count += 1
    }

    mutating func pop() { count -= 1 }
}

struct RouteTree: Sendable {
    private struct Node: Sendable {
        /// The segment that leads here, as raw bytes; empty for a parameter and for the root.
        var segment: [UInt8] = []
        var statics: [Int] = []
        var parameter: Int?
        /// For each method, the number of its route, or -1.
        var routes = InlineArray<7, Int32>(repeating: -1)
        var methods = HTTPMethodSet()
    }

    enum Match {
        case route(Int, PathCaptures)
        case methodNotAllowed(HTTPMethodSet)
        case notFound
    }

    private var nodes = [Node()]

    /// Adds a route of raw segments, nil for a parameter.
    ///
    /// False where another route has the same method and shape.
    mutating func add(_ route: Int, _ method: HTTPMethod, _ segments: [[UInt8]?]) -> Bool {
        var current = 0
        for segment in segments { current = child(of: current, segment) }
        if nodes[current].methods.contains(method) { return false }
        nodes[current].routes[Int(method.rawValue)] = Int32(route)
        nodes[current].methods.insert(HTTPMethodSet(method))
        return true
    }

    private mutating func child(of parent: Int, _ segment: [UInt8]?) -> Int {
        if let segment {
            for index in nodes[parent].statics where nodes[index].segment == segment { return index }
            nodes.append(Node(segment: segment))
            nodes[parent].statics.append(nodes.count - 1)
        } else {
            if let existing = nodes[parent].parameter { return existing }
            nodes.append(Node())
            nodes[parent].parameter = nodes.count - 1
        }
        return nodes.count - 1
    }

    /// Finds the route of `path`.
    ///
    /// Static segments win over parameters at each place; where that leads nowhere, the parameter is tried. A path that
    /// exists only for other methods yields those of every template it fits.
    func match(_ method: HTTPMethod, _ path: Span<UInt8>) -> Match {
        guard path.count > 0, path[0] == ASCII.slash else {
            // OPTIONS asks about the server as a whole (RFC 9110 section 9.3.7).
            return path.count == 1 && path[0] == 42 ? .methodNotAllowed(methods(at: path)) : .notFound
        }
        var captures = PathCaptures()
        var allowed = HTTPMethodSet()
        if let route = search(0, 1, method, path, &captures, &allowed) { return .route(route, captures) }
        return allowed.isEmpty ? .notFound : .methodNotAllowed(allowed)
    }

    /// The methods of every template that `path` fits, and of all templates for `*`.
    func methods(at path: Span<UInt8>) -> HTTPMethodSet {
        var methods = HTTPMethodSet()
        if path.count == 1 && path[0] == 42 {
            for node in nodes { methods.formUnion(node.methods) }
            if methods.contains(.get) { methods.insert(HTTPMethodSet(.head)) }
            return methods
        }
        guard path.count > 0, path[0] == ASCII.slash else { return methods }
        var captures = PathCaptures()
        // No route has this method: the search looks at every template.
        _ = search(0, 1, nil, path, &captures, &methods)
        return methods
    }

    private func search(
        _ node: Int, _ start: Int, _ method: HTTPMethod?, _ path: Span<UInt8>, _ captures: inout PathCaptures,
        _ allowed: inout HTTPMethodSet
    ) -> Int? {
        if start > path.count || (node == 0 && path.count == 1) { return route(node, method, &allowed) }
        var end = start
        while end < path.count, path[end] != ASCII.slash { end += 1 }
        let count = end - start
        for index in nodes[node].statics {
            guard nodes[index].segment.count == count, isEqual(nodes[index].segment, path, start) else { continue }
            if let found = search(index, end + 1, method, path, &captures, &allowed) { return found }
            break
        }
        guard let parameter = nodes[node].parameter, count > 0 else { return nil }
        captures.push(start..<end)
        if let found = search(parameter, end + 1, method, path, &captures, &allowed) { return found }
        captures.pop()
        return nil
    }

    private func isEqual(_ segment: [UInt8], _ path: Span<UInt8>, _ start: Int) -> Bool {
        for index in 0..<segment.count where segment[index] != path[start + index] { return false }
        return true
    }

    private func route(_ node: Int, _ method: HTTPMethod?, _ allowed: inout HTTPMethodSet) -> Int? {
        guard let method else {
            addMethods(of: node, to: &allowed)
            return nil
        }
        var route = nodes[node].routes[Int(method.rawValue)]
        if route < 0 && method == .head { route = nodes[node].routes[Int(HTTPMethod.get.rawValue)] }
        if route >= 0 { return Int(route) }
        addMethods(of: node, to: &allowed)
        return nil
    }

    private func addMethods(of node: Int, to allowed: inout HTTPMethodSet) {
        allowed.formUnion(nodes[node].methods)
        if nodes[node].methods.contains(.get) { allowed.insert(HTTPMethodSet(.head)) }
    }
}
