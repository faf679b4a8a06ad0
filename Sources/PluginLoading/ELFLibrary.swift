// Checks whether a file can be given to the dynamic loader. The loader maps what a file promises and crashes when the file ends
// earlier, so a truncated library must be found first. Bytes in, a sentence out; opens no file.

/// The checks on a file that claims to be a shared library of this machine (ELF-64, System V ABI).
///
/// They cover what the loader relies on without checking. Everything it maps must lie within the file, and the tables it reads
/// first must lie within what it maps.
struct ELFLibrary {
    /// Program headers that a library has at most; real ones have about ten.
    static let programHeadersMax = 64
    /// Entries of the dynamic section at most; real ones have about forty.
    static let dynamicEntriesMax = 4096
    /// The address space that a library may take.
    static let memoryBytesMax: UInt64 = 1 << 30

    /// Reads `count` bytes at an offset; fewer where the file ends before.
    typealias Read = (_ offset: UInt64, _ count: Int) -> [UInt8]

    private struct Segment {
        let type: UInt32
        let offset, address, fileBytes, memoryBytes, alignment: UInt64
    }

    private enum SegmentType {
        static let load: UInt32 = 1
        static let dynamic: UInt32 = 2
        static let null: UInt32 = 0
        /// Notes, thread-local storage and GNU properties, which the loader reads where they are mapped.
        static let readInMemory: Set<UInt32> = [4, 7, 0x6474_E553]
    }

    private static let headerBytes = 64
    private static let programHeaderBytes = 56
    private static let sectionHeaderBytes: UInt64 = 64
    private static let stringTableSection: UInt64 = 3

    private struct Refusal: Error { let problem: String }

    private let fileBytes: UInt64
    private let read: Read

    /// Returns why the dynamic loader cannot use the file; nil when it can be tried.
    ///
    /// - Parameters:
    ///   - fileBytes: the size of the file.
    ///   - read: gives bytes of the file.
    static func problem(fileBytes: UInt64, read: @escaping Read) -> String? {
        do throws(Refusal) {
            try ELFLibrary(fileBytes: fileBytes, read: read).check()
            return nil
        } catch {
            return error.problem
        }
    }

    private func check() throws(Refusal) {
        let header = read(0, Self.headerBytes)
        try require(header.starts(with: [0x7F, 0x45, 0x4C, 0x46]), "it is not an ELF file")
        try require(header.count == Self.headerBytes, "it is cut short: its header is not complete")
        try require(header[4] == 2 && header[5] == 1, "it is not for a 64-bit little-endian machine")
        try require(number(header, 18, 2) == Self.machine, "it is for another kind of processor")
        try require(header[6] == 1 && number(header, 20, 4) == 1, "it has an unknown ELF version")
        try require(number(header, 16, 2) == 3, "it is an ELF file but not a shared library")

        let segments = try segments(header)
        try checkSections(header)
        for segment in segments where segment.type != SegmentType.null {
            try require(
                isWithin(segment.offset, segment.fileBytes, fileBytes), "it is cut short: a segment ends after the file"
            )
        }
        let loads = segments.filter { $0.type == SegmentType.load }
        try check(loads: loads)
        for segment in segments where SegmentType.readInMemory.contains(segment.type) {
            try require(
                loads.contains { load in
                    load.address <= segment.address
                        && isWithin(segment.address - load.address, segment.fileBytes, load.memoryBytes)
                }, "a segment is not in a loaded one")
        }
        let dynamics = segments.filter { $0.type == SegmentType.dynamic }
        try require(dynamics.count == 1, "it has no dynamic section, or several")
        try check(dynamic: dynamics[0], loads)
    }

    private func segments(_ header: [UInt8]) throws(Refusal) -> [Segment] {
        let count = Int(number(header, 56, 2))
        let offset = number(header, 32, 8)
        try require(
            number(header, 54, 2) == UInt64(Self.programHeaderBytes) && 1...Self.programHeadersMax ~= count,
            "its program headers are not of the usual kind")
        let bytes = read(offset, count * Self.programHeaderBytes)
        try require(
            isWithin(offset, UInt64(count * Self.programHeaderBytes), fileBytes)
                && bytes.count == count * Self.programHeaderBytes, "it is cut short: its program headers are not there")
        return (0..<count).map { index in
            let start = index * Self.programHeaderBytes
            return Segment(
                type: UInt32(truncatingIfNeeded: number(bytes, start, 4)), offset: number(bytes, start + 8, 8),
                address: number(bytes, start + 16, 8), fileBytes: number(bytes, start + 32, 8),
                memoryBytes: number(bytes, start + 40, 8), alignment: number(bytes, start + 48, 8))
        }
    }

