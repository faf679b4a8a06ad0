// The bytes of the journal: a segment is a header and batches, a batch is what one fdatasync acknowledged, an entry
// is one new document, one change of a document or one deletion. All numbers little endian. Each entry has its own checksum, which
// also guards it on the way to its file. Version 1, which had whole files as entries, is still read.

import StoreFiles

enum JournalFormat {
    static let segmentHeaderBytes = 48
    static let batchHeaderBytes = 40
    static let entryHeaderBytes = 24
    static let version: UInt32 = 2

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
        guard 1...Self.version ~= version else { return .newer(version: version) }
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

        /// The header at `start`; nil when it is not whole.
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

    /// The stored sizes of a summary: none, or the one of the revision before.
    private static let noSummary: UInt32 = 0
    private static let sameSummary: UInt32 = .max

    /// Appends an entry.
    ///
    ///     0 kind  1 bytes of collection  2 bytes of id (2)  4 bytes of body (4)  8 revision (8)
    ///     16 bytes of summary + 1 (4)  20 CRC, then collection, id, summary and body
    ///
    /// - Returns: its length.
    static func append(
        _ key: DocumentKey, revision: UInt64, _ content: JournalContent, to bytes: inout [UInt8]
    ) -> Int {
        let start = bytes.count
        bytes.append(content.kind.rawValue)
        bytes.append(UInt8(key.collection.utf8.count))
        bytes.append(littleEndian: UInt16(key.id.count))
        bytes.append(littleEndian: 0 as UInt32)
        bytes.append(littleEndian: revision)
        bytes.append(littleEndian: 0 as UInt64)
        bytes += key.collection.utf8
        bytes += key.id
        let summaryStart = bytes.count
        switch content.summary {
        case .none: break
        case .same: bytes.store(littleEndian: sameSummary, at: start + 16)
        case .some(let summary):
            bytes += summary
            bytes.store(littleEndian: UInt32(bytes.count - summaryStart + 1), at: start + 16)
        }
        let bodyStart = bytes.count
        switch content {
        case .deletion: break
        case .whole(_, let data): bytes += data
        case .change(_, let change, let data, let inserted):
            change.append(to: &bytes)
            bytes += data[inserted]
        }
        bytes.store(littleEndian: UInt32(bytes.count - bodyStart), at: start + 4)
        bytes.store(littleEndian: CRC32C.checksum(of: bytes.span.extracting(start..<bytes.count)), at: start + 20)
        return bytes.count - start
    }

    /// The entry at `start`; nil when it is not whole within `end`.
    static func parseEntry(_ bytes: [UInt8], at start: Int, end: Int) -> JournalEntry? {
        let span = bytes.span
        guard end <= bytes.count, end - start >= entryHeaderBytes, let kind = JournalEntry.Kind(rawValue: bytes[start])
        else { return nil }
        let collectionStart = start + entryHeaderBytes
        let idStart = collectionStart + Int(bytes[start + 1])
        let summaryStart = idStart + Int(span.load(start + 2, as: UInt16.self))
        let summaryBytes = span.load(start + 16, as: UInt32.self)
        let hasSummary = summaryBytes != noSummary && summaryBytes != sameSummary
        let bodyStart = summaryStart + (hasSummary ? Int(summaryBytes) - 1 : 0)
        let entryEnd = bodyStart + Int(span.load(start + 4, as: UInt32.self))
        guard entryEnd <= end, kind != .change || entryEnd - bodyStart >= DocumentChange.byteCount else { return nil }
        // The checksum was taken with its own field zero.
        let sum = CRC32C.extend(
            CRC32C.extend(CRC32C.checksum(of: span.extracting(start..<start + 20)), by: zeros.span),
            by: span.extracting(collectionStart..<entryEnd))
        guard sum == span.load(start + 20, as: UInt32.self) else { return nil }
        let key = DocumentKey(
            collection: String(decoding: bytes[collectionStart..<idStart], as: UTF8.self),
            id: Array(bytes[idStart..<summaryStart]))
        return JournalEntry(
            key: key, revision: span.load(start + 8, as: UInt64.self), kind: kind,
            hasSameSummary: summaryBytes == sameSummary, summary: hasSummary ? summaryStart..<bodyStart : nil,
            body: bodyStart..<entryEnd, byteCount: entryEnd - start)
    }

    /// Returns the key in the header of an entry whose checksum is wrong, and where the next entry begins; nil when the header itself may
    /// be what is wrong: nothing whole follows it.
    static func brokenEntry(_ bytes: [UInt8], at start: Int, end: Int) -> (key: DocumentKey, next: Int)? {
        let span = bytes.span
        guard end <= bytes.count, end - start >= entryHeaderBytes, JournalEntry.Kind(rawValue: bytes[start]) != nil
        else { return nil }
        let collectionStart = start + entryHeaderBytes
        let idStart = collectionStart + Int(bytes[start + 1])
        let summaryStart = idStart + Int(span.load(start + 2, as: UInt16.self))
        let summaryBytes = span.load(start + 16, as: UInt32.self)
        let hasSummary = summaryBytes != noSummary && summaryBytes != sameSummary
        let next =
            summaryStart + (hasSummary ? Int(summaryBytes) - 1 : 0) + Int(span.load(start + 4, as: UInt32.self))
        guard next == end || next < end && parseEntry(bytes, at: next, end: end) != nil else { return nil }
        let key = DocumentKey(
            collection: String(decoding: bytes[collectionStart..<idStart], as: UTF8.self),
            id: Array(bytes[idStart..<summaryStart]))
        return (try? DocumentLocation(key)) == nil ? nil : (key, next)
    }

    private static let zeros = [0, 0, 0, 0] as [UInt8]
}
