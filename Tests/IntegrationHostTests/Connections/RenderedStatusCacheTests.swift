// The cache of rendered status reports: what it may answer, what a change removes, and its bound in bytes.

import ProviderSDK
import Testing
import Users

@testable import ConnectionModel

@Suite("Rendered status cache", .timeLimit(.minutes(2)))
struct RenderedStatusCacheTests {
    private static let now = Timestamp(seconds: 1_000_000) ?? .epoch

    private static func report(_ text: String, validUntil: Timestamp? = nil) -> RenderedStatus {
        RenderedStatus(Array(text.utf8), count: 1, expiredCount: 0, validUntil: validUntil)
    }

    private static func found(_ cache: RenderedStatusCache, _ user: String, at moment: Timestamp = now) -> String? {
        cache.find(user, at: moment).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test("A report is found until its user changes, and each user has only the user's own")
    func change() {
        let cache = RenderedStatusCache()
        cache.insert(Self.report("a"), of: "ada", readAt: cache.epoch(of: "ada"))
        cache.insert(Self.report("b"), of: "bob", readAt: cache.epoch(of: "bob"))
        #expect(Self.found(cache, "ada") == "a" && Self.found(cache, "bob") == "b" && Self.found(cache, "Ada") == nil)
        cache.remove("ada")
        #expect(Self.found(cache, "ada") == nil && Self.found(cache, "bob") == "b")
        #expect(cache.size.reports == 1)
    }

    @Test("A read that began before a change keeps nothing, in whatever order it ends")
    func slowRead() {
        let cache = RenderedStatusCache()
        let before = cache.epoch(of: "ada")
        cache.remove("ada")
        cache.insert(Self.report("old"), of: "ada", readAt: before)
        #expect(Self.found(cache, "ada") == nil)
        cache.insert(Self.report("new"), of: "ada", readAt: cache.epoch(of: "ada"))
        cache.insert(Self.report("old"), of: "ada", readAt: before)
        #expect(Self.found(cache, "ada") == "new")
    }

    @Test(
        "A report is found before the moment from which it is wrong, not at it",
        arguments: [(-1, true), (0, false), (1, false)])
    func moment(milliseconds: Int, isFound: Bool) {
        let cache = RenderedStatusCache()
        let report = Self.report("a", validUntil: Self.now)
        cache.insert(report, of: "ada", readAt: cache.epoch(of: "ada"))
        let moment = Self.now.advanced(by: .milliseconds(milliseconds))
        #expect((Self.found(cache, "ada", at: moment) != nil) == isFound)
    }

    @Test("The cache stays within its bytes, keeps what is read, and refuses what is larger than its share")
    func bounded() {
        let cache = RenderedStatusCache(bytesMax: 1 << 20)
        let text = String(repeating: "x", count: 2000)
        cache.insert(Self.report("kept"), of: "kept", readAt: cache.epoch(of: "kept"))
        for number in 0..<5000 {
            cache.insert(Self.report(text), of: "user-\(number)", readAt: cache.epoch(of: "user-\(number)"))
            #expect(Self.found(cache, "kept") == "kept")
            #expect(cache.size.bytes <= 1 << 20)
        }
        #expect(Self.found(cache, "user-4999") == text && Self.found(cache, "user-0") == nil)
        #expect(cache.size.reports > 200)
        let large = Self.report(String(repeating: "x", count: 40_000))
        cache.insert(large, of: "large", readAt: cache.epoch(of: "large"))
        #expect(Self.found(cache, "large") == nil)
    }

    @Test("Replacing and removing reports leaves nothing counted")
    func counting() {
        let cache = RenderedStatusCache(bytesMax: 1 << 20)
        for round in 0..<50 {
            for number in 0..<100 {
                let user = "user-\(number)"
                cache.insert(
                    Self.report(String(repeating: "x", count: 37 * round)), of: user, readAt: cache.epoch(of: user))
            }
        }
        for number in 0..<100 { cache.remove("user-\(number)") }
        #expect(cache.size == (0, 0))
    }
}
