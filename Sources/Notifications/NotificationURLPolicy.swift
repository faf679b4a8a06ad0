// Decides which webhook URLs are accepted, byte by byte, from the text alone. At each delivery the client checks the
// address behind the name when it connects.

package import ConnectionModel
import HTTPClient
import Primitives
import ProviderSDK

/// The rules for webhook URLs.
package struct NotificationURLPolicy: Sendable {
    /// Whether http, other ports and non-public addresses are allowed as well.
    package let allowsPrivateAddresses: Bool

    package init(allowsPrivateAddresses: Bool) {
        self.allowsPrivateAddresses = allowsPrivateAddresses
    }

    /// The ports of public endpoints.
    static let ports: Set = [443, 8443]
    /// Bytes of a host name.
    static let hostBytesMax = 253
    /// Names that do not exist on the Internet, besides those of local networks (RFC 2606, RFC 7686, RFC 9476).
    static let reservedNames = ["alt", "example", "invalid", "onion", "test"]

    /// Refuses a URL that the host never delivers to.
    ///
    /// - Throws: ``ServiceError/invalid(field:message:)`` with the reason.
    package func check(_ url: String) throws(ServiceError) {
        if let reason = refusal(of: url) {
            throw .invalid(field: "settings.webhookUrl", message: "The webhook URL \(reason)")
        }
    }

    /// Returns why the host does not deliver to a URL, as the end of a sentence; nil when it does.
    package func refusal(of url: String) -> String? {
        guard url.utf8.count <= NotificationLimits.urlBytesMax else {
            return "is longer than \(NotificationLimits.urlBytesMax) bytes"
        }
        let bytes = Array(url.utf8)
        guard let parts = WebhookURL(bytes) else {
            return "must be an absolute https URL of the characters of RFC 3986, without user information or fragment"
        }
        guard allowsPrivateAddresses || parts.isSecure else { return "must use https" }
        guard let port = parts.port else { return "has an invalid port" }
        guard allowsPrivateAddresses || Self.ports.contains(port) else { return "must use port 443 or 8443" }
        return parts.isBracketed ? refusal(ofV6: parts.host) : refusal(ofName: parts.host)
    }

    private func refusal(ofV6 host: [UInt8]) -> String? {
        let text = String(decoding: host, as: UTF8.self)
        guard let address = IPAddress(text), case .v6 = address, address.unmapped == address,
            address.canonicalText.utf8.elementsEqual(host)
        else { return "has an address that is not written in its one canonical form (RFC 5952)" }
        return refusal(of: address)
    }

    private func refusal(of address: IPAddress) -> String? {
        allowsPrivateAddresses || address.isPublic ? nil : "has an address that is not public"
    }

    private func refusal(ofName host: [UInt8]) -> String? {
        let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let last = labels.last, host.count <= Self.hostBytesMax, labels.allSatisfy(Self.isLabel) else {
            return "must have a host name of at most 253 bytes: letters, digits and hyphens"
        }
        let isNumeric = last.allSatisfy { 0x30...0x39 ~= $0 } || last.starts(with: "0x".utf8)
        if isNumeric {
            guard case .v4(let address) = IPAddress(String(decoding: host, as: UTF8.self)) else {
                return "has an address that is not written as four decimal numbers"
            }
            return refusal(of: .v4(address))
        }
        if allowsPrivateAddresses { return nil }
        guard labels.count > 1 else { return "must have a fully qualified host name" }
        if AddressPolicy.isLocal(String(decoding: host, as: UTF8.self)) { return "has a host name that is not public" }
        for name in Self.reservedNames where host.hasSuffix("." + name) {
            return "has a host name that is not public"
        }
        return nil
    }

    /// Returns whether a label has only letters, digits and inner hyphens, 1 to 63 bytes.
    private static func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
        1...63 ~= label.count && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
            && label.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x7A ~= $0 || $0 == UInt8(ascii: "-") }
    }
}

