// Encoding a batch of entries and writing it at the end of a segment. It owns the segment's end; it knows no callers.

import StoreFiles

/// Encodes batches and writes them at the end of a segment.
struct JournalWriter {
    private var buffer: [UInt8] = []
    private var segment: JournalSegment?
    private var end = 0
    private var reservedEnd = 0
    /// Where each entry of the last batch is.
    private(set) var places: [(offset: Int, byteCount: Int)] = []

    /// Whether the segment's end is unknown, so that another one has to be begun.
    private(set) var hasLostPlace = false

    /// Whether the segment has more than half of its prepared space behind it, so that the next one should be made.
    func isHalfFull(_ segment: JournalSegment) -> Bool { self.segment === segment && end > segment.preparedBytes / 2 }

    /// Whether the next batch belongs in another segment.
    func isFull(_ segment: JournalSegment) -> Bool {
        self.segment === segment && end > segment.preparedBytes - JournalLimits.segmentMarginBytes
    }

    /// Writes a batch, and notes where each entry is in ``places``; durable on return.
    mutating func write(
        _ entries: [Journal.Entry], firstNumber: UInt64, to segment: JournalSegment, gate: WriteGate
    ) throws(StoreError) {
        if self.segment !== segment {
            self.segment = segment
            end = JournalFormat.segmentHeaderBytes
            reservedEnd = segment.preparedBytes
            hasLostPlace = false
        }
        encode(entries, firstNumber: firstNumber, salt: segment.salt)
        reserve(segment)
        let file = segment.file
        do throws(CallFailure) {
            try file.fileSystem.write(buffer.span, to: file.fd, at: end, path: file.path)
        } catch {
            let reason = gate.error(for: error)
            cutOff(segment)
            throw reason
        }
        do throws(CallFailure) { try file.fileSystem.fdatasync(file.fd, path: file.path) } catch {
            hasLostPlace = true
            throw gate.unknownOutcome(error)
        }
        end += buffer.count
        // A burst of large documents must not keep its memory for ever.
        if buffer.capacity > 2 * JournalLimits.batchBytesMax { buffer = [] }
    }

    private mutating func encode(_ entries: [Journal.Entry], firstNumber: UInt64, salt: UInt64) {
        buffer.removeAll(keepingCapacity: true)
        for _ in 0..<JournalFormat.batchHeaderBytes { buffer.append(0) }
        places.removeAll(keepingCapacity: true)
        for entry in entries {
            let start = buffer.count
            let count = JournalFormat.append(entry.key, revision: entry.revision, entry.content, to: &buffer)
            places.append((end + start, count))
        }
        let header = JournalFormat.BatchHeader(
            entryCount: UInt32(entries.count), salt: salt, firstNumber: firstNumber,
            bodyBytes: buffer.count - JournalFormat.batchHeaderBytes)
        header.store(in: &buffer, at: 0)
    }

    private mutating func reserve(_ segment: JournalSegment) {
        guard end + buffer.count > reservedEnd else { return }
        let bytes = max(JournalLimits.reservedBytes, end + buffer.count - reservedEnd)
        // Where nothing can be reserved, the write itself shows whether there is room.
        if (try? segment.file.fileSystem.allocate(
            segment.file.fd, from: reservedEnd, bytes: bytes, path: segment.file.path)) != nil
        {
            reservedEnd += bytes
        }
    }

    /// Takes the bytes of a failed write away; nothing that was not acknowledged may be found at the next start.
    private mutating func cutOff(_ segment: JournalSegment) {
        do throws(CallFailure) {
            try segment.file.fileSystem.truncate(segment.file.fd, to: end, path: segment.file.path)
            reservedEnd = end
        } catch { hasLostPlace = true }
    }
}
