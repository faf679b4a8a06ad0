// Whether a delivery is from the provider: the signature over the raw bytes, in constant time, and the age of its timestamp. Follows
// the scheme that the provider's manifest describes; parses no body and knows no provider.

import ConnectionModel
import Cryptography
import Primitives
package import ProviderSDK
package import Providers

/// Verifies the deliveries of one provider.
package struct WebhookVerifier: Sendable {
    /// What a delivery is.
    enum Verdict: Sendable, Equatable {
        /// From the provider; its own time where it is signed with one.
        case genuine(sentAt: Timestamp?)
        /// Without a signature, or with none that can be read.
        case unsigned
        /// Signed by somebody else, or changed on the way.
        case forged
        /// Signed by the provider, but not now.
        case untimely
    }

    private enum Key: Sendable {
        case hmac(HMACSHA256)
        case ed25519(Ed25519PublicKey)
    }

    /// How the provider signs.
    package let scheme: WebhookScheme
    private let keys: [Key]

    /// A verifier with the keys that are valid now, as texts.
    ///
    /// - Returns: nil when one of them is no key, or there is none.
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

    /// The keys in a setting, which may hold several while one takes the place of another: separated by commas or spaces.
    package static func keys(in setting: String) -> [String] {
        setting.split { $0 == "," || $0.isWhitespace }.prefix(IncomingLimits.secretsMax).map(String.init)
    }

    /// What a delivery is.
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
        /// The timestamp exactly as it was sent, because that is what was signed.
        var timestamp: String?
        var moment: Timestamp?
    }

    /// The value of a field that is there once; which of two would count is nothing to guess about.
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
                } else if name.elementsEqual(signature.utf8), signed.signatures.count < IncomingLimits.signaturesMax,
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

    /// Seconds since 1970 in decimal digits, and nothing else.
    private static func moment(_ text: String) -> Timestamp? {
        guard 1...IncomingLimits.timestampDigitsMax ~= text.utf8.count else { return nil }
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
                // Each is compared, whichever is right: how long it takes tells nothing.
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

/// How the webhooks of a provider are set up on this host.
package enum WebhookSetup: Sendable {
    /// The provider sends none.
    case none
    /// The setting with the key that deliveries are verified with is missing, or is no key.
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
