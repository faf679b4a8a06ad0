// Reading the journal at start. Every batch but the last was acknowledged before the next began, so only the last one
// may be torn; a gap in the numbers, or a broken batch with a whole one behind it, is damage and is said, not
// skipped.

import Glibc
package import StoreFiles

/// A segment that was damaged and salvaged.
package struct DamagedSegment: Sendable {
    package let name: String
    /// The documents with a change that cannot be read, or that does not count without an earlier one.
    package fileprivate(set) var keys: Set<DocumentKey> = []
    /// The bytes that cannot be read, where nothing says which documents they belong to.
    package fileprivate(set) var unread: [Range<Int>] = []
}

/// A reader of the journal that an earlier process left.
package struct JournalRecovery {
    private let folder: Directory
    private let files: DurableFiles
    /// Whether damage is passed over, and every whole entry behind it accepted.
    private let salvages: Bool

    /// A reader of the journal in `folder`.
    package init(folder: Directory, files: DurableFiles, salvages: Bool = false) {
        self.folder = folder
        self.files = files
        self.salvages = salvages
    }

    /// The contents of the journal.
    package struct Found {
        /// The documents that wait for their files.
        package var ledger = JournalLedger()
        /// The sequence number of the next segment.
        var nextSequence: UInt64 = 1
        /// Segments without an entry, which can go at once.
        package var empty: [String] = []
        /// Segments that were damaged and salvaged.
        package var damaged: [DamagedSegment] = []
        /// The place of the last whole batch.
        var last: (segment: JournalSegment, bytes: Range<Int>)?
        /// Up to where the present segment is read, and the documents of the entries that were passed over in its last batch.
        fileprivate var end = 0
        fileprivate var broken: [DocumentKey] = []

        /// Notes bytes of the last damaged segment that cannot be read.
        fileprivate mutating func unread(_ bytes: Range<Int>) {
            if !damaged.isEmpty { damaged[damaged.count - 1].unread.append(bytes) }
        }

        /// Notes documents that lost a change in the last damaged segment.
        fileprivate mutating func lost(_ keys: [DocumentKey]) {
            if !damaged.isEmpty { damaged[damaged.count - 1].keys.formUnion(keys) }
        }
    }

    /// Reads every segment.
    ///
    /// - Throws: ``StoreError/corrupt(path:_:)`` for damage, unless it is salvaged.
    package func run() throws(StoreError) -> Found {
        var found = Found()
        let names: [String]
        do throws(CallFailure) { names = try folder.names() } catch { throw error.asStoreError }
        let sequences = names.compactMap(JournalSegment.sequence(ofName:)).sorted()
        // The number of the next entry; unknown before the first.
        var expected: UInt64?
        for (index, sequence) in sequences.enumerated() {
            try read(sequence, isLast: index == sequences.count - 1, expected: &expected, into: &found)
            found.nextSequence = sequence + 1
        }
        if let (segment, bytes) = found.last { writeAgain(segment, bytes) }
        return found
    }

    /// Makes the last batch durable that another process left, because new entries follow it: after a failed sync its pages
    /// count as clean, though the disk has others.
    ///
    /// Where that fails the store is read-only.
    private func writeAgain(_ segment: JournalSegment, _ range: Range<Int>) {
        do throws(StoreError) {
            guard let file = try OpenFile.open(segment.name, in: folder, isWritable: true) else { return }
            var reader = WindowReader(file, end: range.upperBound)
            guard let index = try reader.fill(range.lowerBound, range.count) else { return }
            let bytes = reader.buffer.span.extracting(index..<index + range.count)
            do throws(CallFailure) {
                try file.fileSystem.write(bytes, to: file.fd, at: range.lowerBound, path: file.path)
                try file.fileSystem.fdatasync(file.fd, path: file.path)
                try folder.sync()
            } catch { throw files.gate.unknownOutcome(error) }
        } catch { _ = files.gate.close(because: "\(error)") }
    }

    private func read(
        _ sequence: UInt64, isLast: Bool, expected: inout UInt64?, into found: inout Found
    ) throws(StoreError) {
        let name = JournalSegment.name(sequence)
        guard let file = try OpenFile.open(name, in: folder) else { return }
        let size = try file.byteCount()
        var reader = WindowReader(file, end: size)
        guard let start = try reader.fill(0, min(size, JournalFormat.segmentHeaderBytes)) else { return }
        switch JournalFormat.parseSegmentHeader(reader.buffer.span, at: start) {
        case .newer(let version):
            throw .newerSchema(path: file.path, found: UInt64(version), supported: UInt64(JournalFormat.version))
        case .broken:
            // Its making was cut short: nothing was ever written to it, and nothing was made after it.
            let isBlank = try isBlank(&reader, size)
            if !isLast || size > JournalLimits.segmentBytes || !isBlank {
                try damage(name, .corrupt(path: file.path, .malformed(offset: 0)), &found)
                found.unread(0..<size)
            }
            found.empty.append(name)
        case .valid(let stored, let salt):
            if stored != sequence { try damage(name, .corrupt(path: file.path, .wrongDocument), &found) }
            let segment = JournalSegment(sequence: sequence, salt: salt, file: file)
            try readBatches(segment, &reader, expected: &expected, into: &found)
            if !found.ledger.hasEntries(in: segment) { found.empty.append(name) }
        }
    }

    /// Refuses damage, or notes it when salvaging.
    private func damage(_ name: String, _ error: StoreError, _ found: inout Found) throws(StoreError) {
        guard salvages else { throw error }
        if found.damaged.last?.name != name { found.damaged.append(DamagedSegment(name: name)) }
    }

    private func isBlank(_ reader: inout WindowReader, _ size: Int) throws(StoreError) -> Bool {
        var offset = JournalFormat.segmentHeaderBytes
        while offset < size {
            let count = min(StoreLimits.readWindowBytes, size - offset)
            guard let start = try reader.fill(offset, count) else { return false }
            if reader.buffer[start..<start + count].contains(where: { $0 != 0 }) { return false }
            offset += count
        }
        return true
    }

    private func readBatches(
        _ segment: JournalSegment, _ reader: inout WindowReader, expected: inout UInt64?, into found: inout Found
    ) throws(StoreError) {
        var offset = JournalFormat.segmentHeaderBytes
        while true {
            (found.end, found.broken) = (offset, [])
            while let index = try reader.fill(offset, JournalFormat.batchHeaderBytes),
                let header = JournalFormat.BatchHeader(reader.buffer.span, at: index), header.salt == segment.salt,
                try readEntries(header, segment, &reader, offset + JournalFormat.batchHeaderBytes, &expected, &found)
            {
                let end = offset + JournalFormat.batchHeaderBytes + header.bodyBytes
                found.last = (segment, offset..<end)
                offset = end
                found.end = end
            }
            // A whole batch header behind what is broken: then that was acknowledged once.
            guard let later = try laterBatch(segment, &reader, from: offset + 1) else { return }
            try damage(segment.name, .corrupt(path: segment.file.path, .malformed(offset: offset)), &found)
            found.lost(found.broken)
            if found.end < later { found.unread(found.end..<later) }
            offset = later
        }
    }

    /// Accepts the entries of one batch: all or none, or the whole ones when salvaging.
    ///
    /// - Returns: whether the batch is whole.
    private func readEntries(
        _ header: JournalFormat.BatchHeader, _ segment: JournalSegment, _ reader: inout WindowReader, _ start: Int,
        _ expected: inout UInt64?, _ found: inout Found
    ) throws(StoreError) -> Bool {
        let available = min(header.bodyBytes, reader.end - start)
        guard salvages || available == header.bodyBytes, let index = try reader.fill(start, available) else {
            return false
        }
        var entries: [(entry: JournalEntry, position: UInt32, offset: Int)] = []
        var broken: [DocumentKey] = []
        var offset = index
        var position: UInt32 = 0
        while position < header.entryCount {
            let end = index + available
            if let entry = JournalFormat.parseEntry(reader.buffer, at: offset, end: end) {
                entries.append((entry, position, start + offset - index))
                offset += entry.byteCount
            } else if salvages, let (key, next) = JournalFormat.brokenEntry(reader.buffer, at: offset, end: end) {
                broken.append(key)
                offset = next
            } else {
                break
            }
            position += 1
        }
        let isRead = position == header.entryCount && offset == index + header.bodyBytes
        guard isRead && broken.isEmpty || salvages else { return false }
        if let expected, header.firstNumber != expected {
            try damage(segment.name, .corrupt(path: segment.file.path, .missing), &found)
        }
        for (entry, position, offset) in entries {
            let document = PendingDocument(
                revision: entry.revision, number: header.firstNumber + UInt64(position), segment: segment,
                offset: offset, byteCount: entry.byteCount, kind: entry.kind)
            let shard = JournalLedger.Shard(try DocumentLocation(entry.key))
            let counts = found.ledger.add(document, of: entry.key, in: shard)
            if salvages, !counts { found.lost([entry.key]) }
        }
        expected = header.firstNumber + UInt64(header.entryCount)
        found.end = start + offset - index
        found.broken = broken
        return isRead && broken.isEmpty
    }

    /// Returns the offset of the next whole batch header in this segment.
    private func laterBatch(
        _ segment: JournalSegment, _ reader: inout WindowReader, from start: Int
    ) throws(StoreError) -> Int? {
        var position = start
        while let index = try reader.fill(position, JournalFormat.batchHeaderBytes) {
            // The salt, which no document can hold by chance, leads to every header; the windows overlap by one header.
            var from = index
            while let salt = reader.buffer.span.firstIndex(ofWord: segment.salt, from: from) {
                if salt >= index + 8, JournalFormat.BatchHeader(reader.buffer.span, at: salt - 8) != nil {
                    return position + salt - 8 - index
                }
                from = salt + 1
            }
            position += max(1, reader.buffer.count - index - JournalFormat.batchHeaderBytes + 1)
        }
        return nil
    }
}
