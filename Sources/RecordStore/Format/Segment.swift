// One segment file of a stream: its header, reading parts of it through a window, and walking its frames. Knows
// frames by their headers alone.

import Glibc
import StoreFiles

enum Segment {
    static let headerBytes = 32
    private static let magic: [UInt8] = Array("IHRECSEG".utf8)
    private static let version: UInt32 = 1

    /// The first bytes of a segment.
    static func header(incarnation: UInt64, number: UInt64) -> [UInt8] {
        var bytes = magic
        bytes.append(littleEndian: version)
        bytes.append(littleEndian: incarnation)
        bytes.append(littleEndian: number)
        bytes.append(littleEndian: CRC32C.checksum(of: bytes.span))
        return bytes
    }
}

/// Walks the frames of one segment in order.
struct FrameScanner {
    enum Step {
        case frame(FrameHeader, FramePosition)
        case end
        /// What is at the scanner's offset is not the next whole frame.
        case broken
    }

    var reader: WindowReader
    let incarnation: UInt64
    let segment: UInt64
    private(set) var offset: Int
    private(set) var ordinal: UInt32

    /// A scanner of a whole segment.
    init(_ reader: WindowReader, incarnation: UInt64, segment: UInt64) {
        self.init(reader, incarnation: incarnation, segment: segment, offset: Segment.headerBytes, ordinal: 0)
    }

    init(_ reader: WindowReader, incarnation: UInt64, segment: UInt64, offset: Int, ordinal: UInt32) {
        self.reader = reader
        self.incarnation = incarnation
        self.segment = segment
        self.offset = offset
        self.ordinal = ordinal
    }

    /// Whether the segment begins as it should.
    mutating func hasHeader() throws(StoreError) -> Bool {
        guard let index = try reader.fill(0, Segment.headerBytes) else { return false }
        return reader.buffer[index..<index + Segment.headerBytes]
            .elementsEqual(Segment.header(incarnation: incarnation, number: segment))
    }

    /// The next frame by its header; its content is not looked at.
    mutating func next() throws(StoreError) -> Step {
        if offset == reader.end { return .end }
        guard let index = try reader.fill(offset, FrameHeader.byteCount),
            let header = FrameHeader(reader.buffer.span, at: index),
            header.incarnation == incarnation, header.segment == segment, header.ordinal == ordinal,
            header.frameBytes <= reader.end - offset
        else { return .broken }
        let position = FramePosition(segment: segment, offset: offset)
        offset += header.frameBytes
        ordinal += 1
        return .frame(header, position)
    }

    /// The rows of a frame that `next()` gave, or nil when their checksum does not match.
    mutating func rows(of header: FrameHeader, at position: FramePosition) throws(StoreError) -> FrameRows? {
        guard let index = try reader.fill(position.offset + FrameHeader.byteCount, header.metaBytes) else { return nil }
        let rows = FrameRows(header, in: reader.buffer, at: index)
        return rows.isIntact ? rows : nil
    }

    /// Whether the payloads of a frame are as they were written.
    mutating func isBodyIntact(of header: FrameHeader, at position: FramePosition) throws(StoreError) -> Bool {
        let start = position.offset + FrameHeader.byteCount + header.metaBytes
        guard let index = try reader.fill(start, Int(header.bodyBytes)) else { return false }
        let body = reader.buffer.span.extracting(index..<index + Int(header.bodyBytes))
        return CRC32C.checksum(of: body) == header.bodyChecksum
    }

    /// Whether any whole header of this segment follows the scanner's offset: then what is broken there was
    /// acknowledged once.
    mutating func hasLaterFrame() throws(StoreError) -> Bool {
        var position = offset + 1
        while let index = try reader.fill(position, FrameHeader.byteCount) {
            // The incarnation, which no payload can hold by chance, leads to every header; the windows overlap by one.
            var from = index
            while let hit = reader.buffer.span.firstIndex(ofWord: incarnation, from: from) {
                if hit >= index + 8, let header = FrameHeader(reader.buffer.span, at: hit - 8),
                    header.segment == segment, header.ordinal > ordinal
                {
                    return true
                }
                from = hit + 1
            }
            position += max(1, reader.buffer.count - index - FrameHeader.byteCount + 1)
        }
        return false
    }
}
