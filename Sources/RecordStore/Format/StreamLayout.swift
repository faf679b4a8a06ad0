// Which change is where: the state that the frames of a stream add up to, one frame after the other, the same at
// recovery and while appending. No files and no bytes of records: frame headers in, places out.

/// A place of a frame.
struct FramePosition: Equatable, Sendable {
    var segment: UInt64
    var offset: Int
}

/// Neighbouring frames of one data type that share an entry of the index.
struct FrameRun: Equatable, Sendable {
    var position: FramePosition
    var bytes: Int
    var firstSequence: UInt64
    /// The sequence after the last one; equal to the first where the frames have no rows.
    var endSequence: UInt64
    var rowCount: Int

    init(position: FramePosition, bytes: Int, firstSequence: UInt64, endSequence: UInt64, rowCount: Int) {
        self.position = position
        self.bytes = bytes
        self.firstSequence = firstSequence
        self.endSequence = endSequence
        self.rowCount = rowCount
    }

    /// A run that is read no further than its first frame, whose length only the frame contains.
    init(frameAt position: FramePosition) {
        self.init(position: position, bytes: .max / 2, firstSequence: 0, endSequence: 0, rowCount: 0)
    }
}

/// A frame contradicts those before it.
struct LayoutConflict: Error, Equatable {}

struct StreamLayout: Sendable {
    /// A generation that readers do not see.
    struct OpenGeneration: Sendable {
        let number: UInt32
        /// Visible changes from here on were made while the generation was open.
        let beganAtSequence: UInt64
        var runs: [FrameRun] = []
        /// Visible frames that say which records a direct append found unchanged meanwhile.
        var directRuns: [FrameRun] = []
        var rowCount: UInt64 = 0
        var gain = 0
        var contentBytes = 0
        var checkpoint: FramePosition?
    }

    struct DataType: Sendable {
        let name: String
        /// The visible frames in the order of their sequences.
        var runs: [FrameRun] = []
        var checkpoint: FramePosition?
        var generation: OpenGeneration?
        var generationCount: UInt32 = 0
        var recordCount = 0
        var rowCount = 0
        /// The bytes of visible rows and their payloads, superseded ones included.
        var contentBytes = 0
        /// The rows that compaction has been over.
        var compactedRowCount = 0

        /// The sequence of the newest visible change; 0 before the first.
        var lastSequence: UInt64 { runs.last.map { $0.endSequence - 1 } ?? 0 }
    }

    private(set) var dataTypes: [DataType] = []
    private(set) var nextSequence: UInt64 = 1
    /// The bytes of all frames.
    private(set) var frameBytes = 0

    var lastSequence: UInt64 { nextSequence - 1 }

    /// How often the stream was compacted before it looked like this.
    let compactions: UInt64

    init(dataTypes: [String], compactions: UInt64 = 0) {
        self.compactions = compactions
        self.dataTypes = dataTypes.map { DataType(name: $0) }
    }

    /// The number of a data type, or nil when the stream has none of it.
    ///
    /// Names are compared as bytes.
    func index(of dataType: String) -> Int? {
        dataTypes.firstIndex { $0.name.utf8.elementsEqual(dataType.utf8) }
    }

    mutating func addDataType(_ name: String) -> Int {
        dataTypes.append(DataType(name: name))
        return dataTypes.count - 1
    }

    /// The header of a frame that would come next, as far as this state decides it.
    func nextFrame(_ kind: FrameHeader.Kind, dataType: Int) -> (firstSequence: UInt64, generation: UInt32) {
        let type = dataTypes[dataType]
        return switch kind {
        case .page: (nextSequence, 0)
        case .begin: (nextSequence, type.generationCount + 1)
        case .stagedPage: (type.generation?.rowCount ?? 0, type.generation?.number ?? 0)
        case .commit, .abandon: (nextSequence, type.generation?.number ?? 0)
        }
    }

    /// Takes one more frame in.
    ///
    /// A frame that cannot follow changes nothing.
    mutating func apply(_ header: FrameHeader, at position: FramePosition) throws(LayoutConflict) {
        let index = Int(header.dataType)
        guard index < dataTypes.count else { throw LayoutConflict() }
        frameBytes += header.frameBytes
        switch header.kind {
        case .page: try applyPage(header, position, index)
        case .begin:
            guard header.generation > dataTypes[index].generationCount else { throw LayoutConflict() }
            dataTypes[index].generationCount = header.generation
            dataTypes[index].generation = OpenGeneration(number: header.generation, beganAtSequence: nextSequence)
            if header.flags.contains(.hasCheckpoint) { dataTypes[index].generation?.checkpoint = position }
        case .stagedPage: try applyStagedPage(header, position, index)
        case .commit: try applyCommit(header, position, index)
        case .abandon:
            guard let open = dataTypes[index].generation, open.number == header.generation else {
                throw LayoutConflict()
            }
            dataTypes[index].generation = nil
        }
    }

    private mutating func applyPage(_ header: FrameHeader, _ position: FramePosition, _ index: Int)
        throws(LayoutConflict)
    {
        let isSparse = header.flags.contains(.isSparse)
        guard isSparse ? header.firstSequence >= nextSequence : header.firstSequence == nextSequence,
            isSparse || header.span == header.rowCount
        else { throw LayoutConflict() }
        let run = Self.run(header, position)
        if header.rowCount > 0 { Self.append(run, to: &dataTypes[index].runs, isSparse: isSparse) }
        if header.seenCount > 0 { dataTypes[index].generation?.directRuns.append(run) }
        if header.flags.contains(.hasCheckpoint) { dataTypes[index].checkpoint = position }
        dataTypes[index].recordCount += Int(header.gain)
        dataTypes[index].rowCount += Int(header.rowCount)
        dataTypes[index].contentBytes += header.contentBytes
        if isSparse { dataTypes[index].compactedRowCount += Int(header.rowCount) }
        nextSequence = run.endSequence
    }

