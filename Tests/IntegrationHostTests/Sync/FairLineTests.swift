// Who is served next: users in turn, whatever they have in line. And places that are waited for can be given up.

import ProviderSDK
import Testing

@testable import IntegrationHost

@Suite("Fair line")
struct FairLineTests {
    private func served(_ line: inout FairLine<String>, _ count: Int) -> [String] {
        (0..<count).compactMap { _ in line.next() }
    }

    @Test("a user with fifty in line does not hold up one who comes later with one")
    func fair() {
        var line = FairLine<String>()
        for index in 0..<50 { _ = line.join("many-\(index)", share: "many") }
        #expect(served(&line, 3) == ["many-0", "many-1", "many-2"])
        _ = line.join("one", share: "one")
        _ = line.join("two", share: "two")
        #expect(served(&line, 4) == ["one", "two", "many-3", "many-4"])
        #expect(line.count == 45)
    }

    @Test("users who all wait are served in turn, each one's own in order")
    func turns() {
        var line = FairLine<String>()
        for user in ["a", "b", "c"] { for index in 0..<3 { _ = line.join("\(user)\(index)", share: user) } }
        #expect(served(&line, 9) == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"])
        #expect(line.next() == nil)
    }

    @Test("time away gives no credit, and what was given without waiting counts")
    func credit() {
        var line = FairLine<String>()
        for index in 0..<20 { _ = line.join("busy\(index)", share: "busy") }
        _ = served(&line, 10)
        for index in 0..<5 { _ = line.join("away\(index)", share: "away") }
        #expect(served(&line, 4) == ["away0", "busy10", "away1", "busy11"])
        line.charge("away")
        line.charge("away")
        #expect(served(&line, 2).allSatisfy { $0.hasPrefix("busy") })
    }

    @Test("whoever does not fit is passed over and keeps the place")
    func fits() {
        var line = FairLine<Int>()
        for number in 1...3 { _ = line.join(number, share: "a") }
        _ = line.join(10, share: "b")
        #expect(line.next { $0 == 10 } == 10)
        #expect(line.next { $0 > 1 } == 2)
        #expect(line.next { $0 > 5 } == nil)
        #expect(line.next() == 1)
        #expect(line.count == 1)
    }

    @Test("one who leaves is not served, and can leave once only")
    func leaves() {
        var line = FairLine<String>()
        let first = line.join("first", share: "a")
        _ = line.join("second", share: "a")
        #expect(line.leave(first, share: "a") == "first")
        #expect(line.leave(first, share: "a") == nil)
        #expect(line.next() == "second")
    }

    @Test("a place that is waited for is given up when the task is canceled, and the place of another stays")
    func cancellation() async throws {
        let slots = SyncLimiter(1)
        #expect(await slots.acquire(for: "a"))
        let canceled = Task { await slots.acquire(for: "b") }
        let patient = Task { await slots.acquire(for: "c") }
        while slots.waitingCount < 2 { try await Task.sleep(for: .milliseconds(1)) }
        canceled.cancel()
        #expect(await canceled.value == false)
        slots.release()
        #expect(await patient.value)
        slots.release()
        #expect(await slots.acquire(for: "a"))
        let late = Task { await slots.acquire(for: "b") }
        late.cancel()
        #expect(await late.value == false)
        #expect(slots.waitingCount == 0)
    }

    @Test("a sync that waits at the provider gives its place to another, and is not late when its turn comes")
    func places() async {
        let slots = SyncLimiter(1)
        let progress = SyncProgress()
        #expect(await slots.acquire(for: "a"))
        let place = SyncPermit(in: slots, progress: progress)
        place.wait(until: .epoch)
        place.wait(until: .epoch)
        #expect(progress.snapshot.wait == .rateLimit)
        #expect(await slots.acquire(for: "b"))
        place.resume("things")
        place.resume("things")
        #expect(progress.snapshot.wait == nil)
        // Two work in one place now: whoever comes next waits for both to leave.
        let next = Task { await slots.acquire(for: "c") }
        while slots.waitingCount == 0 { try? await Task.sleep(for: .milliseconds(1)) }
        place.close()
        place.close()
        #expect(slots.waitingCount == 1)
        slots.release()
        #expect(await next.value)
        slots.release()
    }
}
