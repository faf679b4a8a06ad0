// Brings the body of an answer into UTF-8 without a byte order mark, which is what everything behind it reads. Pure.

import Primitives

/// The text of an answer's body.
enum BodyText {
    private enum Encoding {
        case utf8, utf16(isLittleEndian: Bool)
        /// A single-byte encoding, with the scalars of the bytes from 0x80 that differ from Latin-1.
        case singleByte([UInt8: UInt32])
    }

    /// Returns a body as UTF-8, without a byte order mark.
    ///
    /// The mark decides before the label, and bytes that are UTF-8 are taken for it also against the label: most labels
    /// of JSON are wrong (RFC 8259 section 8.1 knows UTF-8 only).
    ///
    /// - Parameter contentType: the answer's `Content-Type`.
    static func utf8(_ body: [UInt8], contentType: String?) -> [UInt8] {
        if body.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(body.dropFirst(3)) }
        if body.starts(with: [0xFF, 0xFE]) { return utf16(body.dropFirst(2), isLittleEndian: true) }
        if body.starts(with: [0xFE, 0xFF]) { return utf16(body.dropFirst(2), isLittleEndian: false) }
        switch label(in: contentType).flatMap(encoding) ?? .utf8 {
        case .utf8: return body
        case .utf16(let isLittleEndian):
            // A text of 16-bit units has zero bytes, and JSON in UTF-8 has none.
            return body.contains(0) ? utf16(body[...], isLittleEndian: isLittleEndian) : body
        case .singleByte(let exceptions):
            return isUTF8(body) ? body : singleByte(body, exceptions)
        }
    }

    /// The value of the parameter `charset`, in lower case.
    private static func label(in contentType: String?) -> String? {
        guard let contentType else { return nil }
        for parameter in contentType.split(separator: ";").dropFirst() {
            let sides = parameter.split(separator: "=", maxSplits: 1).map { side in
                side.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" }
            }
            if sides.count == 2, ASCII.lowercased(String(sides[0])) == "charset" {
                return ASCII.lowercased(String(sides[1]))
            }
        }
        return nil
    }

    private static func encoding(_ label: String) -> Encoding? {
        switch label {
        case "iso-8859-1", "iso8859-1", "latin1", "l1", "windows-1252", "cp1252", "us-ascii", "ascii":
            .singleByte(windows1252)
        case "iso-8859-15", "latin-9", "latin9": .singleByte(latin9)
        case "utf-16", "utf-16be", "ucs-2": .utf16(isLittleEndian: false)
        case "utf-16le": .utf16(isLittleEndian: true)
        default: nil
        }
    }

    /// Latin-1 stands for Windows-1252 on the web (WHATWG Encoding section 4.2).
    private static let windows1252: [UInt8: UInt32] = [
        0x80: 0x20AC, 0x82: 0x201A, 0x83: 0x0192, 0x84: 0x201E, 0x85: 0x2026, 0x86: 0x2020, 0x87: 0x2021,
        0x88: 0x02C6, 0x89: 0x2030, 0x8A: 0x0160, 0x8B: 0x2039, 0x8C: 0x0152, 0x8E: 0x017D, 0x91: 0x2018,
        0x92: 0x2019, 0x93: 0x201C, 0x94: 0x201D, 0x95: 0x2022, 0x96: 0x2013, 0x97: 0x2014, 0x98: 0x02DC,
        0x99: 0x2122, 0x9A: 0x0161, 0x9B: 0x203A, 0x9C: 0x0153, 0x9E: 0x017E, 0x9F: 0x0178,
    ]

    private static let latin9: [UInt8: UInt32] = [
        0xA4: 0x20AC, 0xA6: 0x0160, 0xA8: 0x0161, 0xB4: 0x017D, 0xB8: 0x017E, 0xBC: 0x0152, 0xBD: 0x0153,
        0xBE: 0x0178,
    ]

    private static func isUTF8(_ body: [UInt8]) -> Bool { (try? UTF8Span(validating: body.span)) != nil }

    private static func singleByte(_ body: [UInt8], _ exceptions: [UInt8: UInt32]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(body.count + body.count / 4)
        for byte in body {
            if byte < 0x80 {
                text.append(byte)
            } else {
                let scalar = exceptions[byte].flatMap(Unicode.Scalar.init) ?? Unicode.Scalar(byte)
                text += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        return text
    }

    private static func utf16(_ body: ArraySlice<UInt8>, isLittleEndian: Bool) -> [UInt8] {
        var units: [UInt16] = []
        units.reserveCapacity(body.count / 2)
        var at = body.startIndex
        while at + 1 < body.endIndex {
            let (first, second) = (UInt16(body[at]), UInt16(body[at + 1]))
            units.append(isLittleEndian ? second << 8 | first : first << 8 | second)
            at += 2
        }
        var text = Array(String(decoding: units, as: UTF16.self).utf8)
        // Half a unit at the end cannot be a part of a text.
        if at < body.endIndex { text.append(body[at]) }
        return text
    }
}
