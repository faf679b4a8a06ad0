// Signatures of deliveries in the schemes of the providers: valid ones are accepted, and changed ones are refused.

import Cryptography
import Foundation
import Primitives
import ProviderSDK
import TestSupport
import Testing

@testable import Webhooks

@Suite("Incoming webhook signatures", .timeLimit(.minutes(2)))
struct IncomingVerifierTests {
    static let stripe: WebhookScheme = {
        var scheme = WebhookScheme(.hmacSHA256(secretSetting: "s"), header: "Stripe-Signature")
        scheme.layout = .pairs(timestamp: "t", signature: "v1")
        scheme.payload = [.timestamp, .text("."), .body]
        scheme.tolerance = .seconds(300)
        return scheme
    }()
    static let slack: WebhookScheme = {
        var scheme = WebhookScheme(.hmacSHA256(secretSetting: "s"), header: "X-Slack-Signature")
        scheme.layout = .plain(prefix: "v0=")
        scheme.timestampHeader = "X-Slack-Request-Timestamp"
        scheme.payload = [.text("v0:"), .timestamp, .text(":"), .body]
        scheme.tolerance = .seconds(300)
        return scheme
    }()
    static func base64(_ header: String) -> WebhookScheme {
        var scheme = WebhookScheme(.hmacSHA256(secretSetting: "s"), header: header)
        scheme.encoding = .base64
        return scheme
    }
    static let ed25519: WebhookScheme = {
        var scheme = WebhookScheme(.ed25519(publicKeySetting: "k"), header: "X-Signature-Ed25519")
        scheme.timestampHeader = "X-Signature-Timestamp"
        scheme.payload = [.timestamp, .body]
        scheme.tolerance = .seconds(300)
        return scheme
    }()

    private static let now = Timestamp(seconds: 1_700_000_000) ?? .epoch
    private static let body = Array(#"{"id":"evt_1"}"#.utf8)

    private static func code(_ key: String, _ text: String) -> SHA256Digest {
        HMACSHA256(key: Array(key.utf8)).code(for: Array(text.utf8) + body)
    }

    private static func stripeHeader(_ key: String = "whsec", at seconds: Int = 1_700_000_000) -> [NamedValue] {
        [NamedValue("stripe-signature", "t=\(seconds),v1=\(code(key, "\(seconds)."))")]
    }

    @Test("Each of several keys and each of several signatures is accepted")
    func several() throws {
        let keys = WebhookVerifier.keys(in: "whsec_new, whsec_old,")
        #expect(keys == ["whsec_new", "whsec_old"])
        let verifier = try #require(WebhookVerifier(Self.stripe, keys: keys))
        for key in keys {
            #expect(
                verifier.verdict(headers: Self.stripeHeader(key), body: Self.body, at: Self.now)
                    == .genuine(sentAt: Self.now))
        }
        let wrong = String(repeating: "0", count: 64)
        let both = [
            NamedValue(
                "Stripe-Signature", "t=1700000000,v1=\(wrong),v0=ff,v1=\(Self.code("whsec_old", "1700000000."))")
        ]
        #expect(verifier.verdict(headers: both, body: Self.body, at: Self.now) == .genuine(sentAt: Self.now))
        #expect(verifier.verdict(headers: Self.stripeHeader("whsec_older"), body: Self.body, at: Self.now) == .forged)
    }

    @Test("A changed bit of body, time or signature is a forgery", arguments: 0..<14)
    func changedBit(_ place: Int) throws {
        let verifier = try #require(WebhookVerifier(Self.stripe, keys: ["whsec"]))
        var body = Self.body
        body[place] ^= 1
        #expect(verifier.verdict(headers: Self.stripeHeader(), body: body, at: Self.now) == .forged)
        var digits = Array(Self.code("whsec", "1700000000.").hex.utf8)
        digits[place * 4] = digits[place * 4] == 0x30 ? 0x31 : 0x30
        let header = [NamedValue("Stripe-Signature", "t=1700000000,v1=\(String(decoding: digits, as: UTF8.self))")]
        #expect(verifier.verdict(headers: header, body: Self.body, at: Self.now) == .forged)
        let moved = [NamedValue("Stripe-Signature", "t=1700000001,v1=\(Self.code("whsec", "1700000000."))")]
        #expect(verifier.verdict(headers: moved, body: Self.body, at: Self.now) == .forged)
    }

