// The credentials of a request as text. The authenticator verifies them.

import HTTPServer
import Sessions

/// The Authorization field of a request, or else its cookies.
struct RequestCredentials: Sendable {
    let authorization: String?
    let cookies: [String]

    /// No credentials.
    static let none = RequestCredentials(authorization: nil, cookies: [])

    var isEmpty: Bool { authorization == nil && cookies.isEmpty }

    private init(authorization: String?, cookies: [String]) {
        self.authorization = authorization
        self.cookies = cookies
    }

    /// Reads the credentials of `request`; with two Authorization fields there are none, because it is ambiguous
    /// which one counts.
    init(_ request: borrowing HTTPRequest) {
        if let index = request.headerIndex("authorization", from: 0) {
            let isOnly = request.headerIndex("authorization", from: index + 1) == nil
            self.init(authorization: isOnly ? Self.text(request.header(at: index).value) : nil, cookies: [])
            return
        }
        var cookies: [String] = []
        var start = 0
        while let index = request.headerIndex("cookie", from: start) {
            cookies.append(Self.text(request.header(at: index).value))
            start = index + 1
        }
        self.init(authorization: nil, cookies: cookies)
    }

    /// Returns a field's value as text; bytes that are not UTF-8 become replacement characters, which no credential
    /// contains.
    private static func text(_ value: ByteView) -> String {
        value.string ?? String(decoding: value.array, as: UTF8.self)
    }
}

extension Authenticator {
    func cachedPrincipal(_ credentials: RequestCredentials) -> Authentication? {
        cachedPrincipal(authorization: credentials.authorization, cookies: credentials.cookies)
    }

    func principal(_ credentials: RequestCredentials) async -> Authentication? {
        await principal(authorization: credentials.authorization, cookies: credentials.cookies)
    }
}
