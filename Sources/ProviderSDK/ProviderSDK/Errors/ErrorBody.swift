// Reads the body of an error answer in the form it comes: JSON, XML, a form or text. Says also whether what answered was a page for
// people instead of the API. Keeps no body.

/// The body of an answer as facts.
enum ErrorBody {
    /// Bytes of a body that are searched for a sentence.
    private static let searchedBytesMax = 8 << 10
    /// The provider's code of an answer that a firewall gave.
    static let firewallCode = "blocked_by_firewall"

    /// The body as a JSON value; nil when it is none of the forms.
    ///
    /// XML becomes an object with the content of its root, as ``XMLReader`` says. A form becomes an object of texts.
    static func facts(of response: ProviderResponse) -> JSONValue? {
        if let value = try? JSONValue.parse(response.body) { return value }
        if isPage(response) { return nil }
        return XMLReader.value(of: response.body) ?? form(response)
    }

    /// Whether the body is a page for people.
    static func isPage(_ response: ProviderResponse) -> Bool {
        let start = String(decoding: response.body.drop { $0 <= 0x20 || $0 >= 0x80 }.prefix(256), as: UTF8.self)
        let lowered = start.lowercased()
        if lowered.hasPrefix("<!doctype html") || lowered.hasPrefix("<html") || lowered.hasPrefix("<head") {
            return true
        }
        return lowered.hasPrefix("<") && response.header("content-type")?.lowercased().hasPrefix("text/html") == true
    }

    /// Whether a firewall refused the request before it reached the API, with this body as `facts`.
    static func isFirewall(_ response: ProviderResponse, facts: JSONValue?) -> Bool {
        guard response.status == 403 || response.status == 406 else { return false }
        if facts?["cloudflare_error"]?.boolean == true || response.header("cf-mitigated") != nil || isPage(response) {
            return true
        }
        guard facts == nil || facts?.kind == .string else { return isAnnounced(in: response.body) }
        return isAnnounced(in: response.body) || cloudflareCode(response.body)
    }

    /// Whether a text says that network security refused the request.
    private static func isAnnounced(in body: [UInt8]) -> Bool {
        let text = String(decoding: body.prefix(searchedBytesMax), as: UTF8.self).lowercased()
        return ["blocked by network security", "attention required! | cloudflare"].contains { text.contains($0) }
    }

    /// Whether a text is one of Cloudflare's, such as `error code: 1010`.
    private static func cloudflareCode(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body.prefix(64), as: UTF8.self).lowercased()
        return text.hasPrefix("error code: 1")
    }

    /// The body as a form; nil when it is not one.
    static func form(_ response: ProviderResponse) -> JSONValue? {
        let body = response.body
        guard !body.isEmpty, body.count <= 64 << 10, body.contains(UInt8(ascii: "=")),
            body.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "{") })
        else { return nil }
        var members: [(key: String, value: JSONValue)] = []
        for pair in body.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.flatMap(decoded), !name.isEmpty,
                let value = parts.count == 2 ? decoded(parts[1]) : ""
            else { return nil }
            if !members.contains(where: { $0.key == name }) { members.append((name, .string(value))) }
        }
        return members.isEmpty ? nil : .object(members)
    }

    /// A part of a form without its escapes; nil when it is damaged.
    private static func decoded(_ part: ArraySlice<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = part
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                    return nil
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
