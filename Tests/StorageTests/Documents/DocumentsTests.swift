// Documents as their callers see them: compare-and-swap, listing, the cache, and what is on disk afterwards.

import CLinux
import Cryptography
import DocumentStore
import Glibc
import StoreFiles
import Testing

@testable import Storage

@Suite("Documents", .timeLimit(.minutes(2)))
struct DocumentsTests {
    let scratch = Scratch()
    let store: DataDirectory
    var documents: Documents { store.documents }

    init() throws {
        store = try DataDirectory.open(scratch.path)
    }

    @Test("A saved document is loaded by the next process")
    func aSavedDocumentIsLoadedByTheNextProcess() async throws {
        let saved = try await documents.save(.user("alice"), bytes("{}"), expecting: .absent)
        #expect(saved.revision == 1)
        store.close()
        let again = try DataDirectory.open(scratch.path)
        let loaded = try #require(try await again.documents.load(.user("alice")))
        #expect(loaded.revision == 1 && loaded.bytes == bytes("{}"))
        #expect(try await again.documents.load(.user("bob")) == nil)
    }

    @Test("A document is where the design says and readable")
    func aDocumentIsWhereTheDesignSaysAndReadable() async throws {
        try await documents.save(.user("alice"), bytes("{\n  \"a\": 1\n}"), expecting: .absent)
        try await documents.save(.user("Ålice"), bytes("{}"), expecting: .absent)
        try await store.flush()
        // printf alice | sha256sum: 2bd806c97f0e…; printf Ålice | sha256sum: 0dd8…
        let text = String(decoding: try #require(Scratch.read(scratch.path + "/users/2bd/alice.json")), as: UTF8.self)
        #expect(text.hasPrefix("{\n\"schema\": 1,\n\"collection\": \"users\",\n\"id\": \"alice\",\n\"revision\": 1,\n"))
        #expect(text.hasSuffix("\"data\": {\n  \"a\": 1\n}\n}\n"))
        let hex = SHA256.digest(bytes("Ålice")).hex
        #expect(Scratch.read(scratch.path + "/users/\(hex.prefix(3))/~\(hex).json") != nil)
    }

    @Test("Heads show the summaries of a folder, from the journal and from files, and keep no document in memory")
    func headsShowSummaries() async throws {
        let folder = DocumentKey.shard(ofID: bytes("alice"))
        var ids = ["alice"]
        var number = 0
        while ids.count < 5 {
            number += 1
            let id = number % 2 == 0 ? "user-\(number)" : "User \(number)"
            if DocumentKey.shard(ofID: bytes(id)) == folder { ids.append(id) }
        }
        let long = bytes("[\"" + String(repeating: "x", count: 4000) + "\"]")
        let summaries: [[UInt8]?] = [bytes("{}"), nil, long, bytes("[1]"), bytes("2")]
        for (id, summary) in zip(ids, summaries) {
            try await documents.save(.user(id), bytes("{}"), expecting: .absent, summary: summary)
        }
        func found(_ documents: Documents) async throws -> [String: [UInt8]?] {
            let heads = try await documents.heads("users", shard: folder)
            return Dictionary(
                uniqueKeysWithValues: heads.map { (String(decoding: $0.key.id, as: UTF8.self), $0.summary) })
        }
        let expected = Dictionary(uniqueKeysWithValues: zip(ids, summaries))
        #expect(try await found(documents) == expected)
        try await store.flush()
        #expect(try await found(documents) == expected)
        try await documents.save(.user("alice"), bytes("{}"), expecting: .revision(1), summary: bytes("[3]"))
        try await documents.delete(.user(ids[1]), expecting: .any)
        var changed = expected
        changed["alice"] = bytes("[3]")
        changed[ids[1]] = nil
        #expect(try await found(documents) == changed)
        store.close()
        let again = try DataDirectory.open(scratch.path)
        #expect(try await found(again.documents) == changed)
        #expect(again.documentStatistics.cachedDocuments == 0)
        again.close()
    }

    @Test("Only the expected revision is replaced")
    func onlyTheExpectedRevisionIsReplaced() async throws {
        let key = DocumentKey.user("alice")
        #expect(
            await failure { try await documents.save(key, [], expecting: .revision(1)) }
                == .conflict(expected: .revision(1), found: nil))
        try await documents.save(key, bytes("1"), expecting: .absent)
        #expect(
            await failure { try await documents.save(key, [], expecting: .absent) }
                == .conflict(expected: .absent, found: 1))
        try await documents.save(key, bytes("2"), expecting: .revision(1))
        #expect(
            await failure { try await documents.save(key, [], expecting: .revision(1)) }
                == .conflict(expected: .revision(1), found: 2))
        #expect(try await documents.save(key, bytes("3"), expecting: .any).revision == 3)
        #expect(
            await failure { try await documents.delete(key, expecting: .revision(2)) }
                == .conflict(expected: .revision(2), found: 3))
        #expect(try await documents.delete(key, expecting: .revision(3)))
        #expect(try await documents.load(key) == nil)
        #expect(try await documents.delete(key, expecting: .any) == false)
    }

    @Test("A document made again cannot be taken for the one that was deleted")
    func aDocumentMadeAgainCannotBeTakenForTheOneThatWasDeleted() async throws {
        let key = DocumentKey.user("alice")
        try await documents.save(key, bytes("old"), expecting: .absent)
        try await documents.delete(key, expecting: .revision(1))
        #expect(try await documents.save(key, bytes("new"), expecting: .absent).revision == 2)
        #expect(await failure { try await documents.save(key, [], expecting: .revision(1)) } != nil)
    }

    @Test("Of many writers of one revision exactly one wins")
    func ofManyWritersOfOneRevisionExactlyOneWins() async throws {
        let key = DocumentKey.user("alice")
        try await documents.save(key, bytes("0"), expecting: .absent)
        for round in 1...10 {
            let wins = await withTaskGroup(of: Bool.self) { group in
                for writer in 0..<16 {
                    group.addTask { [documents] in
                        (try? await documents.save(key, bytes("\(writer)"), expecting: .revision(UInt64(round)))) != nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(wins == 1)
        }
        #expect(try await documents.load(key)?.revision == 11)
    }

    @Test("Ids are bytes")
    func idsAreBytes() async throws {
        let composed = DocumentKey.user("é")
        let decomposed = DocumentKey.user("e\u{301}")
        try await documents.save(composed, bytes("one"), expecting: .absent)
        #expect(try await documents.load(decomposed) == nil)
        try await documents.save(decomposed, bytes("two"), expecting: .absent)
        #expect(try await documents.load(composed)?.bytes == bytes("one"))
    }

    @Test(
        "Impossible keys are refused",
        arguments: [
            DocumentKey(collection: "users", id: []),
            DocumentKey(collection: "users", id: Array(repeating: 1, count: 1025)),
            DocumentKey(collection: "", id: [1]), DocumentKey(collection: "../users", id: [1]),
            DocumentKey(collection: "keys", id: [1]), DocumentKey(collection: "records", id: [1]),
            DocumentKey(collection: "USERS", id: [1]), DocumentKey(collection: "a-name-too-long-", id: [1]),
        ])
    func impossibleKeysAreRefused(key: DocumentKey) async {
        guard case .invalidName = await failure({ try await documents.load(key) }) else {
            Issue.record("accepted")
            return
        }
        #expect(await failure { try await documents.save(key, [], expecting: .any) } != nil)
    }

    @Test("A document above the limit is refused")
    func aDocumentAboveTheLimitIsRefused() async throws {
        let large = [UInt8](repeating: 0x20, count: DocumentLimits.documentBytesMax + 1)
        #expect(
            await failure { try await documents.save(.user("a"), large, expecting: .absent) }
                == .tooLarge(bytes: large.count, bytesMax: DocumentLimits.documentBytesMax))
        try await documents.save(.user("a"), large.dropLast(), expecting: .absent)
        store.close()
        let again = try DataDirectory.open(scratch.path)
        #expect(try await again.documents.load(.user("a"))?.bytes.count == large.count - 1)
        again.close()
    }

    @Test("A listing gives every key once")
    func aListingGivesEveryKeyOnce() async throws {
        var expected: Set<DocumentKey> = []
        for index in 0..<100 {
            let key = DocumentKey.user(index % 3 == 0 ? "User \(index)" : "user-\(index)")
            try await documents.save(key, bytes("{}"), expecting: .absent)
            expected.insert(key)
        }
        for key in expected.prefix(10) {
            try await documents.delete(key, expecting: .any)
            expected.remove(key)
        }
        var listed: [DocumentKey] = []
        var position: Documents.ListPosition?
        repeat {
            let page = try await documents.list("users", after: position, limit: 7)
            #expect(page.keys.count <= 7)
            listed += page.keys
            position = page.next
        } while position != nil
        #expect(listed.count == expected.count && Set(listed) == expected)
        let key = try #require(expected.first)
        let shard = try await documents.list("users", shard: DocumentKey.shard(ofID: key.id))
        #expect(shard.keys.contains(key))
        #expect(try await documents.list("link-tokens").keys.isEmpty)
    }

    @Test("The cache keeps the caller's form beside the bytes")
    func theCacheKeepsTheCallersFormBesideTheBytes() async throws {
        final class Form: Sendable {}
        let key = DocumentKey.user("alice")
        #expect(documents.cached(key) == nil)
        let form = Form()
        try await documents.save(key, bytes("{}"), expecting: .absent, form: form)
        #expect(documents.cached(key)?.document?.decoded { _ in Form() } === form)
        let newer = try await documents.save(key, bytes("[]"), expecting: .revision(1))
        let made = newer.decoded { _ in Form() }
        #expect(made !== form && documents.cached(key)?.document?.decoded { _ in Form() } === made)
        try await documents.delete(key, expecting: .any)
        #expect(documents.cached(key).map { $0.document == nil } == true)
    }

    @Test("A key without a document is looked up on disk once")
    func aKeyWithoutADocumentIsLookedUpOnDiskOnce() async throws {
        let key = DocumentKey.user("nobody")
        #expect(try await documents.load(key) == nil)
        guard case .absent? = documents.cached(key) else {
            Issue.record("forgotten")
            return
        }
        try await documents.save(key, bytes("{}"), expecting: .absent)
        #expect(documents.cached(key)?.document?.revision == 1)
        #expect(try await documents.load(key)?.bytes == bytes("{}"))
        try await documents.delete(key, expecting: .revision(1))
        #expect(try await documents.load(key) == nil)
        #expect(try await documents.save(key, bytes("{}"), expecting: .absent).revision == 2)
    }
}
