// The state parameter of an authorization: its id, and an HMAC over everything it is bound to. The bound values stay
// on the server, so the URL reveals nothing. No I/O and no clock.

import Cryptography
import ProviderSDK
import Users

/// All that a state is bound to.
///
/// A callback in which any of it differs is refused.
struct OAuthStateBinding: Sendable {
    let userID: String
    let sessionBinding: String
    let service: String
    let variant: String?
    let connectionID: String
    let redirectURI: String
    /// The sealed PKCE verifier; it is different for every authorization.
    let verifier: String?
    let callerState: String?
    let nonce: String
    let expiresAt: Timestamp

    /// The bytes that are signed.
    ///
    /// Each part is preceded by its length, so two bindings never have the same bytes.
    fileprivate var signedBytes: [UInt8] {
        var bytes: [UInt8] = []
        for part in [
            "oauth-state-v1", userID, sessionBinding, service, variant ?? "", connectionID, redirectURI, verifier ?? "",
            callerState ?? "", nonce, String(expiresAt.milliseconds),
        ] {
            bytes += Array("\(part.utf8.count):".utf8) + Array(part.utf8)
        }
        return bytes
    }
}

/// The nonce of an authorization: random, and marked so that a state says whose it was after the authorization is gone.
///
/// The mark decides about no authorization. It only finds out why a state is refused.
struct OAuthNonce: Sendable {
    private static let randomCount = 22
    private static let userCount = 8
    private static let expiryCount = 11
    private static let markCount = 16

    let text: String

    /// Makes a nonce of `random`, ``randomCount`` characters of base62.
    static func make(
        random: String, connectionID: String, userID: String, expiresAt: Timestamp, with ring: KeyRing
    ) throws(CryptographyError) -> OAuthNonce {
        let key = HMACSHA256(key: try ring.key(for: .oauthState))
        let digits = String(max(0, expiresAt.milliseconds), radix: 16)
        let expiry = String(repeating: "0", count: max(0, expiryCount - digits.utf8.count)) + digits
        let head = random + user(userID, random, key) + expiry
        return OAuthNonce(text: head + mark(head, connectionID, key))
    }

    static func random() throws(CryptographyError) -> String { try SecureRandom.base62(randomCount) }

    /// Why a state with this nonce has no authorization of `userID`.
    ///
    /// - Parameter keyID: the key that signed the state.
    func refusal(
        connectionID: String, userID: String, at now: Timestamp, keyID: String, with ring: KeyRing
    ) -> FailureReason {
        let counts = [Self.randomCount, Self.userCount, Self.expiryCount, Self.markCount]
        guard text.utf8.count == counts.reduce(0, +), text.utf8.allSatisfy({ $0 < 0x80 }),
            let ringKey = try? ring.key(for: .oauthState, id: keyID)
        else { return .stateInvalid }
        let key = HMACSHA256(key: ringKey)
        let head = String(text.dropLast(Self.markCount))
        guard
            constantTimeEquals(Array(Self.mark(head, connectionID, key).utf8), Array(text.utf8.suffix(Self.markCount)))
        else { return .stateInvalid }
        let random = String(head.prefix(Self.randomCount))
        guard head.dropFirst(Self.randomCount).prefix(Self.userCount) == Self.user(userID, random, key) else {
            return .otherSession
        }
        guard let expiry = Int64(head.suffix(Self.expiryCount), radix: 16), now.milliseconds < expiry else {
            return .stateExpired
        }
        return .alreadyUsed
    }

    private static func user(_ userID: String, _ random: String, _ key: HMACSHA256) -> String {
        code(["oauth-nonce-user-v1", random, userID], key, userCount)
    }

    private static func mark(_ head: String, _ connectionID: String, _ key: HMACSHA256) -> String {
        code(["oauth-nonce-v1", head, connectionID], key, markCount)
    }

    private static func code(_ parts: [String], _ key: HMACSHA256, _ count: Int) -> String {
        let bytes = parts.flatMap { Array("\($0.utf8.count):".utf8) + Array($0.utf8) }
        return String(Base64URL.encode(key.code(for: bytes).bytes).prefix(count))
    }
}

/// A state as written in a URL: `<key id>.<connection id>.<nonce>.<MAC>`.
struct OAuthState: Sendable, Equatable {
    let keyID: String
    let connectionID: String
    let nonce: String
    let code: [UInt8]

    /// Bytes of a state at most.
    static let bytesMax = 256

    var text: String { "\(keyID).\(connectionID).\(nonce).\(Base64URL.encode(code))" }

    private init(keyID: String, connectionID: String, nonce: String, code: [UInt8]) {
        self.keyID = keyID
        self.connectionID = connectionID
        self.nonce = nonce
        self.code = code
    }

    /// Reads a state; nil when it does not have the form of one.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.bytesMax, parts.count == 4, parts.allSatisfy({ !$0.isEmpty }),
            let code = try? Base64URL.decode(String(Substring(parts[3]))), code.count == 32
        else { return nil }
        self.init(
            keyID: String(Substring(parts[0])), connectionID: String(Substring(parts[1])),
            nonce: String(Substring(parts[2])), code: code)
        // Each state has exactly one text: nothing else decodes to it.
        guard self.text.utf8.elementsEqual(text.utf8) else { return nil }
    }

    /// Signs `binding` with the primary key.
    static func signed(_ binding: OAuthStateBinding, with ring: KeyRing) throws(CryptographyError) -> OAuthState {
        let key = HMACSHA256(key: try ring.key(for: .oauthState))
        return OAuthState(
            keyID: ring.primaryID, connectionID: binding.connectionID, nonce: binding.nonce,
            code: key.code(for: binding.signedBytes).bytes)
    }

    /// The tag of a callback that brought this state; nil when its key is not in the ring.
    ///
    /// - Parameter parts: what else makes a callback the same one: who brought it, and what the provider sent.
    func tag(of parts: [String], with ring: KeyRing) -> String? {
        guard let key = try? ring.key(for: .oauthState, id: keyID) else { return nil }
        let bytes = (["oauth-callback-v1", text] + parts).flatMap { Array("\($0.utf8.count):".utf8) + Array($0.utf8) }
        return Base64URL.encode(HMACSHA256(key: key).code(for: bytes).bytes)
    }

    /// Whether this is the state of `binding`, signed by any key of the ring.
    func isValid(for binding: OAuthStateBinding, with ring: KeyRing) -> Bool {
        guard let key = try? ring.key(for: .oauthState, id: keyID) else { return false }
        return HMACSHA256(key: key).isValid(code, for: binding.signedBytes)
    }
}
