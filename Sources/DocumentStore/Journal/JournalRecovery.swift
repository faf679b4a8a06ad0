// Reading the journal at start. Every batch but the last was acknowledged before the next began, so only the last one
// may be torn; a gap in the numbers, or a broken batch with a whole one behind it, is damage and is said, not
// skipped.

import Glibc

struct JournalRecovery {
    let folder: Directory
    let files: DurableFiles

    /// What the journal held.
    struct Found {
        var ledger = JournalLedger()
        var nextSequence: UInt64 = 1
        /// Segments without an entry, which can go at once.
        var empty: [String] = []
    }

    func run() throws(StoreError) -> Found {
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
        return found
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
            guard isLast, size <= StoreLimits.journalReservedBytes, try isBlank(&reader, size) else {
                throw .corrupt(path: file.path, .malformed(offset: 0))
            }
            found.empty.append(name)
        case .valid(let stored, let salt):
            guard stored == sequence else { throw .corrupt(path: file.path, .wrongDocument) }
            let segment = JournalSegment(sequence: sequence, salt: salt, file: file)
            if try !readBatches(segment, &reader, expected: &expected, into: &found.ledger) { found.empty.append(name) }
        }
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

    /// - Returns: whether there was any.
    private func readBatches(
        _ segment: JournalSegment, _ reader: inout WindowReader, expected: inout UInt64?,
        into ledger: inout JournalLedger
    ) throws(StoreError) -> Bool {
        var offset = JournalFormat.segmentHeaderBytes
        var any = false
        while let index = try reader.fill(offset, JournalFormat.batchHeaderBytes),
            let header = JournalFormat.BatchHeader(reader.buffer.span, at: index), header.salt == segment.salt,
            try readEntries(header, segment, &reader, offset + JournalFormat.batchHeaderBytes, &expected, &ledger)
        {
            any = true
            offset += JournalFormat.batchHeaderBytes + header.bodyBytes
        }
        if try hasLaterBatch(segment, &reader, from: offset + 1) {
            throw .corrupt(path: segment.file.path, .malformed(offset: offset))
        }
        return any
    }

    /// Takes the entries of one batch in, all or none.
    private func readEntries(
        _ header: JournalFormat.BatchHeader, _ segment: JournalSegment, _ reader: inout WindowReader, _ start: Int,
        _ expected: inout UInt64?, _ ledger: inout JournalLedger
    ) throws(StoreError) -> Bool {
        guard header.bodyBytes <= reader.end - start, let index = try reader.fill(start, header.bodyBytes) else {
            return false
        }
        var entries: [(entry: JournalFormat.Entry, offset: Int)] = []
        var offset = index
        for _ in 0..<header.entryCount {
            guard let entry = JournalFormat.parseEntry(reader.buffer, at: offset, end: index + header.bodyBytes) else {
                return false
            }
            entries.append((entry, start + offset - index))
            offset += entry.byteCount
        }
        guard offset == index + header.bodyBytes else { return false }
        if let expected, header.firstNumber != expected { throw .corrupt(path: segment.file.path, .missing) }
        var number = header.firstNumber
        for (entry, offset) in entries {
            let shard = JournalLedger.Shard(try DocumentLocation(entry.key))
            let document = PendingDocument(
                revision: entry.revision, number: number, segment: segment, offset: offset, byteCount: entry.byteCount,
                isDeletion: entry.file == nil)
            ledger.add(document, of: entry.key, in: shard)
            number += 1
        }
        expected = number
        return true
    }

    /// Whether a whole batch header of this segment lies behind the broken one: then that was acknowledged once.
    private func hasLaterBatch(
        _ segment: JournalSegment, _ reader: inout WindowReader, from start: Int
    ) throws(StoreError) -> Bool {
        var position = start
        while let index = try reader.fill(position, JournalFormat.batchHeaderBytes) {
            // The salt, which no document can hold by chance, leads to every header; the windows overlap by one header.
            var from = index
            while let salt = reader.buffer.span.firstIndex(ofWord: segment.salt, from: from) {
                if salt >= index + 8, JournalFormat.BatchHeader(reader.buffer.span, at: salt - 8) != nil { return true }
                from = salt + 1
            }
            position += max(1, reader.buffer.count - index - JournalFormat.batchHeaderBytes + 1)
        }
        return false
    }
}
