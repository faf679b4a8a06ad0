// Changes of documents in the journal: what they cost, what a reader makes of them, and what damage is told.

import DocumentStore
import Glibc
import StoreFiles
import Testing

@testable import DocumentJournal
@testable import Storage

@Suite("Changes of documents", .timeLimit(.minutes(2)))
struct ChangeTests {
    let scratch = Scratch()

    /// A stop leaves everything in the journal.
    private static var lazy: StoreOptions {
        var options = JournalTests.lazy
        options.closingTimeMax = .zero
        return options
    }

    /// A document of many parts, one of which changes.
    private func document(parts: Int = 200, changed: Int = 0, to value: Int = 0) -> [UInt8] {
        let parts = (0..<parts).map { "{\"part\":\($0),\"value\":\($0 == changed ? value : 0),\"text\":\"some text\"}" }
        return bytes("[\(parts.joined(separator: ","))]")
    }

    @Test("A change and its opposite come back, at any place and of any size")
    func changesComeBack() {
        var random = SystemRandomNumberGenerator()
        for round in 0..<400 {
            let old = (0..<Int.random(in: 0...3000)).map { _ in UInt8.random(in: 97...(round % 2 == 0 ? 98 : 122)) }
            var new = old
            let place = Int.random(in: 0...old.count)
            let end = Int.random(in: place...min(old.count, place + 40))
            let text = (0..<Int.random(in: 0...40)).map { _ in UInt8.random(in: 97...98, using: &random) }
            new.replaceSubrange(place..<end, with: text)
            for (from, to) in [(old, new), (new, old), (old, old), ([], new), (old, [])] {
                let (change, inserted) = DocumentChange.between(from, to)
                #expect(inserted.count <= to.count && change.removed <= from.count)
                #expect(change.applied(to: from, inserting: to[inserted]) == to)
            }
        }
    }

    @Test("A save costs what changed, and many changes no more than twice the document")
    func aSaveCostsWhatChanged() async throws {
        let store = try DataDirectory.open(scratch.path, options: Self.lazy)
        try await store.documents.save(.user("a"), document(), expecting: .absent)
        try await store.flush()
        try await store.documents.save(.user("a"), document(changed: 50, to: 1), expecting: .any)
        #expect(store.documentStatistics.journalBytes < 200)
        for round in 2...2000 {
            try await store.documents.save(.user("a"), document(changed: round % 200, to: round), expecting: .any)
        }
        #expect(store.documentStatistics.journalBytes < 2000 * 2 * 200)
        store.close()
    }

    @Test("Every revision is what was saved, in memory, from the journal, and from the file")
    func everyRevisionIsWhatWasSaved() async throws {
        var options = Self.lazy
        options.cacheBytesMax = 0
        var store = try DataDirectory.open(scratch.path, options: options)
        for round in 1...60 {
            let saved = document(parts: 100 + round % 7, changed: round * 13 % 100, to: round)
            try await store.documents.save(
                .user("a"), saved, expecting: .any, summary: round % 3 == 0 ? nil : bytes("[\(round / 5)]"))
            let found = try #require(try await store.documents.load(.user("a")))
            #expect(found.bytes == saved && found.revision == UInt64(round))
            let head = try await store.documents.heads("users", shard: DocumentKey.shard(ofID: bytes("a"))).first
            #expect(head?.revision == UInt64(round))
            #expect(head?.summary == (round % 3 == 0 ? nil : bytes("[\(round / 5)]")))
            if round % 11 == 0 { try await store.flush() }
            if round % 7 == 0 {
                store.close()
                store = try DataDirectory.open(scratch.path, options: options)
                #expect(try await store.check().problems == [])
            }
        }
        store.close()
    }

