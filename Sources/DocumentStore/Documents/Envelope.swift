// The format of a document's file, final since schema 1. A person reads it with `cat` and checks it with
// `sed 6d FILE | sha256sum`: the checksum covers every byte of the file but its own line.
//
//     {
//     "schema": 1,
//     "collection": "users",
//     "id": "alice",                      or "idHex": "ff00…" where the id is not printable text
//     "revision": 12,
//     "checksum": "sha256:<64 hex digits>",
//     "data": <the caller's bytes, exactly>
//     }

/// A document with its place, as read from or written to a file.
struct Envelope: Equatable, Sendable {
    static let schema: UInt64 = 1

    var key: DocumentKey
    var revision: UInt64
    var data: [UInt8]

    private static let checksumStart = Array("\"checksum\": \"sha256:".utf8)
    private static let checksumEnd = Array("\",\n".utf8)
    private static let dataStart = Array("\"data\": ".utf8)
    private static let end = Array("\n}\n".utf8)

    /// The bytes of the file.
    func encoded() -> [UInt8] {
        var file: [UInt8] = []
        file.reserveCapacity(data.count + 256 + 2 * key.id.count)
        file += "{\n\"schema\": \(Self.schema),\n\"collection\": \"\(key.collection)\",\n".utf8
        if let text = Self.jsonText(of: key.id) {
            file += "\"id\": \"".utf8
            file += text
        } else {
            file += "\"idHex\": \"".utf8
            file += hexDigits(key.id)
        }
        file += "\",\n\"revision\": \(revision),\n".utf8
        let headEnd = file.count
        file += Self.checksumStart
        let digits = file.count
        file += [UInt8](repeating: 0x30, count: 64)
        file += Self.checksumEnd
        let tailStart = file.count
        file += Self.dataStart
        file += data
        file += Self.end
        file.replaceSubrange(
            digits..<digits + 64, with: Self.checksum(of: file, headEnd: headEnd, tailStart: tailStart))
        return file
    }

    private static func checksum(of file: [UInt8], headEnd: Int, tailStart: Int) -> [UInt8] {
        var hash = SHA256()
        hash.update(file.span.extracting(first: headEnd))
        hash.update(file.span.extracting(droppingFirst: tailStart))
        return hash.finalize().hex
    }

