// Path templates as a tree in one array, matched against raw path bytes without allocation. It knows templates by
// number only; `Router` knows what they mean.

import Primitives

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