    private mutating func applyStagedPage(
        _ header: FrameHeader, _ position: FramePosition, _ index: Int
    ) throws(LayoutConflict) {
        guard var open = dataTypes[index].generation, open.number == header.generation,
            header.firstSequence == open.rowCount, header.span == header.rowCount
        else { throw LayoutConflict() }
        dataTypes[index].generation = nil
        Self.append(Self.run(header, position), to: &open.runs)
        open.rowCount += UInt64(header.rowCount)
        open.gain += Int(header.gain)
        open.contentBytes += header.contentBytes
        if header.flags.contains(.hasCheckpoint) { open.checkpoint = position }
        dataTypes[index].generation = open
    }

    private mutating func applyCommit(
        _ header: FrameHeader, _ position: FramePosition, _ index: Int
    ) throws(LayoutConflict) {
        guard let open = dataTypes[index].generation, open.number == header.generation,
            header.firstSequence == nextSequence
        else { throw LayoutConflict() }
        for var run in open.runs where run.rowCount > 0 {
            run.firstSequence += nextSequence
            run.endSequence += nextSequence
            dataTypes[index].runs.append(run)
        }
        nextSequence += open.rowCount
        dataTypes[index].recordCount += open.gain
        dataTypes[index].rowCount += Int(open.rowCount)
        dataTypes[index].contentBytes += open.contentBytes
        dataTypes[index].checkpoint =
            header.flags.contains(.hasCheckpoint) ? position : open.checkpoint ?? dataTypes[index].checkpoint
        dataTypes[index].generation = nil
    }

    private static func run(_ header: FrameHeader, _ position: FramePosition) -> FrameRun {
        FrameRun(
            position: position, bytes: header.frameBytes, firstSequence: header.firstSequence,
            endSequence: header.firstSequence + UInt64(header.span), rowCount: Int(header.rowCount))
    }

    /// Joins frames that follow each other on disk and in sequence, so that many small appends do not fill the memory.
    private static func append(_ run: FrameRun, to runs: inout [FrameRun], isSparse: Bool = false) {
        if let last = runs.last, last.position.segment == run.position.segment,
            last.position.offset + last.bytes == run.position.offset,
            isSparse || last.endSequence == run.firstSequence,
            last.bytes + run.bytes <= RecordLimits.runBytesMax
        {
            runs[runs.count - 1].bytes += run.bytes
            runs[runs.count - 1].endSequence = run.endSequence
            runs[runs.count - 1].rowCount += run.rowCount
        } else {
            runs.append(run)
        }
    }

    // MARK: Compaction

    var rowCount: Int { dataTypes.reduce(0) { $0 + $1.rowCount } }
    var hasOpenGeneration: Bool { dataTypes.contains { $0.generation != nil } }

    /// Whether at least half of the changes are likely to have newer ones behind them, or half of the bytes are no
    /// changes: generations that were given up, and the marks of records that were met unchanged.
    var isWorthCompacting: Bool {
        if hasOpenGeneration { return false }
        let kept = dataTypes.reduce(0) { $0 + max($1.compactedRowCount, $1.recordCount) }
        let content = dataTypes.reduce(0) { $0 + $1.contentBytes }
        return rowCount > 2 * kept + RecordLimits.compactionRowsMin
            || frameBytes > 2 * content + RecordLimits.compactionBytesMin
    }

    // MARK: Reading

    /// The runs that hold the changes after a sequence number, in order, until they have `rowCount` rows.
    ///
    /// `isComplete` says that no further run follows.
    ///
    /// - Parameter includesReserved: whether the runs of all data types include those of reserved ones.
    func runs(
        after sequence: UInt64, dataType: Int?, rowCount: Int, includesReserved: Bool = false
    ) -> (found: [(dataType: Int, run: FrameRun)], isComplete: Bool) {
        let indices = (dataType.map { $0..<$0 + 1 } ?? 0..<dataTypes.count).filter { index in
            dataType != nil || includesReserved || !RecordBatch.isReserved(dataTypes[index].name)
        }
        var heads = indices.map { (index: $0, next: Self.first(in: dataTypes[$0].runs, after: sequence)) }
        var found: [(Int, FrameRun)] = []
        var rows = 0
        while rows < rowCount {
            var best: Int?
            for head in heads.indices where heads[head].next < dataTypes[heads[head].index].runs.count {
                let start = dataTypes[heads[head].index].runs[heads[head].next].firstSequence
                if let known = best,
                    dataTypes[heads[known].index].runs[heads[known].next].firstSequence <= start
                {
                    continue
                }
                best = head
            }
            guard let best else { return (found, true) }
            let run = dataTypes[heads[best].index].runs[heads[best].next]
            heads[best].next += 1
            found.append((heads[best].index, run))
            // The first run may begin before the cursor; its rows up to there do not count.
            let passed = run.firstSequence > sequence ? 0 : Int(clamping: sequence - run.firstSequence + 1)
            rows += max(0, run.rowCount - passed)
        }
        return (found, false)
    }

    /// The index of the first run that has a change after `sequence`.
    private static func first(in runs: [FrameRun], after sequence: UInt64) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].endSequence <= sequence + 1 { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
