// A writer killed at its system calls, or at any moment where those cannot be chosen: what it was told is durable is
// there, and nothing is half there. CRASH_TESTS=all in the environment tries every call instead of some.

import CLinux
import DocumentStore
import Glibc
import RecordStore
import StoreFiles
import Testing

@testable import Storage

@Suite("Crash", .serialized, .timeLimit(.minutes(2)))
struct CrashTests {
    /// The calls that change a disk, as strace names them.
    static let calls = [
        "openat", "pwrite64", "write", "fdatasync", "fsync", "close", "renameat2", "unlinkat", "mkdirat", "fallocate",
        "ftruncate", "syncfs",
    ]

    @Test("A killed writer loses nothing it was promised", arguments: ["documents", "records"])
    func aKilledWriterLosesNothingItWasPromised(work: String) async throws {
        let writer = try #require(Child.writerPath, "the writer is built with the tests")
        let tries = Child.wantsAll ? 400 : 3
        var kills = 0
        if Child.canTrace {
            for (index, call) in Self.calls.enumerated() {
                for attempt in 1...tries {
                    // Some, but other ones with every call.
                    let nth = Child.wantsAll ? attempt : attempt * attempt + index % 3
                    let output = try await killAtCall(writer, work, call, nth)
                    kills += output.wasKilled ? 1 : 0
                    if !output.wasKilled { break }
                }
            }
            #expect(kills > 10)
        } else {
            for attempt in 1...(tries * 4) { try await killAfter(writer, work, milliseconds: attempt * 7 % 90) }
        }
    }

    private func killAtCall(
        _ writer: String, _ work: String, _ call: String, _ nth: Int
    ) async throws -> (wasKilled: Bool, lines: [String]) {
        let scratch = Scratch()
        let child = try Child([
            "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
            "inject=\(call):signal=KILL:when=\(nth)",
            writer, scratch.path + "/data", work, "12",
        ])
        let lines = try child.linesUntilEnd()
        try await check(scratch.path + "/data", lines, "\(work) killed at \(call) \(nth)")
        return (!lines.contains("closed"), lines)
    }

    private func killAfter(_ writer: String, _ work: String, milliseconds: Int) async throws {
        let scratch = Scratch()
        let child = try Child([writer, scratch.path + "/data", work, "100000"])
        usleep(UInt32(milliseconds) * 1000)
        child.kill()
        try await check(scratch.path + "/data", try child.linesUntilEnd(), "\(work) killed after \(milliseconds) ms")
    }

    private func check(_ path: String, _ lines: [String], _ what: Comment) async throws {
        #expect(!lines.contains { $0.hasPrefix("error") }, what)
        let store = try DataDirectory.open(path)
        if lines.contains(where: { $0.hasPrefix("try ") }) { try await checkDocuments(store.documents, lines, what) }
        if lines.contains(where: { $0.hasPrefix("page ") }) { try await checkRecords(store.records, lines, what) }
        // A close leaves in the journal what its time does not allow.
        try await store.documents.flush()
        store.close()
        let leftovers = Scratch.tree(path).filter { $0.hasSuffix(".tmp") || $0.hasSuffix(".log") }
        #expect(leftovers == [], what)
    }

    private func checkDocuments(_ documents: Documents, _ lines: [String], _ what: Comment) async throws {
        // What a document may be: the last acknowledged state, or the one attempted after it.
        var done: [String: String] = [:]
        var tried: [String: [String: String]] = [:]
        for words in lines.map({ $0.split(separator: " ").map(String.init) }) where words.count >= 3 {
            if words[0] == "try" { tried[words[1], default: [:]][words[2]] = words[3] }
            if words[0] == "done" { done[words[1]] = words[2] }
        }
        for (id, rounds) in tried {
            let last = Int(done[id] ?? "0") ?? 0
            let possible = rounds.filter { (Int($0.key) ?? 0) >= last }
            let found = try await documents.load(.user(id))
            if let found {
                let text = String(decoding: found.bytes, as: UTF8.self)
                let round = possible.first { $0.value == "save" && text.hasPrefix("{\"round\":\($0.key),") }
                #expect(round != nil && text.hasSuffix("\"end\":\(round?.key ?? "")}"), what)
            } else {
                #expect(last == 0 || possible.values.contains("delete"), what)
            }
            try await documents.save(.user(id), bytes("{}"), expecting: .any)
        }
    }

    private func checkRecords(_ records: Records, _ lines: [String], _ what: Comment) async throws {
        let stream = StreamID("stream")
        let pages = lines.filter { $0.hasPrefix("paged ") }.count
        let changes = try await records.all(stream, limit: 100).changes
        let state = try await records.state(of: stream)?["payments"]
        let isCommitted = changes.contains { $0.kind == .deleted }
        let visible = changes.filter { $0.kind == .added }.count / 5
        #expect(visible >= pages && visible <= pages + 1, what)
        #expect(changes.filter { $0.kind == .added }.count.isMultiple(of: 5), what)
        if isCommitted {
            #expect(lines.contains("commit"), what)
            #expect(changes.filter { $0.kind == .deleted }.count == visible * 2, what)
            #expect(state?.checkpoint == bytes("full \(visible)") && state?.generation == nil, what)
        } else {
            #expect(!lines.contains("committed"), what)
            #expect(
                state?.checkpoint.map { String(decoding: $0, as: UTF8.self) } == (visible == 0 ? nil : "\(visible)"),
                what)
            let staged = lines.filter { $0.hasPrefix("staged ") }.count
            let checkpoint = state?.generationCheckpoint.map { String(decoding: $0, as: UTF8.self) }
            #expect(staged == 0 || ["full \(staged)", "full \(staged + 1)"].contains(checkpoint), what)
        }
    }
}