/// The parts of a URL that decide whether the host delivers to it.
struct WebhookURL: Sendable {
    let isSecure: Bool
    /// A name in lower case, or an address without its brackets.
    let host: [UInt8]
    let isBracketed: Bool
    /// The port; nil when its digits are not a valid port.
    let port: Int?

    /// Parses a URL.
    ///
    /// Nil when the bytes are not an absolute http or https URL in the characters of RFC 3986, or have user
    /// information or a fragment.
    init?(_ bytes: [UInt8]) {
        let lower = ASCII.lowercased(bytes)
        let start: Int
        if lower.starts(with: "https://".utf8) {
            (isSecure, start) = (true, 8)
        } else if lower.starts(with: "http://".utf8) {
            (isSecure, start) = (false, 7)
        } else {
            return nil
        }
        let end = lower[start...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? lower.endIndex
        guard Self.isPathAndQuery(lower[end...]) else { return nil }
        let authority = lower[start..<end]
        guard !authority.contains(UInt8(ascii: "@")) else { return nil }
        var rest: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "[") {
            guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            // Keep the case as written: capitals are not canonical.
            host = Array(bytes[(start + 1)..<close])
            guard host.allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 || $0 == UInt8(ascii: ":") }) else {
                return nil
            }
            (isBracketed, rest) = (true, authority[(close + 1)...])
        } else {
            let colon = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            host = Array(authority[..<colon])
            (isBracketed, rest) = (false, authority[colon...])
            guard !host.isEmpty, host.allSatisfy(Self.isHostByte) else { return nil }
        }
        guard let colon = rest.popFirst() else {
            port = isSecure ? 443 : 80
            return
        }
        guard colon == UInt8(ascii: ":") else { return nil }
        guard 1...5 ~= rest.count, rest.first != UInt8(ascii: "0"), rest.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            port = nil
            return
        }
        let number = rest.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        port = 1...65_535 ~= number ? number : nil
    }

    /// Returns the host and port of a URL, for counting and for logs; nil when the URL is invalid.
    static func authority(of url: String) -> String? {
        guard let parts = WebhookURL(Array(url.utf8)), let port = parts.port else { return nil }
        let host = String(decoding: parts.host, as: UTF8.self)
        return parts.isBracketed ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x61...0x7A ~= byte || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func isPathAndQuery(_ bytes: ArraySlice<UInt8>) -> Bool {
        var hexDigitsDue = 0
        for byte in bytes {
            let isDigit = 0x30...0x39 ~= byte
            if hexDigitsDue > 0 {
                guard isDigit || 0x61...0x66 ~= byte else { return false }
                hexDigitsDue -= 1
            } else if byte == UInt8(ascii: "%") {
                hexDigitsDue = 2
            } else if !isDigit && !(0x61...0x7A ~= byte) && !"-._~!$&'()*+,;=:@/?".utf8.contains(byte) {
                return false
            }
        }
        return hexDigitsDue == 0
    }
}

extension IPAddress {
    /// Returns the canonical form of an address (RFC 5952).
    var canonicalText: String {
        switch self {
        case .v4(let address):
            return [24, 16, 8, 0].map { String(address >> $0 & 0xFF) }.joined(separator: ".")
        case .v6(let high, let low):
            let groups = [high, low].flatMap { half in [48, 32, 16, 0].map { half >> UInt64($0) & 0xFFFF } }
            // The longest run of at least two zero groups is left out; the first of equally long runs.
            var longest = 0..<0
            var start = 0
            while start < groups.count {
                var end = start
                while end < groups.count, groups[end] == 0 { end += 1 }
                if end - start > max(longest.count, 1) { longest = start..<end }
                start = max(end, start + 1)
            }
            func text(_ part: ArraySlice<UInt64>) -> String {
                part.map { String($0, radix: 16) }.joined(separator: ":")
            }
            guard !longest.isEmpty else { return text(groups[...]) }
            return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
        }
    }
}

extension Array<UInt8> {
    fileprivate func hasSuffix(_ suffix: String) -> Bool {
        count >= suffix.utf8.count && self[(count - suffix.utf8.count)...].elementsEqual(suffix.utf8)
    }
}
