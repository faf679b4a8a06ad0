// One segment file of a stream: its header, reading parts of it through a window, and walking its frames. Knows
// frames by their headers alone.

import CLinux
import Glibc

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

/// An open file that is closed with its last user.
final class OpenFile: Sendable {
    let fileSystem: FileSystem
    let fd: Int32
    let path: String

    init(fileSystem: FileSystem, fd: Int32, path: String) {
        self.fileSystem = fileSystem
        self.fd = fd
        self.path = path
    }

    deinit { _ = Glibc.close(fd) }

    /// Opens a regular file for reading, or for reading and writing; nil when there is none.
    static func open(_ name: String, in directory: Directory, isWritable: Bool = false) throws(StoreError) -> OpenFile?
    {
        let path = directory.path(of: name)
        do throws(CallFailure) {
            let fd = try directory.fileSystem.open(
                name, in: directory.fd, flags: (isWritable ? O_RDWR : O_RDONLY) | O_NONBLOCK, path: path)
            return OpenFile(fileSystem: directory.fileSystem, fd: fd, path: path)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error.asStoreError
        }
    }

    func byteCount() throws(StoreError) -> Int {
        do throws(CallFailure) { return try fileSystem.status(fd, path: path).st_size } catch {
            throw error.asStoreError
        }
    }
}

/// Reads parts of a file, asking the kernel for at least a window at a time.
struct WindowReader {
    let file: OpenFile
    /// No byte from here on is read.
    var end: Int
    private(set) var buffer: [UInt8] = []
    private var start = 0

    init(_ file: OpenFile, end: Int) {
        self.file = file
        self.end = end
    }

    /// Makes `count` bytes at `offset` available in `buffer`.
    ///
    /// - Returns: their index in `buffer`, or nil when the file ends before.
    mutating func fill(_ offset: Int, _ count: Int) throws(StoreError) -> Int? {
        guard offset >= 0, count >= 0, offset <= end, count <= end - offset else { return nil }
        if offset >= start && offset + count <= start + buffer.count { return offset - start }
        let wanted = min(max(count, StoreLimits.readWindowBytes), end - offset)
        if buffer.count != wanted { buffer = [UInt8](repeating: 0, count: wanted) }
        start = offset
        let file = file
        let got: Int
        do throws(CallFailure) {
            var span = buffer.mutableSpan
            got = try file.fileSystem.read(into: &span, from: file.fd, at: offset, path: file.path)
        } catch {
            buffer = []
            throw error.asStoreError
        }
        if got < wanted { buffer.removeLast(wanted - got) }
        return got >= count ? 0 : nil
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
