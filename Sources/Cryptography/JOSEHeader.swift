// The protected header of a compact JWS or JWE (RFC 7515 section 4, RFC 7516 section 4), read strictly: one flat JSON object
// whose values are strings and whose names are distinct. Two readers that disagree about a header are how tokens get forged.

/// A JOSE header.
///
/// Its values are claims by whoever sent the token: use them to find a key, never to choose an algorithm.
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

    /// Reads the header of a compact token without verifying anything, to find the key that the token is to be verified with.
    ///
    /// - Throws: `.tokenInvalid(.malformed)`, `.headerMalformed` or `.criticalHeader`.
    public init(unverified token: String) throws(CryptographyError) {
        let bytes = token.utf8Span.span
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
        var reader = HeaderReader(position: 0)
        let members = try reader.object(json)
        var values: [String?] = [nil, nil, nil, nil]
        var extended = false
        for member in members {
            switch member.name {
            case Array("alg".utf8): values[0] = String(decoding: member.value, as: UTF8.self)
            case Array("kid".utf8): values[1] = String(decoding: member.value, as: UTF8.self)
            case Array("typ".utf8): values[2] = String(decoding: member.value, as: UTF8.self)
            case Array("enc".utf8): values[3] = String(decoding: member.value, as: UTF8.self)
            case Array("crit".utf8): throw .tokenInvalid(.criticalHeader)
            case Array("zip".utf8), Array("b64".utf8): extended = true
            default: continue
            }
        }
        guard let algorithm = values[0] else { throw .tokenInvalid(.headerMalformed) }
        self.algorithm = algorithm
        keyID = values[1]
        type = values[2]
        encryption = values[3]
        demandsExtension = extended
    }

    /// Whether `alg` is exactly the bytes of `name`.
    func hasAlgorithm(_ name: StaticString) -> Bool {
        Array(algorithm.utf8) == Array(name.description.utf8)
    }
}

/// A reader of one flat JSON object of strings.
private struct HeaderReader {
    var position: Int

    typealias Member = (name: [UInt8], value: [UInt8])

    mutating func object(_ json: Span<UInt8>) throws(CryptographyError) -> [Member] {
        var members: [Member] = []
        skipWhitespace(json)
        try expect(UInt8(ascii: "{"), json)
        skipWhitespace(json)
        if peek(json) == UInt8(ascii: "}") {
            position += 1
        } else {
            while true {
                guard members.count < CryptographyLimits.tokenHeaderMembersMax else {
                    throw .tokenInvalid(.headerMalformed)
                }
                skipWhitespace(json)
                let name = try string(json)
                skipWhitespace(json)
                try expect(UInt8(ascii: ":"), json)
                skipWhitespace(json)
                // `crit` is a list; it is refused for what it says rather than for its form.
                if name == Array("crit".utf8) { throw .tokenInvalid(.criticalHeader) }
                let value = try string(json)
                guard !members.contains(where: { $0.name == name }) else { throw .tokenInvalid(.headerMalformed) }
                members.append((name, value))
                skipWhitespace(json)
                if peek(json) == UInt8(ascii: ",") {
                    position += 1
                    continue
                }
                try expect(UInt8(ascii: "}"), json)
                break
            }
        }
        skipWhitespace(json)
        guard position == json.count else { throw .tokenInvalid(.headerMalformed) }
        return members
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

    /// A string (RFC 8259 section 7) as UTF-8; ill-formed UTF-8 and lone surrogates are refused.
    private mutating func string(_ json: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
        try expect(UInt8(ascii: "\""), json)
        var text: [UInt8] = []
        while let byte = peek(json) {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard String(validating: text, as: UTF8.self) != nil else { throw .tokenInvalid(.headerMalformed) }
                return text
            case UInt8(ascii: "\\"): try escape(json, into: &text)
            case 0x00...0x1F: throw .tokenInvalid(.headerMalformed)
            default: text.append(byte)
            }
        }
        throw .tokenInvalid(.headerMalformed)
    }

    private mutating func escape(_ json: Span<UInt8>, into text: inout [UInt8]) throws(CryptographyError) {
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
            guard let digit = peek(json).flatMap(Hex.digit) else { throw .tokenInvalid(.headerMalformed) }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
