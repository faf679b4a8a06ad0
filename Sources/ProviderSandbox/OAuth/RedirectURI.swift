// Redirect URIs and the encodings around them, by bytes. It knows no OAuth state.

import HTTPServer
import Primitives

enum RedirectURI {
    /// Whether `text` has a scheme, something after it, no fragment, and no byte that a URI cannot have.
    static func isAbsolute(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0, bytes.count > colon + 1 else {
            return false
        }
        guard (bytes[0] | 32) >= 97, (bytes[0] | 32) <= 122 else { return false }
        let isScheme = bytes[..<colon].allSatisfy { byte in
            97...122 ~= byte | 32 || 48...57 ~= byte || byte == 43 || byte == 45 || byte == 46
        }
        // A fragment is not allowed (RFC 6749 section 3.1.2), the others are in no URI (RFC 3986 appendix A).
        let forbidden = Array("#<>\"\\^`{|}".utf8)
        return isScheme && bytes.allSatisfy { $0 > 32 && $0 < 127 && !forbidden.contains($0) }
    }

    /// `uri` with the parameters added to its query.
    static func adding(_ parameters: [(name: String, value: String)], to uri: String) -> String {
        var text = uri
        var separator = uri.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        for (name, value) in parameters {
            text += separator + PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value)
            separator = "&"
        }
        return text
    }
}

enum Encoded {
    /// Escaped for HTML text and quoted attributes.
    static func html(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += "&amp;".utf8
            case UInt8(ascii: "<"): bytes += "&lt;".utf8
            case UInt8(ascii: ">"): bytes += "&gt;".utf8
            case UInt8(ascii: "\""): bytes += "&quot;".utf8
            case UInt8(ascii: "'"): bytes += "&#39;".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

enum Decoded {
    /// One form-encoded value; nil where it is malformed.
    static func form(_ text: String) -> String? {
        if !text.utf8.contains(where: { $0 == 37 || $0 == 43 }) { return text }
        let escaped = text.utf8.contains { $0 == 38 || $0 == 61 }
        if escaped { return nil }
        let query = Array("v=\(text)".utf8)
        return (try? QueryParameters(query.span))?["v"]
    }
}

enum Decimal {
    /// A non-negative number of at most 15 digits, digits only.
    static func parse(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 15 else { return nil }
        var number = 0
        for byte in text.utf8 {
            guard 48...57 ~= byte else { return nil }
            number = number * 10 + Int(byte - 48)
        }
        return number
    }
}
