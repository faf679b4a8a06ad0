// The feed of live events without I/O: what each reader is sent in which order, from where a reader goes on, and who has missed something.

import ProviderSDK
import Testing

@testable import Events

@Suite("Live event feed", .timeLimit(.minutes(1)))
struct EventFeedTests {
    private static func event(_ user: String = "ann", _ number: Int = 0) -> LiveEvent {
        LiveEvent(.connected, of: "conn-\(number)", service: "acme", user: user, at: .epoch)
    }

    /// The sequences of the frames that a reader is sent; nil when it is to end.
    private static func taken(_ feed: inout EventFeed, _ reader: Int) -> [Int]? {
        switch feed.take(reader) {
        case .nothing: []
        case .end: nil
        case .frames(let bytes):
            String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
                line.hasPrefix("id: ") ? line.split(separator: "-").last.flatMap { Int($0) } : nil
            }
        }
    }

    private static func opening(_ feed: inout EventFeed, _ lastID: String?) throws -> String {
        String(decoding: try feed.admit(.all, caller: "c", after: lastID).opening, as: UTF8.self)
    }

    @Test("An event is one frame with its id, its type and the body of a notification")
    func frame() throws {
        var feed = EventFeed(epoch: "e")
        let reader = try feed.admit(.all, caller: "c", after: nil)
        #expect(String(decoding: reader.opening, as: UTF8.self) == "retry: 2000\nid: e-0\n\n")
        #expect(feed.add(Self.event()) == [reader.reader])
        let body =
            #"{"type":"connection.connected","timestamp":"1970-01-01T00:00:00.000Z","data":{"connectionId":"conn-0","provider":"acme","userId":"ann"}}"#
        #expect(
            feed.take(reader.reader)
                == .frames(Array("id: e-1\nevent: connection.connected\ndata: \(body)\n\n".utf8)))
        #expect(feed.take(reader.reader) == .nothing)
    }

    @Test("A reader of one user is sent that user's events only, compared byte for byte, and one of all every event")
    func audience() throws {
        var feed = EventFeed(epoch: "e")
        let composed = try feed.admit(.user("\u{E9}"), caller: "1", after: nil).reader
        let decomposed = try feed.admit(.user("e\u{301}"), caller: "2", after: nil).reader
        let all = try feed.admit(.all, caller: "3", after: nil).reader
        #expect(Set(feed.add(Self.event("\u{E9}"))) == [composed, all])
        #expect(Set(feed.add(Self.event("e\u{301}"))) == [decomposed, all])
        #expect(feed.add(Self.event("x")) == [all])
        #expect(Self.taken(&feed, composed) == [1])
        #expect(Self.taken(&feed, decomposed) == [2])
        #expect(Self.taken(&feed, all) == [1, 2, 3])
        #expect(!feed.hasNews(composed) && !feed.hasNews(all))
    }

    @Test(
        "A reader that comes back goes on behind its last event, or is told that some are missing",
        arguments: [
            // Events 3 to 6 are kept.
            ("e-6", true, []), ("e-5", true, [6]), ("e-2", true, [3, 4, 5, 6]), ("e-1", false, []), ("e-0", false, []),
            ("e-7", false, []), ("f-5", false, []), ("e-", false, []), ("e-x", false, []), ("", false, []),
            ("e-5 ", false, []), ("e--5", false, []), ("e-9999999999999999999", false, []),
        ] as [(String, Bool, [Int])])
    func resuming(lastID: String, isKnown: Bool, sent: [Int]) throws {
        var feed = EventFeed(epoch: "e", keptMax: 4)
        for number in 1...6 { _ = feed.add(Self.event("ann", number)) }
        let (reader, opening) = try feed.admit(.all, caller: "c", after: lastID)
        let text = String(decoding: opening, as: UTF8.self)
        #expect(text.contains("event: reset\ndata: {}\n") == !isKnown, "\(text)")
        #expect(text.contains("id: e-\(isKnown ? String(lastID.dropFirst(2)) : "6")\n"))
        #expect(Self.taken(&feed, reader) == sent)
        _ = feed.add(Self.event("ann", 7))
        #expect(Self.taken(&feed, reader) == [7])
    }

    @Test("A new reader is not told of a reset, and after a restart without events it is")
    func beginnings() throws {
        var feed = EventFeed(epoch: "e")
        #expect(try Self.opening(&feed, nil) == "retry: 2000\nid: e-0\n\n")
        #expect(try Self.opening(&feed, "e-0") == "retry: 2000\nid: e-0\n\n")
        #expect(try Self.opening(&feed, "d-0") == "retry: 2000\nid: e-0\nevent: reset\ndata: {}\n\n")
    }

    @Test("A reader that is overtaken ends, and one whose own events are all there goes on")
    func overtaken() throws {
        var feed = EventFeed(epoch: "e", keptMax: 3)
        let slow = try feed.admit(.all, caller: "1", after: nil).reader
        let quiet = try feed.admit(.user("ben"), caller: "2", after: nil).reader
        for number in 1...3 { _ = feed.add(Self.event("ann", number)) }
        #expect(feed.hasNews(slow))
        _ = feed.add(Self.event("ben", 4))
        #expect(Self.taken(&feed, slow) == nil)
        #expect(Self.taken(&feed, quiet) == [4])
        for number in 5...9 { _ = feed.add(Self.event("ann", number)) }
        #expect(Self.taken(&feed, quiet) == [])
    }

    @Test("An event that finds no memory ends those who were to read it, and no one else")
    func lost() throws {
        var feed = EventFeed(epoch: "e")
        let ann = try feed.admit(.user("ann"), caller: "1", after: nil).reader
        let ben = try feed.admit(.user("ben"), caller: "2", after: nil).reader
        _ = feed.add(Self.event("ben", 1))
        #expect(Self.taken(&feed, ben) == [1])
        #expect(feed.lose(Self.event("ann", 2)) == [ann])
        #expect(Self.taken(&feed, ann) == nil)
        #expect(feed.keptCount == 0 && feed.bytes == 0)
        _ = feed.add(Self.event("ben", 3))
        #expect(Self.taken(&feed, ben) == [3])
    }

    @Test(
        "Whatever is added, dropped and taken in which order, a reader is sent each event once, or ends",
        arguments: 0..<40)
    func model(seed: Int) throws {
        var random = Random(UInt64(seed))
        var feed = EventFeed(epoch: "e", keptMax: 8)
        let readers = try (0..<3).map { try feed.admit(.all, caller: "\($0)", after: nil).reader }
        var (seen, dropped, added) = ([Int: [Int]](), 0, 0)
        for _ in 0..<400 {
            switch random.below(6) {
            case 0...2:
                added += 1
                if feed.keptCount == 8 { dropped += 1 }
                _ = feed.add(Self.event("ann", added))
            case 3 where feed.keptCount > 0:
                dropped += 1
                #expect(feed.dropOldest() > 0)
            default:
                let reader = readers[random.below(3)]
                let place = seen[reader]?.count ?? 0
                if let new = Self.taken(&feed, reader) {
                    #expect(dropped <= place || new.isEmpty && added == place)
                    seen[reader, default: []] += new
                } else {
                    #expect(dropped > place)
                }
            }
            #expect(feed.keptCount == added - dropped && feed.keptCount <= 8)
        }
        for (_, sequences) in seen { #expect(sequences == Array(1..<(sequences.count + 1))) }
    }

    /// A small generator (SplitMix64).
    private struct Random {
        private var state: UInt64
        init(_ seed: UInt64) { state = seed }
        mutating func below(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return Int((value ^ value >> 31) % UInt64(bound))
        }
    }

    // MARK: Limits

    @Test("So many events are kept, and a reader from before them is told")
    func kept() throws {
        var feed = EventFeed(epoch: "e")
        for number in 0...EventLimits.keptEventsMax { _ = feed.add(Self.event("ann", number)) }
        #expect(feed.keptCount == EventLimits.keptEventsMax)
        #expect(try !Self.opening(&feed, "e-1").contains("reset"))
        #expect(try Self.opening(&feed, "e-0").contains("reset"))
    }

    @Test("A write has so many events, and the next one goes on behind them")
    func batches() throws {
        var feed = EventFeed(epoch: "e")
        let reader = try feed.admit(.all, caller: "c", after: nil).reader
        let max = EventLimits.batchEventsMax
        for number in 0...max { _ = feed.add(Self.event("ann", number)) }
        #expect(Self.taken(&feed, reader) == Array(1...max))
        #expect(feed.hasNews(reader))
        #expect(Self.taken(&feed, reader) == [max + 1])
    }

    @Test("Readers are admitted up to their number, in all and of one caller")
    func readers() throws {
        var feed = EventFeed(epoch: "e")
        var first = 0
        for number in 0..<EventLimits.readersPerCallerMax {
            let reader = try feed.admit(.all, caller: "a", after: nil).reader
            if number == 0 { first = reader }
        }
        #expect(throws: EventRefusal.tooManyOfCaller) { try feed.admit(.all, caller: "a", after: nil) }
        feed.remove(first)
        feed.remove(first)
        _ = try feed.admit(.all, caller: "a", after: nil)
        for number in EventLimits.readersPerCallerMax..<EventLimits.readersMax {
            _ = try feed.admit(.all, caller: "b\(number)", after: nil)
        }
        #expect(feed.readerCount == EventLimits.readersMax)
        #expect(feed.refusal(of: "c") == .tooMany)
    }
}
