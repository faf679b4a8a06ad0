// The protected header of a compact JWS or JWE (RFC 7515 section 4, RFC 7516 section 4). It is read strictly: one flat JSON object
// of strings with distinct names. Two readers that disagree about a header let tokens be forged.

import Primitives

/// A JOSE header.
///
/// Its values are claims of the sender: use them to find a key, never to choose an algorithm.
public struct JOSEHeader: Sendable, Equatable {
    /// The `alg` member.
    public let algorithm: String
    /// The `kid` member.
    public let keyID: String?
    /// The `typ` member.
    public let type: String?
    /// The `enc` member of a JWE.
    public let encryption: String?
    /// Whether there is a member that asks for what is not supported (`zip`, or `b64` as a string).
    let demandsExtension: Bool

    /// Reads the header of a compact token without verifying anything, to find the key that verifies the token.
    ///
    /// - Throws: `.tokenInvalid(.malformed)`, `.headerMalformed` or `.criticalHeader`.
    public init(unverified token: String) throws(CryptographyError) {
        try self.init(unverified: token.utf8Span.span)
    }

    /// Reads the header of a compact token, given as ASCII, without verifying anything.
    public init(unverified bytes: Span<UInt8>) throws(CryptographyError) {
        guard bytes.count <= CryptographyLimits.tokenBytesMax else { throw .tokenInvalid(.malformed) }
        var end = 0
        while end < bytes.count, bytes[end] != UInt8(ascii: ".") { end += 1 }
        guard end < bytes.count else { throw .tokenInvalid(.malformed) }
        try self.init(encoded: bytes.extracting(..<end))
    }

    /// Reads the base64url text of a header.
    init(encoded: Span<UInt8>) throws(CryptographyError) {
        guard encoded.count <= CryptographyLimits.tokenHeaderBytesMax / 3 * 4 else { throw .tokenInvalid(.malformed) }
        let json: [UInt8]
        do {
            json = try Base64URL.decode(encoded)
        } catch {
            throw .tokenInvalid(.malformed)
        }
        try self.init(json: json.span)
    }

    /// Reads the JSON text of a header.
    init(json: Span<UInt8>) throws(CryptographyError) {
        var reader = HeaderReader(byteCount: json.count)
        try reader.readObject(json)
        if reader.has("crit") { throw .tokenInvalid(.criticalHeader) }
        guard let algorithm = reader.value(of: "alg") else { throw .tokenInvalid(.headerMalformed) }
        self.algorithm = algorithm
        keyID = reader.value(of: "kid")
        type = reader.value(of: "typ")
        encryption = reader.value(of: "enc")
        demandsExtension = reader.has("zip") || reader.has("b64")
    }

    /// Whether `alg` is exactly the bytes of `name`.
    func hasAlgorithm(_ name: String) -> Bool {
        algorithm.utf8.elementsEqual(name.utf8)
    }
}

/// A reader of one flat JSON object of strings.
///
/// The strings are decoded one after another into one buffer.
private struct HeaderReader {
    private var position = 0
    private var text: [UInt8] = []
    private var members: [Member] = []

    private struct Member {
        var name: Range<Int>
        var value: Range<Int>
    }

    init(byteCount: Int) {
        text.reserveCapacity(byteCount)
        members.reserveCapacity(4)
    }

    /// The value of the member called `name`, as decoded.
    func value(of name: StaticString) -> String? {
        for member in members where isName(member, name) {
            return String(decoding: text[member.value], as: UTF8.self)
        }
        return nil
    }

    func has(_ name: StaticString) -> Bool {
        members.contains { isName($0, name) }
    }

    private func isName(_ member: Member, _ name: StaticString) -> Bool {
        guard member.name.count == name.utf8CodeUnitCount else { return false }
        for offset in 0..<member.name.count
        where unsafe text[member.name.lowerBound + offset] != name.utf8Start[offset] { return false }
        return true
    }

    mutating func readObject(_ json: Span<UInt8>) throws(CryptographyError) {
        skipWhitespace(json)
        try expect(UInt8(ascii: "{"), json)
        skipWhitespace(json)
        if peek(json) == UInt8(ascii: "}") {
            position += 1
        } else {
            try readMembers(json)
        }
        skipWhitespace(json)
        guard position == json.count else { throw .tokenInvalid(.headerMalformed) }
    }

    private mutating func readMembers(_ json: Span<UInt8>) throws(CryptographyError) {
        while true {
            guard members.count < CryptographyLimits.tokenHeaderMembersMax else {
                throw .tokenInvalid(.headerMalformed)
            }
            skipWhitespace(json)
            var member = Member(name: try string(json), value: 0..<0)
            skipWhitespace(json)
            try expect(UInt8(ascii: ":"), json)
            skipWhitespace(json)
            // `crit` is a list; it is refused for what it says rather than for its form.
            if isName(member, "crit") { throw .tokenInvalid(.criticalHeader) }
            guard !members.contains(where: { text[$0.name].elementsEqual(text[member.name]) }) else {
                throw .tokenInvalid(.headerMalformed)
            }
            member.value = try string(json)
            members.append(member)
            skipWhitespace(json)
            guard peek(json) == UInt8(ascii: ",") else { break }
            position += 1
        }
        try expect(UInt8(ascii: "}"), json)
    }

    private func peek(_ json: Span<UInt8>) -> UInt8? {
        position < json.count ? json[position] : nil
    }

    private mutating func expect(_ byte: UInt8, _ json: Span<UInt8>) throws(CryptographyError) {
        guard peek(json) == byte else { throw .tokenInvalid(.headerMalformed) }
        position += 1
    }

    private mutating func skipWhitespace(_ json: Span<UInt8>) {
        while let byte = peek(json), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    /// A string (RFC 8259 section 7), decoded as UTF-8; ill-formed UTF-8 and lone surrogates are refused.
    private mutating func string(_ json: Span<UInt8>) throws(CryptographyError) -> Range<Int> {
        try expect(UInt8(ascii: "\""), json)
        let start = text.count
        var isASCII = true
        while let byte = peek(json) {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard isASCII || String(validating: text[start...], as: UTF8.self) != nil else {
                    throw .tokenInvalid(.headerMalformed)
                }
                return start..<text.count
            case UInt8(ascii: "\\"): try escape(json)
            case 0x00...0x1F: throw .tokenInvalid(.headerMalformed)
            default:
                if byte >= 0x80 { isASCII = false }
                text.append(byte)
            }
        }
        throw .tokenInvalid(.headerMalformed)
    }

    private mutating func escape(_ json: Span<UInt8>) throws(CryptographyError) {
        guard let byte = peek(json) else { throw .tokenInvalid(.headerMalformed) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try codeUnit(json)
            if 0xD800...0xDBFF ~= scalar {
                try expect(UInt8(ascii: "\\"), json)
                try expect(UInt8(ascii: "u"), json)
                let low = try codeUnit(json)
                guard 0xDC00...0xDFFF ~= low else { throw .tokenInvalid(.headerMalformed) }
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(scalar) else { throw .tokenInvalid(.headerMalformed) }
            text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        default: throw .tokenInvalid(.headerMalformed)
        }
    }

    private mutating func codeUnit(_ json: Span<UInt8>) throws(CryptographyError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = peek(json).flatMap(Hex.value(of:)) else { throw .tokenInvalid(.headerMalformed) }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