    /// The id as the inside of a JSON string, or nil where that would not be both unambiguous and harmless to print.
    static func jsonText(of id: [UInt8]) -> [UInt8]? {
        guard let text = String(validating: id, as: UTF8.self) else { return nil }
        var escaped: [UInt8] = []
        escaped.reserveCapacity(id.count)
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22, 0x5c:
                escaped.append(0x5c)
                escaped.append(UInt8(scalar.value))
            case 0x20...0x7e: escaped.append(UInt8(scalar.value))
            default:
                // Control and format characters could rewrite what a terminal shows.
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: return nil
                default: escaped += UTF8.encode(scalar).map(Array.init) ?? []
                }
            }
        }
        return escaped
    }

    init(key: DocumentKey, revision: UInt64, data: [UInt8]) {
        self.key = key
        self.revision = revision
        self.data = data
    }

    /// What is wrong with a file, before anybody has said which file it is.
    enum Failure: Error, Equatable {
        case corrupt(Corruption)
        case newerSchema(UInt64)
    }

    /// Parses a whole file.
    ///
    /// There is one spelling for each envelope: a file that is not byte for byte what `encoded()` gives is refused.
    init(parsing file: [UInt8]) throws(Failure) {
        var reader = ByteReader(file)
        do throws(ByteReader.Mismatch) {
            try reader.expect("{\n\"schema\": ")
            let schema = try reader.decimal()
            if schema > Self.schema { throw ByteReader.Mismatch(offset: 0, newerSchema: schema) }
            guard schema == Self.schema else { throw reader.mismatch }
            try reader.expect(",\n\"collection\": \"")
            let collection = try reader.until(0x22)
            try reader.expect("\",\n\"id")
            let id = try Self.id(from: &reader)
            try reader.expect("\",\n\"revision\": ")
            let revision = try reader.decimal()
            try reader.expect(",\n")
            let headEnd = reader.offset
            try reader.expect(Self.checksumStart)
            let digits = try reader.take(64)
            try reader.expect(Self.checksumEnd)
            let tailStart = reader.offset
            try reader.expect(Self.dataStart)
            let dataEnd = file.count - Self.end.count
            guard dataEnd >= reader.offset, file[dataEnd...].elementsEqual(Self.end) else {
                throw ByteReader.Mismatch(offset: file.count)
            }
            self.key = DocumentKey(collection: String(decoding: collection, as: UTF8.self), id: id)
            self.revision = revision
            data = Array(file[reader.offset..<dataEnd])
            guard digits.elementsEqual(Self.checksum(of: file, headEnd: headEnd, tailStart: tailStart)) else {
                throw ByteReader.Mismatch(offset: -1)
            }
        } catch {
            if let schema = error.newerSchema { throw .newerSchema(schema) }
            throw .corrupt(error.offset < 0 ? .checksumMismatch : .malformed(offset: error.offset))
        }
    }

    private static func id(from reader: inout ByteReader) throws(ByteReader.Mismatch) -> [UInt8] {
        if reader.skip("Hex\": \"") {
            let digits = Array(try reader.until(0x22))
            guard digits.count.isMultiple(of: 2) else { throw reader.mismatch }
            var id: [UInt8] = []
            for index in stride(from: 0, to: digits.count, by: 2) {
                guard let high = hexValue(digits[index]), let low = hexValue(digits[index + 1]) else {
                    throw reader.mismatch
                }
                id.append(high << 4 | low)
            }
            guard jsonText(of: id) == nil else { throw reader.mismatch }
            return id
        }
        try reader.expect("\": \"")
        var id: [UInt8] = []
        while let byte = reader.peek(), byte != 0x22 {
            try reader.advance()
            if byte == 0x5c {
                guard let escaped = reader.peek(), escaped == 0x22 || escaped == 0x5c else { throw reader.mismatch }
                try reader.advance()
                id.append(escaped)
            } else {
                id.append(byte)
            }
        }
        guard jsonText(of: id) != nil else { throw reader.mismatch }
        return id
    }
}

/// Reads expected bytes one after the other; the first that is missing or different ends the parse.
struct ByteReader {
    struct Mismatch: Error {
        let offset: Int
        var newerSchema: UInt64?
    }

    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var mismatch: Mismatch { Mismatch(offset: offset) }

    func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func advance() throws(Mismatch) {
        guard offset < bytes.count else { throw mismatch }
        offset += 1
    }

    mutating func expect(_ expected: some Sequence<UInt8>) throws(Mismatch) {
        for byte in expected {
            guard peek() == byte else { throw mismatch }
            offset += 1
        }
    }

    mutating func expect(_ text: StaticString) throws(Mismatch) {
        guard skip(text) else { throw mismatch }
    }

    /// Skips `text` when it is next.
    mutating func skip(_ text: StaticString) -> Bool {
        let expected = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard unsafe bytes[offset...].starts(with: expected) else { return false }
        offset += text.utf8CodeUnitCount
        return true
    }

    mutating func take(_ count: Int) throws(Mismatch) -> ArraySlice<UInt8> {
        guard bytes.count - offset >= count else { throw Mismatch(offset: bytes.count) }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    mutating func until(_ end: UInt8) throws(Mismatch) -> ArraySlice<UInt8> {
        guard let index = bytes[offset...].firstIndex(of: end) else { throw Mismatch(offset: bytes.count) }
        defer { offset = index }
        return bytes[offset..<index]
    }

    /// A decimal number without sign or leading zeros, that fits 64 bits.
    mutating func decimal() throws(Mismatch) -> UInt64 {
        var value: UInt64 = 0
        let start = offset
        while let byte = peek(), (0x30...0x39).contains(byte) {
            if value == 0 && offset > start { throw mismatch }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { throw mismatch }
            value = sum
            offset += 1
        }
        if offset == start { throw mismatch }
        return value
    }
}
