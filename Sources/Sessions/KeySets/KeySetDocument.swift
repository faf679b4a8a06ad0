// Reads a JSON Web Key Set (RFC 7517 section 5) into verifiers of RS256 by key id. Fetches nothing.

import Cryptography
import ProviderSDK

/// The keys of a key set that verify RS256, by the bytes of their ids.
struct KeySetDocument: Sendable {
    let verifiers: [[UInt8]: JWSVerifier]

    /// Nil when the text is not a key set, or none of its keys can be used.
    ///
    /// Keys without an id, of other types or for other purposes are left out, and so are two keys with one id.
    init?(_ bytes: [UInt8]) {
        var limits = JSONLimits.request
        limits.bytesMax = SessionLimits.keySetBytesMax
        guard let json = try? JSONValue.parse(bytes, limits: limits), let keys = json["keys"]?.array,
            keys.count <= SessionLimits.keySetKeysMax
        else { return nil }
        var verifiers: [[UInt8]: JWSVerifier] = [:]
        var ambiguous: Set<[UInt8]> = []
        for key in keys {
            guard let jwk = Self.jwk(key), let text = jwk.keyID, 1...SessionLimits.keyIDBytesMax ~= text.utf8.count
            else { continue }
            let id = Array(text.utf8)
            guard let verifier = try? JWSVerifier(jwk: jwk, algorithm: .rs256) else { continue }
            if verifiers.updateValue(verifier, forKey: id) != nil { ambiguous.insert(id) }
        }
        for id in ambiguous { verifiers[id] = nil }
        guard !verifiers.isEmpty else { return nil }
        self.verifiers = verifiers
    }

    /// The members of a key; nil when one that decides about its use has the wrong type.
    private static func jwk(_ key: JSONValue) -> JWK? {
        guard let type = key["kty"]?.string else { return nil }
        for name in ["kid", "alg", "use", "n", "e"] where key[name] != nil && key[name]?.string == nil { return nil }
        var jwk = JWK(keyType: type)
        jwk.keyID = key["kid"]?.string
        jwk.algorithm = key["alg"]?.string
        jwk.use = key["use"]?.string
        jwk.n = key["n"]?.string
        jwk.e = key["e"]?.string
        if let operations = key["key_ops"] {
            guard let elements = operations.array else { return nil }
            jwk.keyOperations = elements.compactMap(\.string)
        }
        return jwk
    }
}
