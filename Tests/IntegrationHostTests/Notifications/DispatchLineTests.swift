// The order of deliveries that share a limited number of places, as a value with a manual clock.

import Primitives
import ProviderSDK
import Testing

@testable import Background
@testable import Notifications

@Suite("Dispatch line", .timeLimit(.minutes(2)))
struct DispatchLineTests {
    static let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    static let wide = DispatchLine.Bounds(
        places: 100, placesPerHost: 100, placesPerUser: 100, waitingPerHost: 100, waiting: 1000)

    static func work(_ number: Int, host: String = "a:443", user: String? = nil) -> DispatchWork {
        DispatchWork(user: user ?? "user-\(number)", connection: "conn-\(number)", host: host)
    }

    static func join(_ line: inout DispatchLine, _ work: DispatchWork) -> Bool { line.join(work) }

    /// Finishes a delivery.
    static func finish(
        _ line: inout DispatchLine, _ work: DispatchWork, isAnswered: Bool?, at now: MonotonicInstant = start
    ) {
        if let isAnswered { line.record(isAnswered: isAnswered, by: work.host, at: now) }
        line.finished(work)
    }

    /// Starts all work that gets a place now.
    static func started(_ line: inout DispatchLine, at now: MonotonicInstant = start) -> [String] {
        var started: [String] = []
        while case .begin(let work) = line.next(at: now) { started.append(work.connection) }
        return started
    }

    @Test("A full host does not hold back work for other hosts")
    func hosts() {
        var line = DispatchLine(.init(places: 6, placesPerHost: 2, placesPerUser: 9, waitingPerHost: 9, waiting: 99))
        for number in 0..<9 { #expect(Self.join(&line, Self.work(number))) }
        #expect(!Self.join(&line, Self.work(9)), "a host has a bounded number that wait for it")
        #expect(Self.join(&line, Self.work(20, host: "b:443")))
        #expect(Self.started(&line) == ["conn-0", "conn-20", "conn-1"])
        Self.finish(&line, Self.work(0), isAnswered: true, at: Self.start)
        #expect(Self.started(&line) == ["conn-2"])
        #expect((line.activeCount, line.waitingCount) == (3, 6))
        for number in 30..<40 { #expect(Self.join(&line, Self.work(number, host: "h\(number):443"))) }
        #expect(Self.started(&line) == ["conn-30", "conn-31", "conn-32"], "places are bounded overall")
    }

    @Test("A user has a limited share of the places, and users of one host take turns")
    func users() {
        var line = DispatchLine(.init(places: 9, placesPerHost: 9, placesPerUser: 3, waitingPerHost: 9, waiting: 99))
        for number in 0..<8 { #expect(Self.join(&line, Self.work(number, host: "h\(number):1", user: "many"))) }
        #expect(Self.join(&line, Self.work(50, host: "h7:1", user: "one")))
        #expect(Self.started(&line) == ["conn-0", "conn-1", "conn-2", "conn-50"])
        Self.finish(&line, Self.work(1, host: "h1:1", user: "many"), isAnswered: nil, at: Self.start)
        #expect(Self.started(&line).count == 1)

        var turns = DispatchLine(.init(places: 1, placesPerHost: 1, placesPerUser: 9, waitingPerHost: 9, waiting: 99))
        for number in 0..<3 { #expect(Self.join(&turns, Self.work(number, user: "many"))) }
        #expect(Self.join(&turns, Self.work(10, user: "one")))
        var order: [String] = []
        while case .begin(let work) = turns.next(at: Self.start) {
            order.append(work.connection)
            Self.finish(&turns, work, isAnswered: true, at: Self.start)
        }
        #expect(order == ["conn-0", "conn-10", "conn-1", "conn-2"])
    }

    @Test("A silent host gets one attempt at a time, with pauses of up to a minute, until it answers")
    func silence() {
        var line = DispatchLine(Self.wide)
        var now = Self.start
        for number in 0..<60 { #expect(Self.join(&line, Self.work(number))) }
        var asked = Self.started(&line, at: now)
        #expect(asked.count == 60)
        for number in 0..<5 { Self.finish(&line, Self.work(number), isAnswered: false, at: now) }
        for number in 5..<60 { Self.finish(&line, Self.work(number), isAnswered: nil, at: now) }
        for number in 0..<20 { #expect(Self.join(&line, Self.work(number))) }
        #expect(Self.join(&line, Self.work(99, host: "other:443")))
        #expect(Self.started(&line, at: now) == ["conn-99"], "the others go on")
        var pauses: [Int] = []
        for _ in 0..<8 {
            guard case .wait(let until?) = line.next(at: now) else { break }
            pauses.append(Int((until - now) / .seconds(1)))
            now = until
            asked = Self.started(&line, at: now)
            #expect(asked.count == 1)
            let number = Int(asked[0].dropFirst(5)) ?? 0
            Self.finish(&line, Self.work(number), isAnswered: false, at: now)
            #expect(Self.started(&line, at: now).isEmpty)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60])
        now = now + DispatchLine.restMax
        asked = Self.started(&line, at: now)
        #expect(asked.count == 1)
        Self.finish(&line, Self.work(Int(asked[0].dropFirst(5)) ?? 0), isAnswered: true, at: now)
        #expect(Self.started(&line, at: now).count == 11, "it answers: all go on")
    }
}
