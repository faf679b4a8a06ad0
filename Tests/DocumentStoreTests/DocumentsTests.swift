// Documents as their callers see them: compare-and-swap, listing, the cache, and what is on disk afterwards.

import CLinux
import Glibc
import Testing

@testable import DocumentStore

@Suite struct DocumentsTests {
    let scratch = Scratch()
    let store: DataDirectory
    var documents: Documents { store.documents }

    init() throws {
        store = try DataDirectory.open(scratch.path)
    }

    @Test func aSavedDocumentIsLoadedByTheNextProcess() async throws {
        let saved = try await documents.save(.user("alice"), bytes("{}"), expecting: .absent)
        #expect(saved.revision == 1)
        store.close()
        let again = try DataDirectory.open(scratch.path)
        let loaded = try #require(try await again.documents.load(.user("alice")))
        #expect(loaded.revision == 1 && loaded.bytes == bytes("{}"))
        #expect(try await again.documents.load(.user("bob")) == nil)
    }

    @Test func aDocumentIsWhereTheDesignSaysAndReadable() async throws {
        try await documents.save(.user("alice"), bytes("{\n  \"a\": 1\n}"), expecting: .absent)
        try await documents.save(.user("Ålice"), bytes("{}"), expecting: .absent)
        try await store.flush()
        // printf alice | sha256sum: 2bd806c97f0e…; printf Ålice | sha256sum: 0dd8…
        let text = String(decoding: try #require(Scratch.read(scratch.path + "/users/2bd/alice.json")), as: UTF8.self)
        #expect(text.hasPrefix("{\n\"schema\": 1,\n\"collection\": \"users\",\n\"id\": \"alice\",\n\"revision\": 1,\n"))
        #expect(text.hasSuffix("\"data\": {\n  \"a\": 1\n}\n}\n"))
        let hex = String(decoding: SHA256.hash(bytes("Ålice")).hex, as: UTF8.self)
        #expect(Scratch.read(scratch.path + "/users/\(hex.prefix(3))/~\(hex).json") != nil)
    }

    @Test func onlyTheExpectedRevisionIsReplaced() async throws {
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

    @Test func aDocumentMadeAgainCannotBeTakenForTheOneThatWasDeleted() async throws {
        let key = DocumentKey.user("alice")
        try await documents.save(key, bytes("old"), expecting: .absent)
        try await documents.delete(key, expecting: .revision(1))
        #expect(try await documents.save(key, bytes("new"), expecting: .absent).revision == 2)
        #expect(await failure { try await documents.save(key, [], expecting: .revision(1)) } != nil)
    }

    @Test func ofManyWritersOfOneRevisionExactlyOneWins() async throws {
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

    @Test func idsAreBytes() async throws {
        let composed = DocumentKey.user("é")
        let decomposed = DocumentKey.user("e\u{301}")
        try await documents.save(composed, bytes("one"), expecting: .absent)
        #expect(try await documents.load(decomposed) == nil)
        try await documents.save(decomposed, bytes("two"), expecting: .absent)
        #expect(try await documents.load(composed)?.bytes == bytes("one"))
    }

    @Test(arguments: [
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

    @Test func aDocumentAboveTheLimitIsRefused() async throws {
        let large = [UInt8](repeating: 0x20, count: StoreLimits.documentBytesMax + 1)
        #expect(
            await failure { try await documents.save(.user("a"), large, expecting: .absent) }
                == .tooLarge(bytes: large.count, bytesMax: StoreLimits.documentBytesMax))
        try await documents.save(.user("a"), large.dropLast(), expecting: .absent)
        store.close()
        let again = try DataDirectory.open(scratch.path)
        #expect(try await again.documents.load(.user("a"))?.bytes.count == large.count - 1)
        again.close()
    }

    @Test func aListingGivesEveryKeyOnce() async throws {
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

    @Test func theCacheKeepsTheCallersFormBesideTheBytes() async throws {
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

    @Test func aKeyWithoutADocumentIsLookedUpOnDiskOnce() async throws {
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

    @Test func anAbsenceSeenBeforeASaveIsNotKeptAfterIt() {
        let cache = DocumentCache(bytesMax: 10_000)
        let epoch = cache.epoch(of: .user("a"))
        cache.store(Document(key: .user("a"), revision: 1, bytes: []))
        cache.insert(.absence(of: .user("a")), readAt: epoch)
        #expect(cache.find(.user("a"))?.revision == 1)
    }

    @Test func theCacheStaysWithinItsBytesAndKeepsWhatIsUsed() {
        let cache = DocumentCache(bytesMax: 100_000)
        let hot = Document(key: .user("hot"), revision: 1, bytes: [UInt8](repeating: 1, count: 1000))
        cache.store(hot)
        for index in 0..<1000 {
            cache.store(Document(key: .user("\(index)"), revision: 1, bytes: [UInt8](repeating: 1, count: 1000)))
            #expect(cache.find(.user("hot")) === hot)
            #expect(cache.size.bytes <= 100_000)
        }
        #expect(cache.size.documents > 20)
    }

    @Test func theCacheAgreesWithADictionaryWhateverIsDoneToIt() {
        let cache = DocumentCache(bytesMax: 40_000)
        var newest: [DocumentKey: UInt64] = [:]
        var random: UInt64 = 88_172_645_463_325_252
        for step in UInt64(1)...20_000 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            let key = DocumentKey.user("\(random % 300)")
            switch random >> 32 & 3 {
            case 0:
                cache.remove(key)
                newest[key] = nil
            case 1:
                cache.store(
                    Document(key: key, revision: step, bytes: [UInt8](repeating: 0, count: Int(random >> 40 & 127))))
                newest[key] = step
            default:
                if let found = cache.find(key) { #expect(found.key == key && found.revision == newest[key]) }
            }
            #expect(cache.size.bytes <= 40_000)
        }
        #expect(cache.size.documents > 50)
    }

    @Test func aSlowReadDoesNotHideANewerRevision() {
        let cache = DocumentCache(bytesMax: 100_000)
        let epoch = cache.epoch(of: .user("a"))
        cache.store(Document(key: .user("a"), revision: 2, bytes: []))
        cache.insert(Document(key: .user("a"), revision: 1, bytes: []), readAt: epoch)
        #expect(cache.find(.user("a"))?.revision == 2)
        let later = cache.epoch(of: .user("a"))
        cache.remove(.user("a"))
        cache.insert(Document(key: .user("a"), revision: 2, bytes: []), readAt: later)
        #expect(cache.find(.user("a")) == nil)
    }
}
