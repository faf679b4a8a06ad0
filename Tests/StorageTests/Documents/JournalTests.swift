// The journal: what a crash at any byte leaves, what damage is told, and that a full journal makes writers wait.

import DocumentStore
import Glibc
import StoreFiles
import Testing

@testable import DocumentJournal
@testable import Storage

@Suite("Journal", .timeLimit(.minutes(2)))
struct JournalTests {
    let scratch = Scratch()

    /// Options under which documents stay in the journal until asked for.
    static var lazy: StoreOptions {
        var options = StoreOptions()
        options.checkpointDelay = .seconds(10_000)
        return options
    }

    /// The path and content of the only journal segment that has entries.
    private func segment(in path: String) throws -> (name: String, bytes: [UInt8]) {
        let name = try #require(Scratch.names(path + "/journal").first { $0.hasSuffix(".log") })
        return (name, try #require(Scratch.read(path + "/journal/" + name)))
    }

    /// Saves and deletes one after the other, each a batch of its own; returns the journal's bytes and where each
    /// batch ends.
    private func journal() async throws -> (name: String, bytes: [UInt8], ends: [Int]) {
        let source = Scratch()
        let store = try DataDirectory.open(source.path, options: Self.lazy)
        try await store.documents.save(.user("a"), bytes("a1"), expecting: .absent)
        try await store.documents.save(.user("b"), bytes("b1"), expecting: .absent)
        try await store.documents.save(.user("a"), bytes("a2"), expecting: .revision(1))
        try await store.documents.delete(.user("b"), expecting: .revision(1))
        let (name, content) = try segment(in: source.path)
        #expect(Scratch.names(source.path) == [".lock", "installation", "journal"])
        store.close()
        #expect(Scratch.names(source.path + "/journal") == [])
        var ends: [Int] = []
        var offset = JournalFormat.segmentHeaderBytes
        while let header = JournalFormat.BatchHeader(content.span, at: offset) {
            offset += JournalFormat.batchHeaderBytes + header.bodyBytes
            ends.append(offset)
        }
        #expect(ends.count == 4)
        // The rest is reserved space; a little of it is enough.
        return (name, Array(content[..<(ends[3] + 100)]), ends)
    }

    private func open(_ name: String, _ journal: [UInt8]) throws -> DataDirectory {
        unsafe mkdir(scratch.path + "/journal", 0o700)
        Scratch.write(journal, to: scratch.path + "/journal/" + name)
        return try DataDirectory.open(scratch.path)
    }

    /// What the four batches of `journal()` add up to, after each of them.
    static let states: [[String: String]] = [
        [:], ["a": "a1"], ["a": "a1", "b": "b1"], ["a": "a2", "b": "b1"], ["a": "a2"],
    ]

    @Test("A journal torn at any byte gives the batches before it")
    func aJournalTornAtAnyByteGivesTheBatchesBeforeIt() async throws {
        let (name, content, ends) = try await journal()
        for length in JournalFormat.segmentHeaderBytes...(ends[3] + 1) {
            for filler in [0, 0xff] as [UInt8] {
                let torn = Array(content[..<length]) + [UInt8](repeating: filler, count: content.count - length)
                if torn[..<ends[3]] == content[..<ends[3]] && length < ends[3] { continue }
                let store = try open(name, torn)
                let expected = Self.states[ends.filter { $0 <= length }.count]
                for id in ["a", "b"] {
                    let found = try await store.documents.load(.user(id))
                    #expect(found.map { String(decoding: $0.bytes, as: UTF8.self) } == expected[id], "\(length)")
                }
                #expect(try await store.documents.list("users").keys.count == expected.count)
                store.close()
                #expect(Scratch.names(scratch.path + "/journal") == [])
                for id in ["a", "b"] { unsafe unlink(scratch.path + "/" + (try DocumentLocation(.user(id))).path) }
            }
        }
    }

    @Test("Damage before the last batch is reported and nothing is lost")
    func damageBeforeTheLastBatchIsToldAndNothingIsLost() async throws {
        let (name, content, ends) = try await journal()
        for index in 0..<ends[2] {
            var damaged = content
            damaged[index] ^= 0x20
            let error = await failure { try open(name, damaged) }
            switch error {
            case .corrupt, .newerSchema: break
            default: Issue.record("byte \(index): \(String(describing: error))")
            }
            #expect(Scratch.read(scratch.path + "/journal/" + name) == damaged)
        }
        let store = try open(name, content)
        #expect(try await store.documents.load(.user("a"))?.bytes == bytes("a2"))
        store.close()
    }

    @Test("A missing segment in the middle is reported")
    func aMissingSegmentInTheMiddleIsTold() async throws {
        let (name, content, _) = try await journal()
        unsafe mkdir(scratch.path + "/journal", 0o700)
        Scratch.write(content, to: scratch.path + "/journal/" + name)
        // A later segment whose entries do not continue the numbers of the first.
        var later = JournalFormat.segmentHeader(sequence: 9, salt: 77)
        var body: [UInt8] = []
        _ = JournalFormat.append(.user("z"), revision: 1, .whole(.none, data: bytes("z")), to: &body)
        let start = later.count
        later += [UInt8](repeating: 0, count: JournalFormat.batchHeaderBytes) + body
        JournalFormat.BatchHeader(entryCount: 1, salt: 77, firstNumber: 40, bodyBytes: body.count)
            .store(in: &later, at: start)
        Scratch.write(later, to: scratch.path + "/journal/" + JournalSegment.name(9))
        let error = await failure { try DataDirectory.open(scratch.path) }
        #expect(error == .corrupt(path: "journal/" + JournalSegment.name(9), .missing))
    }

    @Test("A segment whose making was cut short is removed")
    func aSegmentWhoseMakingWasCutShortIsRemoved() async throws {
        let header = JournalFormat.segmentHeader(sequence: 1, salt: 5)
        for length in 0...header.count {
            for isReserved in [false, true] {
                let rest = isReserved ? [UInt8](repeating: 0, count: 70_000) : []
                let store = try open(JournalSegment.name(1), Array(header[..<length]) + rest)
                try await store.documents.save(.user("a"), bytes("1"), expecting: .any)
                store.close()
            }
        }
    }

    @Test("What waits in the journal is read listed and replaced")
    func whatWaitsInTheJournalIsReadListedAndReplaced() async throws {
        var options = Self.lazy
        options.cacheBytesMax = 0
        let store = try DataDirectory.open(scratch.path, options: options)
        try await store.documents.save(.user("a"), bytes("1"), expecting: .absent)
        try await store.documents.save(.user("A"), bytes("1"), expecting: .absent)
        #expect(store.documents.cached(.user("a")) == nil)
        #expect(try await store.documents.load(.user("a"))?.bytes == bytes("1"))
        #expect(try await Set(store.documents.list("users").keys) == [.user("a"), .user("A")])
        try await store.documents.save(.user("a"), bytes("2"), expecting: .revision(1))
        #expect(store.documentStatistics.waitingDocuments == 2)
        try await store.flush()
        #expect(store.documentStatistics.waitingDocuments == 0)
        #expect(try await store.documents.load(.user("a"))?.revision == 2)
        try await store.documents.delete(.user("a"), expecting: .revision(2))
        #expect(try await store.documents.load(.user("a")) == nil)
        #expect(try await store.documents.list("users").keys == [.user("A")])
        store.close()
        #expect(Scratch.tree(scratch.path + "/users").filter { $0.hasSuffix(".json") }.count == 1)
    }

    @Test("Many documents come into place at once")
    func manyDocumentsComeIntoPlaceAtOnce() async throws {
        let store = try DataDirectory.open(scratch.path, options: Self.lazy)
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<500 {
                group.addTask { [documents = store.documents] in
                    _ = try? await documents.save(.user("user-\(index)"), bytes("\(index)"), expecting: .absent)
                }
            }
        }
        try await store.flush()
        store.close()
        let again = try DataDirectory.open(scratch.path)
        for index in 0..<500 {
            #expect(try await again.documents.load(.user("user-\(index)"))?.bytes == bytes("\(index)"))
        }
        again.close()
    }

