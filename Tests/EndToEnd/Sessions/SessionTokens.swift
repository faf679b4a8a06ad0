// Makes session tokens as the issuers do, good and forged, for tests that send them to a running host.

import Cryptography
import Foundation
import HostTesting

/// The keys of all issuers, and what they sign and encrypt.
enum SessionTokens {
    // Made once, because a key takes a while; a static property cannot throw.
    // swift-format-ignore: NeverUseForceTry
    static let clerk = try! RSAPrivateKey.generate()
    // swift-format-ignore: NeverUseForceTry
    static let rds = try! RSAPrivateKey.generate()
    // swift-format-ignore: NeverUseForceTry
    static let bot = try! RSAPrivateKey.generate()
    // swift-format-ignore: NeverUseForceTry
    static let cron = try! RSAPrivateKey.generate()

    static var now: Int { Int(Date().timeIntervalSince1970) }

    /// A token with any header and payload, and an RS256 signature.
    static func signed(
        _ claims: String, _ key: RSAPrivateKey, header: String = #"{"alg":"RS256","typ":"JWT"}"#
    ) throws -> String {
        let text = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return text + "." + Base64URL.encode(try key.signature(for: text.utf8Span.span))
    }

    /// A JSON object of these claims, as JSON texts; an empty text leaves a claim out.
    static func claims(_ defaults: [(String, String)], _ changes: [String: String]) -> String {
        var members = defaults.compactMap { name, value -> String? in
            let value = changes[name] ?? value
            return value.isEmpty ? nil : "\"\(name)\":\(value)"
        }
        for (name, value) in changes where !defaults.contains(where: { $0.0 == name }) && !value.isEmpty {
            members.append("\"\(name)\":\(value)")
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// `text` with its moment filled in, where it has one: `{now±seconds}`.
    static func filled(_ text: String) -> String {
        guard let open = text.range(of: "{now"), let close = text.range(of: "}"),
            let seconds = Int(text[open.upperBound..<close.lowerBound])
        else { return text }
        return text[..<open.lowerBound] + "\(now + seconds)" + text[close.upperBound...]
    }

    /// The claims of a Clerk session that is good for an hour.
    static func clerkClaims(_ changes: [String: String] = [:]) -> String {
        claims(
            [
                ("sub", #""u1""#), ("iss", #""https://clerk.example""#), ("azp", #""https://app.example""#),
                ("sid", #""sess_1""#), ("iat", "\(now - 1)"), ("nbf", "\(now - 1)"), ("exp", "\(now + 3600)"),
            ], changes)
    }

    /// The claims of an RDS session that is good for an hour.
    static func rdsClaims(_ changes: [String: String] = [:]) -> String {
        claims([("userId", #""u1""#), ("iat", "\(now - 1)"), ("exp", "\(now + 3600)")], changes)
    }

    /// The claims of a NextAuth session that is good for an hour.
    static func nextAuthClaims(_ changes: [String: String] = [:]) -> String {
        claims(
            [("sub", #""u1""#), ("jti", #""j""#), ("iat", "\(now - 1)"), ("exp", "\(now + 3600)")], changes)
    }

    /// The key that NextAuth v4 derives from a secret.
    static func v4(_ secret: String) throws -> JWEKey {
        try derived(secret, salt: "", info: "NextAuth.js Generated Encryption Key", .a256GCM)
    }

    /// The key that Auth.js v5 derives from a secret for a cookie.
    static func v5(
        _ secret: String, _ cookie: String, _ encryption: JWEKey.ContentEncryption = .a256CBCHS512
    ) throws -> JWEKey {
        try derived(secret, salt: cookie, info: "Auth.js Generated Encryption Key (\(cookie))", encryption)
    }

    private static func derived(
        _ secret: String, salt: String, info: String, _ encryption: JWEKey.ContentEncryption
    ) throws -> JWEKey {
        try JWEKey(
            direct: HKDF.deriveSHA256(
                from: SymmetricKey(utf8: secret), salt: Array(salt.utf8), info: Array(info.utf8),
                byteCount: encryption.keyByteCount), encryption: encryption)
    }

    /// `token` over cookies of `size` characters, in the order of `order`.
    static func chunks(_ name: String, _ token: String, size: Int = 3936, order: [Int]? = nil) -> String {
        let characters = Array(token)
        let parts = stride(from: 0, to: characters.count, by: size).map {
            String(characters[$0..<min($0 + size, characters.count)])
        }
        return (order ?? Array(parts.indices)).map { "\(name).\($0)=\(parts[$0])" }.joined(separator: "; ")
    }

    /// `token` with one of its parts replaced.
    static func replacing(_ index: Int, of token: String, with part: String) -> String {
        var parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        parts[index] = part
        return parts.joined(separator: ".")
    }

    /// A public key as a member of a key set.
    static func jwk(_ key: RSAPublicKey, id: String, use: String = "sig") throws -> String {
        let text = try key.pem().split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        let der = try Base64.decode(text)
        // A key of 2048 bits with the exponent 65537 ends with both (RFC 8017 appendix A.1.1).
        let n = Base64URL.encode(Array(der[(der.count - 261)..<(der.count - 5)]))
        return #"{"kty":"RSA","use":"\#(use)","alg":"RS256","kid":"\#(id)","n":"\#(n)","e":"AQAB"}"#
    }
}

/// A host that is asked without any session but those that the requests bring.
struct SessionHost {
    /// Runs as long as it is held.
    private let installation: TestInstallation
    private let client: TestClient

    /// - Parameter sessions: the members of `sessions` in the configuration, as JSON text.
    init(sessions: String) async throws {
        installation = try await TestInstallation(extra: "\"sessions\":{\(sessions)}")
        client = try await installation.client(user: nil)
    }

    /// Sends a request; see ``TestClient/send(_:_:body:headers:)``.
    func send(
        _ method: String, _ target: String, body: String? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> TestResponse {
        try await client.send(method, target, body: body, headers: headers)
    }

    /// The same for a token whose moments are near: made for each try, and tried again when an answer took so long that the moment
    /// may have passed.
    func promptStatus(of user: String, _ place: () throws -> SessionPlace) async throws -> Int {
        var status = 0
        for _ in 0..<10 {
            let start = ContinuousClock.now
            status = try await self.status(of: user, try place())
            if ContinuousClock.now - start < .seconds(3) { break }
        }
        return status
    }

    /// The status of a request that only the user `user` may make, with the token at `place`.
    func status(of user: String, _ place: SessionPlace) async throws -> Int {
        try await send("GET", "/api/userIntegration?page=1&limit=1&userId=\(user)", headers: [place.field]).status
    }
}

/// Where a token is sent.
enum SessionPlace: Sendable {
    case bearer(String)
    case cookies(String)

    static func cookie(_ name: String, _ token: String) -> SessionPlace { .cookies("\(name)=\(token)") }

    var field: (name: String, value: String) {
        switch self {
        case .bearer(let token): ("Authorization", "Bearer \(token)")
        case .cookies(let text): ("Cookie", text)
        }
    }
}
