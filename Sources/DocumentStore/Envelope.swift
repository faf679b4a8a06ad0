// The format of a document's file. A person reads it with `cat` and checks it with `sed 6d FILE | sha256sum`: the
// checksum covers every byte of the file but its own line.
//
//     {
//     "schema": 2,                        or 1 for a document without a summary
//     "collection": "users",
//     "id": "alice",                      or "idHex": "ff00…" where the id is not printable text
//     "revision": 12,
//     "checksum": "sha256:<64 hex digits>",
//     "summary": <the caller's summary, on one line>,
//     "data": <the caller's bytes, exactly>
//     }

import Cryptography
import Primitives
package import StoreFiles

/// A document with its place, as read from or written to a file.
package struct Envelope: Equatable, Sendable {
    /// The newest schema that this version reads and writes.
    package static let schema: UInt64 = 2

    /// The name of the document.
    package var key: DocumentKey
    /// Its revision.
    package var revision: UInt64
    /// What can be known of the document without reading it: one JSON value without a line break; nil for none.
    package var summary: [UInt8]?
    /// Its bytes.
    package var data: [UInt8]

    private static let summaryStart = Array("\"summary\": ".utf8)
    private static let summaryEnd = Array(",\n".utf8)
    private static let checksumStart = Array("\"checksum\": \"sha256:".utf8)
    private static let checksumEnd = Array("\",\n".utf8)
    private static let dataStart = Array("\"data\": ".utf8)
    private static let end = Array("\n}\n".utf8)

    /// The bytes of the file.
    package func encoded() -> [UInt8] {
        var file: [UInt8] = []
        file.reserveCapacity(data.count + (summary?.count ?? 0) + 256 + 2 * key.id.count)
        file += "{\n\"schema\": \(summary == nil ? 1 : 2),\n\"collection\": \"\(key.collection)\",\n".utf8
        if let text = Self.jsonText(of: key.id) {
            file += "\"id\": \"".utf8
            file += text
        } else {
            file += "\"idHex\": \"".utf8
            file += Hex.digits(key.id)
        }
        file += "\",\n\"revision\": \(revision),\n".utf8
        let headEnd = file.count
        file += Self.checksumStart
        let digits = file.count
        file += [UInt8](repeating: 0x30, count: 64)
        file += Self.checksumEnd
        let tailStart = file.count
        if let summary {
            file += Self.summaryStart
            file += summary
            file += Self.summaryEnd
        }
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
        return hash.digest().hexDigits
    }

    /// The id as the inside of a JSON string, or nil where that would not be both unambiguous and harmless to print.
    package static func jsonText(of id: [UInt8]) -> [UInt8]? {
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

    /// A document with its place.
    package init(key: DocumentKey, revision: UInt64, summary: [UInt8]? = nil, data: [UInt8]) {
        self.key = key
        self.revision = revision
        self.summary = summary
        self.data = data
    }

    /// The problem with a file, without the path of the file.
    package enum Failure: Error, Equatable {
        case corrupt(Corruption)
        case newerSchema(UInt64)
    }

    /// Everything before the data of a document, whose checksum only the whole file can prove.
    package struct Head {
        /// The name of the document.
        package let key: DocumentKey
        /// Its revision.
        package let revision: UInt64
        /// Its summary; nil when it has none.
        package let summary: [UInt8]?
        fileprivate let checksum: ArraySlice<UInt8>
        /// The end of the lines before the checksum.
        fileprivate let headEnd: Int
        /// The start of the line behind the checksum.
        fileprivate let tailStart: Int
        fileprivate let dataStart: Int

        /// Parses the beginning of a file.
        package init(parsing file: [UInt8]) throws(Failure) {
            var reader = ByteReader(file)
            do throws(ByteReader.Mismatch) { try self.init(from: &reader) } catch { throw Failure(error) }
        }

        private init(from reader: inout ByteReader) throws(ByteReader.Mismatch) {
            try reader.expect("{\n\"schema\": ")
            let schema = try reader.decimal()
            if schema > Envelope.schema { throw ByteReader.Mismatch(offset: 0, newerSchema: schema) }
            guard 1...2 ~= schema else { throw reader.mismatch }
            try reader.expect(",\n\"collection\": \"")
            let collection = try reader.until(0x22)
            try reader.expect("\",\n\"id")
            let id = try Envelope.id(from: &reader)
            try reader.expect("\",\n\"revision\": ")
            revision = try reader.decimal()
            try reader.expect(",\n")
            headEnd = reader.offset
            try reader.expect(Envelope.checksumStart)
            checksum = try reader.take(64)
            try reader.expect(Envelope.checksumEnd)
            tailStart = reader.offset
            if schema == 2 {
                try reader.expect(Envelope.summaryStart)
                let line = try reader.until(0x0a)
                guard line.count > 1, line.last == 0x2c else { throw reader.mismatch }
                summary = Array(line.dropLast())
                try reader.advance()
            } else {
                summary = nil
            }
            try reader.expect(Envelope.dataStart)
            dataStart = reader.offset
            key = DocumentKey(collection: String(decoding: collection, as: UTF8.self), id: id)
        }
    }

    /// Parses a whole file.
    ///
    /// There is one spelling for each envelope: a file that is not byte for byte what `encoded()` gives is refused.
    package init(parsing file: [UInt8]) throws(Failure) {
        let head = try Head(parsing: file)
        let dataEnd = file.count - Self.end.count
        guard dataEnd >= head.dataStart, file[dataEnd...].elementsEqual(Self.end) else {
            throw .corrupt(.malformed(offset: file.count))
        }
        let sum = Self.checksum(of: file, headEnd: head.headEnd, tailStart: head.tailStart)
        guard head.checksum.elementsEqual(sum) else { throw .corrupt(.checksumMismatch) }
        self.init(
            key: head.key, revision: head.revision, summary: head.summary,
            data: Array(file[head.dataStart..<dataEnd]))
    }

    private static func id(from reader: inout ByteReader) throws(ByteReader.Mismatch) -> [UInt8] {
        if reader.skip("Hex\": \"") {
            guard let id = Hex.decode(lowercase: try reader.until(0x22)), jsonText(of: id) == nil else {
                throw reader.mismatch
            }
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

extension Envelope.Failure {
    fileprivate init(_ mismatch: ByteReader.Mismatch) {
        self = mismatch.newerSchema.map { .newerSchema($0) } ?? .corrupt(.malformed(offset: mismatch.offset))
    }
}
