// What is known of every record of one data type while the stream is written to: what readers see, and what an open
// generation has seen and changed. Decides what a record of a batch means; writes nothing itself.

struct TypeIndex: Sendable {
    private(set) var committed: RecordTable
    private(set) var staged = RecordTable()

    init(recordCount: Int) {
        committed = RecordTable(capacityFor: recordCount)
    }

    var byteCount: Int { committed.byteCount + staged.byteCount }

    /// The records that readers see and the open generation has not met.
    var unseenCount: Int { committed.liveCount - committed.liveSeenCount }

    /// The kind of a record in a batch.
    enum Verdict: Equatable {
        case change(RecordChange.Kind)
        case unchanged
        /// Unchanged, and the open generation has not met it before.
        case unchangedAndSeen
    }

    /// Takes a record into what readers see.
    ///
    /// - Parameter marksSeen: whether a generation is open, which must not delete what is met meanwhile.
    @inline(__always)
    mutating func upsert(_ hash: RecordHash, content: UInt64, marksSeen: Bool) -> Verdict {
        let entry = committed.find(hash)
        if let entry, entry.isLive, entry.content == content {
            return marksSeen && committed.markSeen(hash) ? .unchangedAndSeen : .unchanged
        }
        committed.set(hash, content: content, flags: marksSeen ? [.live, .seen] : .live)
        return .change(entry?.isLive == true ? .updated : .added)
    }

    @inline(__always)
    mutating func delete(_ hash: RecordHash) -> Verdict {
        guard let entry = committed.find(hash), entry.isLive else { return .unchanged }
        committed.set(hash, content: 0, flags: entry.flags.subtracting(.live))
        return .change(.deleted)
    }

    /// Takes a record into the open generation.
    @inline(__always)
    mutating func stageUpsert(_ hash: RecordHash, content: UInt64) -> Verdict {
        let entry: RecordTable.Entry?
        if let changed = staged.find(hash) {
            if changed.isLive && changed.content == content { return .unchanged }
            entry = changed
        } else {
            entry = committed.find(hash)
            if let entry, entry.isLive, entry.content == content {
                return committed.markSeen(hash) ? .unchangedAndSeen : .unchanged
            }
        }
        staged.set(hash, content: content, flags: .live)
        committed.markSeen(hash)
        return .change(entry?.isLive == true ? .updated : .added)
    }

    @inline(__always)
    mutating func stageDelete(_ hash: RecordHash) -> Verdict {
        guard let entry = staged.find(hash) ?? committed.find(hash), entry.isLive else { return .unchanged }
        staged.set(hash, content: 0, flags: [])
        committed.markSeen(hash)
        return .change(.deleted)
    }

    /// Notes that the open generation has met a record whose content is not known; true when it had not before.
    @inline(__always)
    mutating func meet(_ hash: RecordHash) -> Bool { committed.markSeen(hash) }

    /// Whether the open generation has to delete this content, which readers see and it has not met.
    func isUnseen(_ hash: RecordHash, content: UInt64) -> Bool {
        guard let entry = committed.find(hash) else { return false }
        return entry.isLive && !entry.flags.contains(.seen) && entry.content == content
    }

    /// Makes what the generation changed visible.
    mutating func commit() {
        if committed.isEmpty {
            committed = staged
        } else {
            staged.forEach { hash, entry in committed.set(hash, content: entry.content, flags: entry.flags) }
            committed.clearSeen()
        }
        staged = RecordTable()
    }

    /// Forgets what the generation met and changed.
    mutating func abandon() {
        staged = RecordTable()
        committed.clearSeen()
    }

    // MARK: Rebuilding from frames

    mutating func replay(_ kind: RecordChange.Kind, _ hash: RecordHash, content: UInt64, marksSeen: Bool) {
        var flags: RecordTable.Flags = kind == .deleted ? [] : .live
        if marksSeen { flags.insert(.seen) }
        committed.set(hash, content: content, flags: flags)
    }

    mutating func replayStaged(_ kind: RecordChange.Kind, _ hash: RecordHash, content: UInt64) {
        staged.set(hash, content: content, flags: kind == .deleted ? [] : .live)
        committed.markSeen(hash)
    }

    mutating func replaySeen(_ hash: RecordHash) { committed.markSeen(hash) }
}
