// Verifies that a delivery is from the provider: compares the signature over the raw bytes in constant time and
// checks the age of the timestamp. Follows the scheme in the provider's manifest. Parses no body and knows no
// provider.

import ConnectionModel
import Cryptography
import Primitives
package import ProviderSDK
package import Providers

/// Verifies the deliveries of one provider.
package struct WebhookVerifier: Sendable {
    /// The result of verifying a delivery.
    enum Verdict: Sendable, Equatable {
        /// The provider sent it; with the signed time where the scheme has one.
        case genuine(sentAt: Timestamp?)
        /// It has no signature, or none that can be parsed.
        case unsigned
        /// Its signature is wrong: another sender, or changed on the way.
        case forged
        /// Its signature is valid, but its timestamp is too far from now.
        case untimely
    }

    private enum Key: Sendable {
        case hmac(HMACSHA256)
        case ed25519(Ed25519PublicKey)
    }

    /// How the provider signs.
    package let scheme: WebhookScheme
    private let keys: [Key]

    /// Creates a verifier with the keys that are valid now, as texts.
    ///
    /// - Returns: nil when there is no key, or one of them is invalid.
    package init?(_ scheme: WebhookScheme, keys texts: [String]) {
        var keys: [Key] = []
        for text in texts {
            switch scheme.algorithm {
            case .hmacSHA256: keys.append(.hmac(HMACSHA256(key: Array(text.utf8))))
            case .ed25519:
                guard let bytes = Hex.decode(text), let key = try? Ed25519PublicKey(rawBytes: bytes) else {
                    return nil
                }
                keys.append(.ed25519(key))
            @unknown default: return nil
            }
        }
        guard !keys.isEmpty else { return nil }
        self.scheme = scheme
        self.keys = keys
    }

    /// Returns the keys in a setting, separated by commas or spaces; there are several while one replaces another.
    package static func keys(in setting: String) -> [String] {
        setting.split { $0 == "," || $0.isWhitespace }.prefix(WebhookLimits.secretsMax).map(String.init)
    }

    /// Verifies a delivery.
    ///
    /// O(bytes of the body), once per key.
    func verdict(headers: [NamedValue], body: [UInt8], at now: Timestamp) -> Verdict {
        guard let field = Self.only(scheme.header, in: headers), let signed = signed(field, headers) else {
            return .unsigned
        }
        guard isGenuine(signed, body) else { return .forged }
        guard let tolerance = scheme.tolerance else { return .genuine(sentAt: signed.moment) }
        guard let moment = signed.moment else { return .untimely }
        let age = now.duration(since: moment)
        return age <= tolerance && .zero - age <= tolerance ? .genuine(sentAt: moment) : .untimely
    }

    // MARK: Header fields

    private struct Signed {
        var signatures: [[UInt8]] = []
        /// The timestamp exactly as sent, because those bytes are signed.
        var timestamp: String?
        var moment: Timestamp?
    }

    /// Returns the value of a field that occurs exactly once; with two it is ambiguous which one counts.
    private static func only(_ name: String, in headers: [NamedValue]) -> String? {
        let found = headers.filter { ASCII.equalIgnoringCase($0.name, name) }
        return found.count == 1 ? found[0].value : nil
    }

    private func signed(_ field: String, _ headers: [NamedValue]) -> Signed? {
        var signed = Signed()
        switch scheme.layout {
        case .plain(let prefix):
            guard field.utf8.starts(with: prefix.utf8) else { return nil }
            if let bytes = decoded(field.utf8.dropFirst(prefix.utf8.count)) { signed.signatures = [bytes] }
        case .pairs(let timestamp, let signature):
            for pair in field.utf8.split(separator: UInt8(ascii: ",")) {
                guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
                let name = pair[..<equals].drop { $0 == 0x20 }
                let value = pair[pair.index(after: equals)...]
                if name.elementsEqual(timestamp.utf8) {
                    guard signed.timestamp == nil else { return nil }
                    signed.timestamp = String(value)
                } else if name.elementsEqual(signature.utf8), signed.signatures.count < WebhookLimits.signaturesMax,
                    let bytes = decoded(value)
                {
                    signed.signatures.append(bytes)
                }
            }
        @unknown default: return nil
        }
        if let header = scheme.timestampHeader { signed.timestamp = Self.only(header, in: headers) }
        signed.moment = signed.timestamp.flatMap(Self.moment)
        let needsTimestamp = scheme.tolerance != nil || scheme.payload.contains(.timestamp)
        guard !signed.signatures.isEmpty, !needsTimestamp || signed.moment != nil else { return nil }
        return signed
    }

    private func decoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let bytes = Array(text)
        switch scheme.encoding {
        case .hex: return Hex.decode(bytes.span)
        case .base64: return try? Base64.decode(bytes.span)
        @unknown default: return nil
        }
    }

    /// Parses seconds since 1970: decimal digits and nothing else.
    private static func moment(_ text: String) -> Timestamp? {
        guard 1...WebhookLimits.timestampDigitsMax ~= text.utf8.count else { return nil }
        var seconds: Int64 = 0
        for byte in text.utf8 {
            guard 0x30...0x39 ~= byte else { return nil }
            seconds = seconds * 10 + Int64(byte - 0x30)
        }
        return Timestamp(seconds: seconds)
    }

    // MARK: Signatures

    private func isGenuine(_ signed: Signed, _ body: [UInt8]) -> Bool {
        var isGenuine = false
        for key in keys {
            switch key {
            case .hmac(let hmac):
                var stream = hmac.stream()
                for part in scheme.payload {
                    switch part {
                    case .text(let text): stream.update(text)
                    case .timestamp: stream.update(signed.timestamp ?? "")
                    case .body: stream.update(body)
                    @unknown default: return false
                    }
                }
                let code = stream.code().bytes
                // Compare with every key even after a match, so that the time taken reveals nothing.
                for signature in signed.signatures where constantTimeEquals(code, signature) { isGenuine = true }
            case .ed25519(let key):
                guard let message = message(signed, body) else { return false }
                for signature in signed.signatures where key.isValidSignature(signature, for: message) {
                    isGenuine = true
                }
            }
        }
        return isGenuine
    }

    private func message(_ signed: Signed, _ body: [UInt8]) -> [UInt8]? {
        var message: [UInt8] = []
        for part in scheme.payload {
            switch part {
            case .text(let text): message += text.utf8
            case .timestamp: message += (signed.timestamp ?? "").utf8
            case .body: message += body
            @unknown default: return nil
            }
        }
        return message
    }
}

/// Whether the host can verify the webhooks of a provider.
package enum WebhookSetup: Sendable {
    /// The provider sends no webhooks.
    case none
    /// The setting with the verification key is missing or invalid.
    case unconfigured(setting: String)
    case ready(WebhookVerifier)

    package init(_ provider: ConfiguredProvider) {
        guard let scheme = provider.manifest.webhooks else {
            self = .none
            return
        }
        let setting: String
        switch scheme.algorithm {
        case .hmacSHA256(let name), .ed25519(let name): setting = name
        @unknown default:
            self = .none
            return
        }
        let keys = provider.setting(setting).map { WebhookVerifier.keys(in: $0.value) } ?? []
        self = WebhookVerifier(scheme, keys: keys).map(Self.ready) ?? .unconfigured(setting: setting)
    }
}