    @Test("New writes follow what another process left in the journal, without waiting for its files")
    func newWritesFollowWhatAnotherProcessLeft() async throws {
        var options = Self.lazy
        options.closingTimeMax = .zero
        for round in UInt64(1)...3 {
            let store = try DataDirectory.open(scratch.path, options: options)
            #expect(store.documentStatistics.waitingDocuments == (round == 1 ? 0 : 2))
            let expected: StoreFiles.Expectation = round == 1 ? .absent : .revision(round - 1)
            try await store.documents.save(.user("a"), bytes("a\(round)"), expecting: expected)
            if round == 1 { try await store.documents.save(.user("b"), bytes("b1"), expecting: .absent) }
            #expect(try await store.documents.load(.user("b"))?.bytes == bytes("b1"))
            store.close()
            #expect(!Scratch.names(scratch.path + "/journal").isEmpty, "the stop left the journal")
            #expect(!Scratch.isDirectory(scratch.path + "/users"), "no file was placed")
        }
        let last = try DataDirectory.open(scratch.path, options: Self.lazy)
        #expect(try await last.documents.load(.user("a"))?.bytes == bytes("a3"))
        #expect(try await last.documents.list("users").keys.count == 2)
        #expect(try await last.check().documents == 2)
        last.close()
        #expect(Scratch.names(scratch.path + "/journal") == [])
        let again = try DataDirectory.open(scratch.path)
        #expect(try await again.documents.load(.user("a"))?.revision == 3)
        again.close()
    }