    @Test("Entries whose outcome is in the file already are passed over")
    func entriesThatAreInTheFileArePassedOver() async throws {
        let store = try DataDirectory.open(scratch.path, options: Self.lazy)
        try await store.documents.save(.user("a"), document(), expecting: .absent)
        try await store.flush()
        for round in 1...5 {
            try await store.documents.save(.user("a"), document(changed: round, to: round), expecting: .any)
        }
        // As a kill leaves it between the last rename and the removal of the journal.
        let segments = Scratch.names(scratch.path + "/journal").map {
            ($0, Scratch.read(scratch.path + "/journal/" + $0) ?? [])
        }
        try await store.flush()
        store.close()
        for (name, content) in segments { Scratch.write(content, to: scratch.path + "/journal/" + name) }
        let again = try DataDirectory.open(scratch.path, options: Self.lazy)
        #expect(again.documentStatistics.waitingDocuments == 1)
        #expect(try await again.documents.load(.user("a"))?.bytes == document(changed: 5, to: 5))
        try await again.documents.save(.user("a"), document(changed: 6, to: 6), expecting: .revision(6))
        try await again.flush()
        #expect(try await again.documents.load(.user("a"))?.revision == 7)
        again.close()
    }

    @Test("A change whose file is damaged or gone is told, and a repair frees the key", arguments: [false, true])
    func aChangeWithoutItsFileIsTold(isGone: Bool) async throws {
        var store = try DataDirectory.open(scratch.path, options: Self.lazy)
        for id in ["a", "b"] { try await store.documents.save(.user(id), document(), expecting: .absent) }
        try await store.flush()
        for id in ["a", "b"] {
            try await store.documents.save(.user(id), document(changed: 1, to: 1), expecting: .any)
        }
        store.close()
        let path = scratch.path + "/" + (try DocumentLocation(.user("a"))).path
        if isGone {
            unsafe unlink(path)
        } else {
            var content = try #require(Scratch.read(path))
            content[content.count / 2] ^= 1
            Scratch.write(content, to: path)
        }
        store = try DataDirectory.open(scratch.path, options: Self.lazy)
        #expect(try await store.check().problems.map(\.path) == [(try DocumentLocation(.user("a"))).path])
        guard case .corrupt = await failure({ try await store.documents.load(.user("a")) }) else {
            Issue.record("a lost document was given out")
            return
        }
        #expect(await failure { try await store.documents.save(.user("a"), [], expecting: .any) } != nil)
        #expect(try await store.documents.load(.user("b"))?.bytes == document(changed: 1, to: 1))
        #expect(try await store.check(repairs: true).isSound)
        #expect(try await store.check().problems == [])
        try await store.documents.save(.user("a"), bytes("new"), expecting: .absent)
        try await store.flush()
        #expect(try await store.documents.load(.user("a"))?.bytes == bytes("new"))
        store.close()
    }

    @Test("A document that was deleted and made again is not mixed with the file before")
    func aDocumentMadeAgainIsNotMixed() async throws {
        var store = try DataDirectory.open(scratch.path, options: Self.lazy)
        for round in 0..<5 {
            try await store.documents.save(.user("a"), document(changed: round, to: 7), expecting: .any)
        }
        try await store.flush()
        store.close()
        // Another process counts revisions from the beginning.
        store = try DataDirectory.open(scratch.path, options: Self.lazy)
        try await store.documents.delete(.user("a"), expecting: .any)
        store.close()
        store = try DataDirectory.open(scratch.path, options: Self.lazy)
        try await store.documents.save(.user("a"), document(parts: 90), expecting: .absent)
        try await store.documents.save(.user("a"), document(parts: 90, changed: 3, to: 3), expecting: .revision(1))
        store.close()
        store = try DataDirectory.open(scratch.path)
        #expect(try await store.documents.load(.user("a"))?.bytes == document(parts: 90, changed: 3, to: 3))
        store.close()
        store = try DataDirectory.open(scratch.path)
        #expect(try await store.documents.load(.user("a"))?.bytes == document(parts: 90, changed: 3, to: 3))
        store.close()
    }
}
