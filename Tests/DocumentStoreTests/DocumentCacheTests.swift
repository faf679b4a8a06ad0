// The cache of documents: what it keeps, and what a slow read must not put back.

import StoreFiles
import Testing

@testable import DocumentStore

@Suite("Document cache", .timeLimit(.minutes(2)))
struct DocumentCacheTests {
    @Test("An absence seen before a save is not kept after it")
    func anAbsenceSeenBeforeASaveIsNotKeptAfterIt() {
        let cache = DocumentCache(bytesMax: 10_000)
        let epoch = cache.epoch(of: .user("a"))
        cache.store(Document(key: .user("a"), revision: 1, bytes: []))
        cache.insert(.absence(of: .user("a")), readAt: epoch)
        #expect(cache.find(.user("a"))?.revision == 1)
    }

    @Test("The cache stays within its bytes and keeps what is used")
    func theCacheStaysWithinItsBytesAndKeepsWhatIsUsed() {
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

    @Test("The cache agrees with a dictionary whatever is done to it")
    func theCacheAgreesWithADictionaryWhateverIsDoneToIt() {
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

    @Test("A form that is made later counts once, with its document only, and what does not fit any more goes")
    func formsCount() {
        let cache = DocumentCache(bytesMax: 100_000)
        let document = Document(key: .user("a"), revision: 1, bytes: [UInt8](repeating: 1, count: 1000))
        cache.store(document)
        let bare = cache.size.bytes
        cache.count(50_000, with: document)
        cache.count(60_000, with: document)
        #expect(cache.size.bytes == bare + 60_000)
        cache.count(50_000, with: Document(key: .user("a"), revision: 1, bytes: []))
        cache.count(50_000, with: Document(key: .user("b"), revision: 1, bytes: []))
        #expect(cache.size.bytes == bare + 60_000)
        let other = Document(key: .user("b"), revision: 1, bytes: [], formBytes: 30_000)
        cache.store(other)
        #expect(cache.size.documents == 2 && cache.size.bytes <= 100_000)
        cache.count(99_000, with: other)
        #expect(cache.size.bytes <= 100_000 && cache.size.documents == 1)
        cache.remove(.user("a"))
        cache.remove(.user("b"))
        #expect(cache.size.documents == 0 && cache.size.bytes == 0)
    }

    @Test("A slow read does not hide a newer revision")
    func aSlowReadDoesNotHideANewerRevision() {
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

extension DocumentKey {
    fileprivate static func user(_ id: String) -> DocumentKey { DocumentKey(collection: "users", id: Array(id.utf8)) }
}
