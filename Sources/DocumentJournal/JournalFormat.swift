// The bytes of the journal: a segment is a header and batches, a batch is what one fdatasync acknowledged, an entry
// is one new document or one deletion. All numbers little endian. Each entry has its own checksum, which also guards
// it on the way to its file.

import StoreFiles

enum JournalFormat {
    static let segmentHeaderBytes = 48
    static let batchHeaderBytes = 40
    static let entryHeaderBytes = 24
    static let version: UInt32 = 1

    private static let segmentMagic: [UInt8] = Array("IHJRNL".utf8) + [0x0d, 0x0a]
    private static let batchMagic: UInt32 = 0x4254_4a49

    /// The first bytes of a segment.
    ///
    ///     0 magic (8)  8 version (4)  12 zero (4)  16 sequence (8)  24 salt (8)  32 zero (12)  44 CRC
    static func segmentHeader(sequence: UInt64, salt: UInt64) -> [UInt8] {
        var bytes = segmentMagic
        bytes.append(littleEndian: version)
        bytes.append(littleEndian: 0 as UInt32)
        bytes.append(littleEndian: sequence)
        bytes.append(littleEndian: salt)
        bytes += [UInt8](repeating: 0, count: 12)
        bytes.append(littleEndian: CRC32C.checksum(of: bytes.span))
        return bytes
    }

    enum SegmentHeader: Equatable {
        case valid(sequence: UInt64, salt: UInt64)
        case newer(version: UInt32)
        case broken
    }

    static func parseSegmentHeader(_ bytes: Span<UInt8>, at start: Int) -> SegmentHeader {
        guard bytes.count - start >= segmentHeaderBytes,
            CRC32C.checksum(of: bytes.extracting(start..<start + 44)) == bytes.load(start + 44, as: UInt32.self)
        else { return .broken }
        for index in segmentMagic.indices where bytes[start + index] != segmentMagic[index] { return .broken }
        let version = bytes.load(start + 8, as: UInt32.self)
        if version != Self.version { return .newer(version: version) }
        return .valid(sequence: bytes.load(start + 16, as: UInt64.self), salt: bytes.load(start + 24, as: UInt64.self))
    }

    /// The fixed part of a batch.
    ///
    ///     0 magic (4)  4 entries (4)  8 salt (8)  16 first entry's number (8)  24 bytes of entries (8)  32 zero (4)  36 CRC
    struct BatchHeader: Equatable {
        var entryCount: UInt32
        var salt: UInt64
        var firstNumber: UInt64
        var bodyBytes: Int

        init(entryCount: UInt32, salt: UInt64, firstNumber: UInt64, bodyBytes: Int) {
            self.entryCount = entryCount
            self.salt = salt
            self.firstNumber = firstNumber
            self.bodyBytes = bodyBytes
        }

        /// The header at `start`, or nil when there is none that is whole.
        init?(_ bytes: Span<UInt8>, at start: Int) {
            guard bytes.count - start >= batchHeaderBytes, bytes.load(start, as: UInt32.self) == batchMagic,
                CRC32C.checksum(of: bytes.extracting(start..<start + 36)) == bytes.load(start + 36, as: UInt32.self)
            else { return nil }
            entryCount = bytes.load(start + 4, as: UInt32.self)
            salt = bytes.load(start + 8, as: UInt64.self)
            firstNumber = bytes.load(start + 16, as: UInt64.self)
            bodyBytes = Int(clamping: bytes.load(start + 24, as: UInt64.self))
        }

        func store(in bytes: inout [UInt8], at start: Int) {
            bytes.store(littleEndian: batchMagic, at: start)
            bytes.store(littleEndian: entryCount, at: start + 4)
            bytes.store(littleEndian: salt, at: start + 8)
            bytes.store(littleEndian: firstNumber, at: start + 16)
            bytes.store(littleEndian: UInt64(bodyBytes), at: start + 24)
            bytes.store(littleEndian: 0 as UInt32, at: start + 32)
            bytes.store(littleEndian: CRC32C.checksum(of: bytes.span.extracting(start..<start + 36)), at: start + 36)
        }
    }

    /// Appends an entry; `file` is nil for a deletion.
    ///
    ///     0 kind  1 bytes of collection  2 bytes of id (2)  4 bytes of file (4)  8 revision (8)  16 zero (4)  20 CRC, then
    ///     collection, id and file
    ///
    /// - Returns: its length.
    static func append(_ key: DocumentKey, revision: UInt64, file: [UInt8]?, to bytes: inout [UInt8]) -> Int {
        let start = bytes.count
        bytes.append(file == nil ? 2 : 1)
        bytes.append(UInt8(key.collection.utf8.count))
        bytes.append(littleEndian: UInt16(key.id.count))
        bytes.append(littleEndian: UInt32(file?.count ?? 0))
        bytes.append(littleEndian: revision)
        bytes.append(littleEndian: 0 as UInt64)
        bytes += key.collection.utf8
        bytes += key.id
        if let file { bytes += file }
        bytes.store(littleEndian: CRC32C.checksum(of: bytes.span.extracting(start..<bytes.count)), at: start + 20)
        return bytes.count - start
    }

    /// An entry as it lies in a buffer.
    struct Entry {
        var key: DocumentKey
        var revision: UInt64
        /// The document's file; nil for a deletion.
        var file: Range<Int>?
        var byteCount: Int
    }

    /// The entry at `start`, or nil when there is none that is whole within `end`.
    static func parseEntry(_ bytes: [UInt8], at start: Int, end: Int) -> Entry? {
        let span = bytes.span
        guard end <= bytes.count, end - start >= entryHeaderBytes, bytes[start] == 1 || bytes[start] == 2 else {
            return nil
        }
        let collectionStart = start + entryHeaderBytes
        let idStart = collectionStart + Int(bytes[start + 1])
        let fileStart = idStart + Int(span.load(start + 2, as: UInt16.self))
        let entryEnd = fileStart + Int(span.load(start + 4, as: UInt32.self))
        guard entryEnd <= end else { return nil }
        // The checksum was taken with its own field zero.
        var head = Array(bytes[start..<collectionStart])
        head.store(littleEndian: 0 as UInt32, at: 20)
        let sum = CRC32C.extend(CRC32C.checksum(of: head.span), by: span.extracting(collectionStart..<entryEnd))
        guard sum == span.load(start + 20, as: UInt32.self) else { return nil }
        let key = DocumentKey(
            collection: String(decoding: bytes[collectionStart..<idStart], as: UTF8.self),
            id: Array(bytes[idStart..<fileStart]))
        return Entry(
            key: key, revision: span.load(start + 8, as: UInt64.self),
            file: bytes[start] == 1 ? fileStart..<entryEnd : nil,
            byteCount: entryEnd - start)
    }
}
