// The check of a whole audit log: it reads file by file and says at which lines the chain breaks. It changes nothing.

import ProviderSDK
import StoreFiles

/// The findings of a check of the audit log.
package struct AuditReport: Sendable, Equatable {
    /// A place where the chain breaks.
    package struct Found: Sendable, Equatable {
        /// The file, relative to the data directory.
        package let path: String
        /// The number of the line in the file, from 1.
        package let line: Int
        package let why: AuditBreak
    }

    /// The lines that are there.
    package internal(set) var lines = 0
    /// The first breaks.
    package internal(set) var found: [Found] = []
    /// The number of all breaks.
    package internal(set) var breaks = 0
    /// The last line that is missing at the beginning; nil when none is.
    package internal(set) var missingThrough: Int?
    /// The hash of the last line; nil for an empty log.
    package internal(set) var lastHash: String?

    /// A log without lines.
    package init() {}

    /// Whether every line follows from the one before.
    package var isSound: Bool { breaks == 0 && missingThrough == nil }
}

extension AuditReport.Found: CustomStringConvertible {
    /// The break as a sentence.
    package var description: String { "line \(line) of \(path) \(why)" }
}

struct AuditCheck: Sendable {
    private var chain = AuditChain()
    private var first: Int?
    private var droppedThrough = 0
    private var found = AuditReport()

    /// The findings so far.
    var report: AuditReport {
        var report = found
        if let first, first > 1, droppedThrough < first - 1 { report.missingThrough = first - 1 }
        if report.lines > 0 { report.lastHash = chain.hash }
        return report
    }

    /// Reads one file, the one behind those that were read before.
    mutating func read(_ extent: AuditFolder.Extent, in folder: AuditFolder) throws(StoreError) {
        guard let bytes = try folder.bytes(of: extent) else { return }
        let path = folder.path(of: extent.file)
        var lines = AuditLines(bytes)
        var number = 0
        while let line = lines.next() {
            number += 1
            found.lines += 1
            guard let read = AuditChain.read(line) else {
                chain.skip(1)
                note(.malformed, path, number)
                continue
            }
            if let through = read.json["through"]?.integer,
                read.json["action"]?.string == AuditAction.dropLines.rawValue
            {
                droppedThrough = max(droppedThrough, Int(clamping: through))
            }
            if first == nil {
                first = read.sequence
                if read.sequence > 1 { chain.begin(before: read) }
            }
            if number == 1, read.sequence != extent.file.first { note(.misnamed, path, number) }
            if let why = chain.follow(read) { note(why, path, number) }
        }
        if lines.remainder > 0 { note(.unfinished, path, number + 1) }
    }

    private mutating func note(_ why: AuditBreak, _ path: String, _ line: Int) {
        found.breaks += 1
        guard found.found.count < AuditLimits.describedBreaksMax else { return }
        found.found.append(.init(path: path, line: line, why: why))
    }
}
