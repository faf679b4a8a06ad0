// Escapes in JSON strings (RFC 8259 section 7): resolving those the parser has already checked.

enum JSONEscapes {
    /// The UTF-8 bytes of a checked string body with its escapes resolved.
    ///
    /// O(length).
    static func resolved(_ body: some Sequence<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var iterator = body.makeIterator()
        var highSurrogate: UInt32?
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "\\"), let escape = iterator.next() else {
                out.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "u"):
                var unit: UInt32 = 0
                for _ in 0..<4 { unit = unit << 4 | UInt32(hexDigit(iterator.next() ?? 0) ?? 0) }
                if unit & 0xFC00 == 0xD800 {
                    highSurrogate = unit
                } else if let high = highSurrogate {
                    appendUTF8(0x10000 + (high - 0xD800) << 10 + (unit - 0xDC00), to: &out)
                    highSurrogate = nil
                } else {
                    appendUTF8(unit, to: &out)
                }
            default: out.append(escape)
            }
        }
        return out
    }

    /// The value of one hexadecimal digit, ASCII only.
    @inline(__always) static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func appendUTF8(_ scalar: UInt32, to out: inout [UInt8]) {
        switch scalar {
        case 0..<0x80: out.append(UInt8(scalar))
        case 0x80..<0x800:
            out.append(UInt8(0xC0 | scalar >> 6))
            out.append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x10000:
            out.append(UInt8(0xE0 | scalar >> 12))
            out.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            out.append(UInt8(0x80 | scalar & 0x3F))
        default:
            out.append(UInt8(0xF0 | scalar >> 18 & 0x07))
            out.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            out.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            out.append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}
