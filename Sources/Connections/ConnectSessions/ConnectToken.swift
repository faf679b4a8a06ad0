// The secrets of connect sessions as texts: the token in a link, and the cookie of the browser that opened it. Knows no store.

import Cryptography

/// The token of a connect session: `ihc_<id>_<secret>`.
package struct ConnectToken: Sendable {
    private static let prefix = "ihc_"
    /// Hexadecimal digits of the id that name the user's document.
    private static let userCount = 24
    private static let randomCount = 12
    private static let secretCount = 43

    /// The id of the session, which is not secret.
    package let id: String
    /// The whole text: a secret.
    package let text: String

    /// A new token of a session of `userID`, with 256 random bits.
    init(userID: String) throws(CryptographyError) {
        id = Self.document(of: userID) + (try SecureRandom.base62(Self.randomCount))
        text = Self.prefix + id + "_" + (try SecureRandom.base64URL(byteCount: 32))
    }

    /// Reads a token; nil for a text of any other form.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let idEnd = Self.prefix.utf8.count + Self.userCount + Self.randomCount
        guard bytes.count == idEnd + 1 + Self.secretCount, bytes.starts(with: Self.prefix.utf8),
            bytes[idEnd] == UInt8(ascii: "_")
        else { return nil }
        let id = String(decoding: bytes[Self.prefix.utf8.count..<idEnd], as: UTF8.self)
        guard Self.document(ofSession: id) != nil else { return nil }
        self.id = id
        self.text = text
    }

    /// The stored form of the token.
    var digest: [UInt8] { SHA256.digest(text).bytes }

    /// The name of the document that holds the sessions of `userID`.
    static func document(of userID: String) -> String {
        String(String(decoding: SHA256.digest("connect-session:" + userID).hexDigits, as: UTF8.self).prefix(userCount))
    }

    /// The name of the document that holds the session `id`; nil when `id` can be no session's.
    static func document(ofSession id: String) -> String? {
        let bytes = Array(id.utf8)
        guard bytes.count == userCount + randomCount,
            bytes.prefix(userCount).allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }),
            bytes.allSatisfy({ 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 || 0x61...0x7A ~= $0 })
        else { return nil }
        return String(id.prefix(userCount))
    }
}

/// The cookie of the browser that opened a session.
package enum ConnectCookie {
    private static let prefix = "integration-host-connect-"

    /// The name of the cookie of the session `id`.
    ///
    /// Each session has its own, so that two tabs do not take each other's place.
    package static func name(_ id: String) -> String { prefix + id }

    /// The session ids and secrets of the cookies in `fields`, as browsers send them: the oldest first.
    package static func all(in fields: [String]) -> [(id: String, secret: String)] {
        fields.flatMap { field in
            field.utf8.split(separator: UInt8(ascii: ";")).compactMap { pair -> (id: String, secret: String)? in
                let pair = pair.drop { $0 == 0x20 }
                guard pair.starts(with: prefix.utf8), let end = pair.firstIndex(of: UInt8(ascii: "=")) else {
                    return nil
                }
                let id = String(decoding: pair[..<end].dropFirst(prefix.utf8.count), as: UTF8.self)
                guard ConnectToken.document(ofSession: id) != nil else { return nil }
                return (id, String(decoding: pair[pair.index(after: end)...], as: UTF8.self))
            }
        }
    }

    /// The value of `Set-Cookie` that removes the cookie of the session `id`.
    package static func removal(_ id: String) -> String { "\(name(id))=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" }

    /// The value of `Set-Cookie`.
    ///
    /// The path is the whole host, because the callback lies beside the pages. Lax lets the redirect from the provider bring it.
    package static func field(_ id: String, secret: String, seconds: Int, isSecure: Bool) -> String {
        "\(name(id))=\(secret); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }
}