    @Test(
        "A signature is timely within five minutes on both sides",
        arguments: [(-301, false), (-300, true), (300, true), (301, false)])
    func window(_ seconds: Int, _ isTimely: Bool) throws {
        let verifier = try #require(WebhookVerifier(Self.stripe, keys: ["whsec"]))
        let headers = Self.stripeHeader(at: 1_700_000_000 + seconds)
        let verdict = verifier.verdict(headers: headers, body: Self.body, at: Self.now)
        #expect(verdict == (isTimely ? .genuine(sentAt: Self.now.advanced(by: .seconds(seconds))) : .untimely))
    }

    @Test(
        "A delivery without a readable signature is unsigned",
        arguments: [
            [], ["t=1700000000"], ["v1=00"], ["t=+1700000000,v1=00"], ["t=1700000000,v1=zz"], ["t=,v1=00"],
            ["t=1700000000,t=1700000000,v1=00"], ["t=17000000000000,v1=00"], [""], ["t=1700000000,v1=00", "v1=00"],
        ])
    func unsigned(_ values: [String]) throws {
        let verifier = try #require(WebhookVerifier(Self.stripe, keys: ["whsec"]))
        let headers = values.map { NamedValue("Stripe-Signature", $0) }
        #expect(verifier.verdict(headers: headers, body: Self.body, at: Self.now) == .unsigned)
    }

    @Test("A truncated signature is a forgery")
    func truncated() throws {
        let verifier = try #require(WebhookVerifier(Self.base64("x"), keys: ["key"]))
        let bytes = Self.code("key", "").bytes
        for count in [0, 1, 16, 31] {
            let header = [NamedValue("X", Base64.encode(Array(bytes.prefix(count))))]
            #expect(verifier.verdict(headers: header, body: Self.body, at: Self.now) == .forged)
        }
        let whole = [NamedValue("X", Base64.encode(bytes))]
        #expect(verifier.verdict(headers: whole, body: Self.body, at: Self.now) == .genuine(sentAt: nil))
    }

    @Test("Ed25519 signs time and body, and needs a key in hexadecimal")
    func ed25519() throws {
        let key = try Ed25519PrivateKey(seed: SymmetricKey(utf8: "0123456789abcdef0123456789abcdef"))
        let verifier = try #require(WebhookVerifier(Self.ed25519, keys: [Hex.encode(key.publicKeyBytes)]))
        let signature = Hex.encode(try key.signature(for: Array("1700000000".utf8) + Self.body))
        let headers = [
            NamedValue("X-Signature-Timestamp", "1700000000"), NamedValue("X-Signature-Ed25519", signature),
        ]
        #expect(verifier.verdict(headers: headers, body: Self.body, at: Self.now) == .genuine(sentAt: Self.now))
        #expect(verifier.verdict(headers: headers, body: Self.body + [0x20], at: Self.now) == .forged)
        #expect(WebhookVerifier(Self.ed25519, keys: ["no key"]) == nil)
        #expect(WebhookVerifier(Self.ed25519, keys: []) == nil)
    }

    @Test("The vectors of signed deliveries: every case has its expected verdict")
    func vectors() throws {
        let schemes = [
            "stripe": Self.stripe, "slack": Self.slack, "quickbooks": Self.base64("intuit-signature"),
            "xero": Self.base64("x-xero-signature"), "discord": Self.ed25519,
        ]
        let file = Vectors.own.appending(path: "webhooks/signatures.json")
        let vectors = try #require(JSONValue.parse([UInt8](Data(contentsOf: file))).array)
        #expect(vectors.count > 80)
        for vector in vectors {
            let scheme = try #require(schemes[vector["scheme"]?.string ?? ""])
            let verifier = try #require(WebhookVerifier(scheme, keys: [vector["secret"]?.string ?? ""]))
            let headers = (vector["headers"]?.members ?? []).map { NamedValue($0.key, $0.value.string ?? "") }
            let now = try #require(vector["now"]?.integer.flatMap(Timestamp.init(seconds:)))
            let verdict = verifier.verdict(headers: headers, body: Array((vector["body"]?.string ?? "").utf8), at: now)
            switch vector["expect"] {
            case "valid":
                guard case .genuine = verdict else {
                    Issue.record("\(verdict): \(vector)")
                    continue
                }
            case "stale": #expect(verdict == .untimely, "\(vector)")
            case "unsigned": #expect(verdict == .unsigned, "\(vector)")
            default: #expect(verdict == .forged || verdict == .unsigned, "\(vector)")
            }
        }
    }
}
