// Percent-encoding of URL parts and forms (RFC 3986 section 2, WHATWG URL forms). Bytes only.

import ProviderSDK

enum PercentEncoding {
    /// `text` with everything but unreserved characters encoded.
    static func component(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 { append(byte, to: &out) }
        return String(decoding: out, as: UTF8.self)
    }

    /// Pairs as a query or form: names and values encoded, spaces as `%20`.
    static func pairs(_ pairs: [NamedValue]) -> String {
        pairs.map { component($0.name) + "=" + component($0.value) }.joined(separator: "&")
    }

    private static func append(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            out.append(byte)
        default:
            let digits = Array("0123456789ABCDEF".utf8)
            out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    /// `url` with `query` behind it, after a query of its own if it has one.
    static func url(_ url: String, _ query: [NamedValue]) -> String {
        guard !query.isEmpty else { return url }
        return url + (url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + pairs(query)
    }
}