    /// The loader never reads section headers, but linkers write them last.
    ///
    /// When they are missing, anything before may be missing.
    private func checkSections(_ header: [UInt8]) throws(Refusal) {
        let offset = number(header, 40, 8)
        guard offset != 0 else { return }
        let count = max(1, number(header, 60, 2))
        try require(
            isWithin(offset, count * Self.sectionHeaderBytes, fileBytes),
            "it is cut short: its section headers are not there")
        // The section of their names is one of the last: when it is blank, the end of the file was never written.
        let names = number(header, 62, 2)
        guard names != 0 else { return }
        try require(names < count, "its section headers are damaged")
        let section = read(offset + names * Self.sectionHeaderBytes, Int(Self.sectionHeaderBytes))
        try require(
            section.count == Int(Self.sectionHeaderBytes) && number(section, 4, 4) == Self.stringTableSection,
            "its section headers are damaged")
    }

    private func check(loads: [Segment]) throws(Refusal) {
        try require(!loads.isEmpty, "it has nothing to load")
        var end: UInt64 = 0
        for load in loads {
            let (next, overflows) = load.address.addingReportingOverflow(load.memoryBytes)
            try require(
                !overflows && next <= Self.memoryBytesMax && load.fileBytes <= load.memoryBytes && load.address >= end,
                "its segments overlap or are too large")
            try require(
                load.alignment.nonzeroBitCount == 1
                    && load.address % load.alignment == load.offset % load.alignment,
                "its segments are not aligned")
            end = next
        }
    }

    /// The tables that the loader goes through before anything else: each must begin within the bytes that come from the file.
    private func check(dynamic: Segment, _ loads: [Segment]) throws(Refusal) {
        try require(
            loads.contains { load in
                load.address <= dynamic.address
                    && isWithin(dynamic.address - load.address, dynamic.fileBytes, load.fileBytes)
                    && dynamic.offset == load.offset &+ (dynamic.address - load.address)
            }, "its dynamic section is not in a loaded segment")
        let entries = Int(dynamic.fileBytes / 16)
        try require(1...Self.dynamicEntriesMax ~= entries, "its dynamic section is not of the usual size")
        let bytes = read(dynamic.offset, entries * 16)
        try require(bytes.count == entries * 16, "it is cut short: its dynamic section is not there")
        var found: Set<UInt64> = []
        var isEnded = false
        for entry in 0..<entries where !isEnded {
            let tag = number(bytes, entry * 16, 8)
            let address = number(bytes, entry * 16 + 8, 8)
            isEnded = tag == 0
            found.insert(tag)
            guard Self.addressTags.contains(tag) else { continue }
            try require(
                loads.contains { load in load.address <= address && address - load.address <= load.fileBytes },
                "its dynamic section points outside the file")
        }
        try require(
            isEnded && found.contains(Self.stringTable) && found.contains(Self.symbolTable),
            "its dynamic section is damaged")
    }

    private static let stringTable: UInt64 = 5
    private static let symbolTable: UInt64 = 6
    /// DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_INIT, DT_FINI, DT_JMPREL, DT_INIT_ARRAY, DT_FINI_ARRAY, DT_RELR, DT_GNU_HASH and
    /// the tables of symbol versions.
    private static let addressTags: Set<UInt64> = [
        4, 5, 6, 7, 12, 13, 23, 25, 26, 36, 0x6FFF_FEF5, 0x6FFF_FFF0, 0x6FFF_FFFC, 0x6FFF_FFFE,
    ]

    #if arch(x86_64)
        private static let machine: UInt64 = 62
    #elseif arch(arm64)
        private static let machine: UInt64 = 183
    #else
        #error("The ELF machine number of this processor is missing here.")
    #endif

    private func require(_ isRight: Bool, _ problem: String) throws(Refusal) {
        guard isRight else { throw Refusal(problem: problem) }
    }

    private func isWithin(_ offset: UInt64, _ count: UInt64, _ size: UInt64) -> Bool {
        offset <= size && count <= size - offset
    }

    /// A little-endian number of `count` bytes.
    private func number(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) }
    }
}
