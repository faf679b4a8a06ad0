// Keys and tokens for tests of sessions, valid and forged. All are made here.

import Cryptography
import Primitives
import ProviderSDK
import Synchronization

@testable import Observability
@testable import Sessions

enum SessionFixtures {
    // Made once, because generating a key is slow; a static property cannot throw.
    // swift-format-ignore: NeverUseForceTry
    static let key = try! RSAPrivateKey.generate()
    // swift-format-ignore: NeverUseForceTry
    static let foreign = try! RSAPrivateKey.generate()
    // swift-format-ignore: NeverUseForceTry
    static let ring = try! KeyRing.generate()

    static let now = Timestamp(seconds: 1_000_000) ?? .epoch
    static func later(_ duration: Duration) -> Timestamp { now.advanced(by: duration) }

    /// A token with any header and an RS256 signature.
    static func token(
        header: String = #"{"alg":"RS256","typ":"JWT"}"#, _ claims: String, key: RSAPrivateKey = key
    ) throws -> String {
        let text = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return text + "." + Base64URL.encode(try key.signature(for: text.utf8Span.span))
    }

    /// A key set with these keys, as JSON.
    static func keySet(_ keys: [(id: String, key: RSAPrivateKey)], more: String = "") throws -> [UInt8] {
        let members = try keys.map { entry in
            let (n, e) = try numbers(of: entry.key.publicKey)
            return #"{"kty":"RSA","use":"sig","alg":"RS256","kid":"\#(entry.id)","n":"\#(n)","e":"\#(e)"}"#
        }
        return Array(#"{"keys":[\#((members + (more.isEmpty ? [] : [more])).joined(separator: ","))]}"#.utf8)
    }

    /// The modulus and the exponent of a key of 2048 bits with the exponent 65537, from the end of its SubjectPublicKeyInfo
    /// (RFC 8017 appendix A.1.1).
    static func numbers(of key: RSAPublicKey) throws -> (n: String, e: String) {
        let text = try key.pem().split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        let der = try Base64.decode(text)
        return (Base64URL.encode(Array(der[(der.count - 261)..<(der.count - 5)])), Base64URL.encode([1, 0, 1]))
    }

    /// A log that writes nothing in these tests.
    static let log = Log(level: .error)
}

/// A key set server with scripted answers, which counts its fetches.
final class ScriptedKeySet: Sendable {
    private let answer = Mutex<[UInt8]?>(nil)
    private let fetches = Atomic<Int>(0)

    var fetchCount: Int { fetches.load(ordering: .relaxed) }
    /// Sets the next answer; nil fails.
    func set(_ bytes: [UInt8]?) { answer.withLock { $0 = bytes } }

    func keySet(_ clock: ManualClock) -> RemoteKeySet {
        RemoteKeySet(time: clock.source, log: SessionFixtures.log) { () async throws(KeySetError) in
            self.fetches.add(1, ordering: .relaxed)
            // Other callers can ask during this fetch.
            await Task.yield()
            guard let bytes = self.answer.withLock({ $0 }) else { throw .status(503) }
            return bytes
        }
    }
}
