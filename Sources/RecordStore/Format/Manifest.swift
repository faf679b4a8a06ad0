// The manifest of a stream: its name, its keys, its data types and the segments it consists of, in order. It is
// replaced as a whole, so that a new segment or a compaction is either there or not. Text of one line per fact, read
// strictly.

import Cryptography
package import Primitives
package import StoreFiles

/// The manifest of a stream: its identity and its segments.
package struct Manifest: Equatable, Sendable {
    /// The name of the file.
    package static let fileName = "manifest"
    /// The newest form that can be read.
    static let schemaMax: UInt64 = 2
    /// The first form whose rows can have marks.
    static let schemaOfMarks: UInt64 = 2

    package struct Segment: Equatable, Sendable {
        /// The number in the segment's file name.
        package var number: UInt64
        /// The bytes that were in it when the manifest was written; later ones only count in the last segment.
        package var bytes: Int
    }

    /// Cursors given out before a restore: good up to the last sequence they share with the restored stream.
    package struct FormerEpoch: Equatable, Sendable {
        /// A random number that cursors hold; a new one begins when older cursors must not continue.
        package var epoch: UInt64
        /// The last change of the epoch.
        package var lastSequence: UInt64
    }

    /// The form of the frames: the least that all of them need, so that earlier hosts read what they can.
    var schema: UInt64 = 1
    /// Whether version 0.1.0 reads the stream.
    package var isOfFirstForm: Bool { schema == 1 }
    /// The name of the stream.
    package var id: StreamID
    /// A random number that every frame of the stream holds.
    package var incarnation: UInt64
    /// The key of the stream's hashes.
    package var key: SipKey
    /// A random number that cursors hold; a new one begins when older cursors must not continue.
    package var epoch: UInt64
    /// The epochs before, the oldest first.
    package var formerEpochs: [FormerEpoch] = []
    /// How often the stream was compacted.
    package var compactions: UInt64 = 0
    /// The number of the next segment.
    package var nextSegment: UInt64 = 1
    /// The data types, by index.
    package var dataTypes: [String] = []
    /// The segments in order; the last one is written to.
    package var segments: [Segment] = []

    /// The manifest of a new stream.
    package init(id: StreamID) {
        func random() -> UInt64 { randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) } }
        self.id = id
        incarnation = random()
        key = SipKey(low: random(), high: random())
        // 0 is the epoch of the cursor that fits every stream.
        epoch = max(1, random())
    }

    /// Makes cursors from after `sequence` invalid, and keeps the others.
    package mutating func beginEpoch(after sequence: UInt64) {
        formerEpochs = formerEpochs.map {
            FormerEpoch(epoch: $0.epoch, lastSequence: min($0.lastSequence, sequence))
        }
        formerEpochs.append(FormerEpoch(epoch: epoch, lastSequence: sequence))
        epoch = max(1, randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The file name of a segment.
    package static func segmentName(_ number: UInt64) -> String {
        Hex.encode(number) + ".seg"
    }

    /// The bytes of the file.
    package func encoded() -> [UInt8] {
        func hex(_ value: UInt64) -> String { Hex.encode(value) }
        var text = ""
        text += "id \(Hex.encode(id.bytes))\n"
        text += "incarnation \(hex(incarnation))\nkey \(hex(key.low)) \(hex(key.high))\nepoch \(hex(epoch))\n"
        for former in formerEpochs { text += "former \(hex(former.epoch)) \(hex(former.lastSequence))\n" }
        text += "compactions \(hex(compactions))\nnext \(hex(nextSegment))\n"
        for name in dataTypes { text += "type \(name)\n" }
        for segment in segments { text += "segment \(hex(segment.number)) \(hex(UInt64(segment.bytes)))\n" }
        let body = Array("integration-host record stream \(schema)\n\(text)".utf8)
        return body + Array("checksum sha256:".utf8) + SHA256.digest(body).hexDigits + [0x0a]
    }

    /// Why a manifest cannot be read.
    package enum Failure: Error, Equatable {
        case corrupt(Corruption)
        case newerSchema(UInt64)
    }

    /// Reads a manifest from the bytes of its file.
    package init(parsing file: [UInt8]) throws(Failure) {
        var reader = ByteReader(file)
        do throws(ByteReader.Mismatch) {
            try reader.expect("integration-host record stream ")
            schema = try reader.decimal()
            if schema > Self.schemaMax { throw ByteReader.Mismatch(offset: 0, newerSchema: schema) }
            let lineBytes = 16 + 64 + 1
            let bodyEnd = file.count - lineBytes
            guard schema > 0, bodyEnd > reader.offset,
                file[bodyEnd...]
                    == (Array("checksum sha256:".utf8) + SHA256.digest(Array(file[..<bodyEnd])).hexDigits + [0x0a])[...]
            else { throw ByteReader.Mismatch(offset: -1) }
            try reader.expect("\nid ")
            id = StreamID(try Self.bytes(&reader))
            try reader.expect("\nincarnation ")
            incarnation = try Self.number(&reader)
            try reader.expect("\nkey ")
            let low = try Self.number(&reader)
            try reader.expect(" ")
            key = SipKey(low: low, high: try Self.number(&reader))
            try reader.expect("\nepoch ")
            epoch = try Self.number(&reader)
            while reader.skip("\nformer ") {
                let epoch = try Self.number(&reader)
                try reader.expect(" ")
                formerEpochs.append(FormerEpoch(epoch: epoch, lastSequence: try Self.number(&reader)))
            }
            try reader.expect("\ncompactions ")
            compactions = try Self.number(&reader)
            try reader.expect("\nnext ")
            nextSegment = try Self.number(&reader)
            while reader.skip("\ntype ") { dataTypes.append(String(decoding: try reader.until(0x0a), as: UTF8.self)) }
            while reader.skip("\nsegment ") {
                let number = try Self.number(&reader)
                try reader.expect(" ")
                segments.append(Segment(number: number, bytes: Int(clamping: try Self.number(&reader))))
            }
            guard reader.offset == bodyEnd - 1, !segments.isEmpty else { throw reader.mismatch }
        } catch {
            if let schema = error.newerSchema { throw .newerSchema(schema) }
            throw .corrupt(error.offset < 0 ? .checksumMismatch : .malformed(offset: error.offset))
        }
    }

    private static func number(_ reader: inout ByteReader) throws(ByteReader.Mismatch) -> UInt64 {
        guard let number = Hex.number(lowercase: try reader.take(16)) else { throw reader.mismatch }
        return number
    }

    private static func bytes(_ reader: inout ByteReader) throws(ByteReader.Mismatch) -> [UInt8] {
        guard let bytes = Hex.decode(lowercase: try reader.until(0x0a)) else { throw reader.mismatch }
        return bytes
    }
}
