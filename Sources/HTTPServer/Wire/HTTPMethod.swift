// The request methods this server implements, and sets of them. It knows no route.

/// A request method (RFC 9110 section 9).
///
/// Methods outside this list are answered 501, TRACE 405, before an application sees them.
public enum HTTPMethod: UInt8, Sendable, CaseIterable, Hashable {
    case get, head, post, put, patch, delete, options

    /// The method's token as it is sent.
    public var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        }
    }
}

extension HTTPMethod: CustomStringConvertible {
    /// The method's token.
    public var description: String { "\(name)" }
}

/// A set of methods, as an `Allow` field lists them (RFC 9110 section 10.2.1).
public struct HTTPMethodSet: OptionSet, Sendable, Hashable {
    /// One bit per method.
    public let rawValue: UInt8

    /// The set with the given bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The set of one method.
    public init(_ method: HTTPMethod) { self.rawValue = 1 << method.rawValue }

    /// Every method this server implements.
    public static let all = HTTPMethodSet(rawValue: (1 << UInt8(HTTPMethod.allCases.count)) - 1)

    /// Whether the set holds `method`.
    public func contains(_ method: HTTPMethod) -> Bool { contains(HTTPMethodSet(method)) }

    /// The methods, comma separated, in the order of `HTTPMethod.allCases`: the value of an `Allow` field.
    public var fieldValue: String {
        HTTPMethod.allCases.filter { contains($0) }.map(\.description).joined(separator: ", ")
    }
}