    @Test("Documents that another process left are brought into their files in time")
    func documentsThatAnotherProcessLeftAreBroughtIntoTheirFiles() async throws {
        var options = Self.lazy
        options.closingTimeMax = .zero
        var store = try DataDirectory.open(scratch.path, options: options)
        try await store.documents.save(.user("a"), bytes("a"), expecting: .absent)
        store.close()
        options.checkpointDelay = .milliseconds(10)
        store = try DataDirectory.open(scratch.path, options: options)
        let deadline = ContinuousClock.now + .seconds(20)
        while store.documentStatistics.waitingDocuments > 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(Scratch.read(scratch.path + "/" + (try DocumentLocation(.user("a"))).path) != nil)
        store.close()
    }

    @Test("A document that changes often is brought into its file once")
    func aDocumentThatChangesOftenIsBroughtIntoItsFileOnce() async throws {
        let plan = CountedFault(.error(EIO), at: [.rename], nth: .max)
        let store = try DataDirectory.open(scratch.path, faults: plan, options: Self.lazy)
        let opened = plan.count
        for round in 1...50 { try await store.documents.save(.user("a"), bytes("\(round)"), expecting: .any) }
        try await store.flush()
        #expect(plan.count == opened + 1)
        store.close()
    }

    @Test("A full journal makes writers wait for their files")
    func aFullJournalMakesWritersWaitForTheirFiles() async throws {
        var options = Self.lazy
        options.journalBytesMax = 20_000
        let store = try DataDirectory.open(scratch.path, options: options)
        let large = [UInt8](repeating: 0x20, count: 3000)
        for round in 0..<40 {
            try await store.documents.save(.user("\(round % 7)"), large, expecting: .any)
            #expect(store.documentStatistics.journalBytes < 24_000)
        }
        store.close()
    }

    @Test("Writers get an error when their files cannot follow")
    func writersAreToldWhenTheirFilesCannotFollow() async throws {
        var options = Self.lazy
        options.journalBytesMax = 10_000
        let plan = CountedFault(.error(ENOSPC), at: [.mkdir], nth: 1, lasts: true)
        plan.stop()
        let store = try DataDirectory.open(scratch.path, faults: plan, options: options)
        plan.start()
        var accepted = 0
        var error: StoreError?
        while error == nil && accepted < 100 {
            error = await failure {
                try await store.documents.save(.user("a"), [UInt8](repeating: 0, count: 3000), expecting: .any)
            }
            if error == nil { accepted += 1 }
        }
        guard case .noSpace = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await store.documents.load(.user("a"))?.revision == UInt64(accepted))
        plan.stop()
        try await store.flush()
        try await store.documents.save(.user("a"), [], expecting: .revision(UInt64(accepted)))
        store.close()
    }

    @Test(
        "Entries come back as they were and every flipped bit is found",
        arguments: [
            DocumentKey(collection: "users", id: [0]), DocumentKey(collection: "link-tokens", id: bytes("é")),
            DocumentKey(collection: "a", id: [UInt8](repeating: 0xff, count: 1024)),
        ])
    func entriesComeBackAsTheyWereAndEveryFlippedBitIsFound(key: DocumentKey) throws {
        let (change, inserted) = DocumentChange.between(bytes("before"), bytes("bef0re"))
        let contents: [(JournalContent, body: String?, summary: String?)] = [
            (.deletion, "", nil), (.whole(.none, data: []), "", nil),
            (.whole(.some(bytes("[1]")), data: bytes("content")), "content", "[1]"),
            (.change(.same, change, data: bytes("bef0re"), inserted: inserted), nil, nil),
        ]
        for (content, body, summary) in contents {
            var encoded: [UInt8] = [9, 9]
            let count = JournalFormat.append(key, revision: .max, content, to: &encoded)
            #expect(count == encoded.count - 2)
            let entry = try #require(JournalFormat.parseEntry(encoded, at: 2, end: encoded.count))
            #expect(entry.key == key && entry.revision == .max && entry.byteCount == count)
            #expect(entry.kind == content.kind)
            #expect(entry.summary.map { String(decoding: encoded[$0], as: UTF8.self) } == summary)
            if let body { #expect(String(decoding: encoded[entry.body], as: UTF8.self) == body) }
            if case .change = content {
                #expect(entry.hasSameSummary)
                let (parsed, text) = try #require(entry.change(in: encoded))
                #expect(parsed.applied(to: bytes("before"), inserting: text) == bytes("bef0re"))
                for other in ["befor", "beforee", "bef0re", "Before", "beforE", ""] {
                    #expect(other == "bef0re" || parsed.applied(to: bytes(other), inserting: text) == nil)
                }
            }
            for index in 2..<encoded.count {
                var damaged = encoded
                damaged[index] ^= 1 << UInt8(index % 8)
                #expect(JournalFormat.parseEntry(damaged, at: 2, end: damaged.count) == nil)
            }
            for end in 2..<encoded.count { #expect(JournalFormat.parseEntry(encoded, at: 2, end: end) == nil) }
        }
    }
}
