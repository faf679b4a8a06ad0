// A request as stand-ins see it: decoded and owned. It knows no provider.

import Cryptography
import HTTPServer

struct SandboxRequest: Sendable {
    let method: HTTPMethod
    /// The path after the stand-in's prefix, as it was sent.
    let path: String
    /// The segments that the route's parameters stand for, decoded.
    let captures: [String: String]
    let query: QueryParameters
    /// The parameters of a form-encoded body; empty for other bodies.
    let form: QueryParameters
    let body: [UInt8]
    /// The media type of the body in lower case, without parameters; empty where none was sent.
    let contentType: String
    /// The origin under which clients reach the sandbox.
    let origin: String
    let peer: SocketAddress
    private let headers: [(name: String, value: String)]

    /// What was sent for `name`, which is written in lower case.
    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The token of `Authorization: <scheme> <token>`, the scheme in any case; nil where another or none was sent.
    func authorization(_ scheme: String) -> String? {
        guard let value = header("authorization") else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == scheme.lowercased() else { return nil }
        return String(parts[1])
    }

    var bearer: String? { authorization("Bearer") }

    /// User and password of HTTP Basic; nil where there is none or it is malformed.
    var basic: (user: String, password: String)? {
        guard let encoded = authorization("Basic"), let bytes = try? Base64.decode(encoded),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: bytes[..<colon], as: UTF8.self),
            let password = String(validating: bytes[(colon + 1)...], as: UTF8.self)
        else { return nil }
        return (user, password)
    }

    /// The segment that `name` stands for; empty where the route has none.
    func capture(_ name: String) -> String { captures[name] ?? "" }

    /// A parameter of the query, or else of the form.
    func parameter(_ name: String) -> String? { query[name] ?? form[name] }
}

extension SandboxRequest {
    /// Copies what stand-ins need; nil where the query or the form is not decodable.
    init?(_ request: borrowing HTTPRequest, path: String, captures: [String: String], origin: String) {
        method = request.method
        self.path = path
        self.captures = captures
        self.origin = origin
        peer = request.remoteAddress
        let bytes = request.body.array
        body = bytes
        var headers: [(name: String, value: String)] = []
        for index in 0..<request.headerCount {
            let (name, value) = request.header(at: index)
            headers.append(((name.string ?? "").lowercased(), value.string ?? ""))
        }
        self.headers = headers
        let type = headers.first { $0.name == "content-type" }?.value ?? ""
        contentType = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard let query = try? request.queryParameters(countMax: SandboxLimits.parametersMax) else { return nil }
        self.query = query
        guard contentType == "application/x-www-form-urlencoded" else {
            form = QueryParameters()
            return
        }
        guard let form = try? QueryParameters(bytes.span, countMax: SandboxLimits.parametersMax) else { return nil }
        self.form = form
    }
}
