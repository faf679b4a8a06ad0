// What a walk proves and what becomes of records that it did not meet: the state machine and the policy, as tables.

import ProviderSDK
import RecordStore
import Testing

@testable import Sync

@Suite("Completeness of walks", .timeLimit(.minutes(2)))
struct WalkCompletenessTests {
    /// What happens in one try of a walk.
    enum Event { case page(PageContinuity), record(String), refused, end(missing: Int, mustProve: Bool) }

    /// The steps that follow from events: `.` goes on, `r` begins again, then the end or a refusal.
    static func run(_ events: [Event]) -> String {
        var walk = WalkCompleteness()
        return events.map { event in
            switch event {
            case .page(let continuity): return walk.meets(continuity) == .restart ? "r" : "."
            case .record(let id):
                walk.meets(sourceID: id)
                return ""
            case .refused: return walk.isRefused() == .restart ? "r" : "x"
            case .end(let missing, let mustProve):
                switch walk.end(missing: missing, mustProve: mustProve) {
                case .complete: return "complete"
                case .moved: return "moved"
                case .unproven: return "unproven"
                case .restart: return "r"
                }
            }
        }.joined()
    }

    static let end = Event.end(missing: 1, mustProve: false)

    @Test(
        "A walk goes on, begins again or ends as its pages show",
        arguments: [
            ([.page(.continuous), .page(.continuous), end], "..complete"),
            ([.page(.broken), .page(.continuous), end], "r.complete"),
            ([.page(.broken), .page(.broken), .page(.broken), .page(.broken), .page(.broken), end], "rrr..moved"),
            ([.refused, .refused, .refused, .refused], "rrrx"),
            ([.page(.broken), .refused, .page(.broken), .refused], "rrrx"),
            // Without anything to decide, an unproven walk is as good as another.
            ([.page(.unproven), .end(missing: 0, mustProve: false)], ".complete"),
            ([.page(.unproven), .end(missing: 0, mustProve: true)], ".r"),
            ([.page(.unproven), .record("a"), end, .page(.unproven), .record("a"), end], ".r.complete"),
            (
                [
                    .page(.unproven), .record("a"), end, .page(.unproven), .record("b"), end, .page(.unproven),
                    .record("b"), end,
                ], ".r.r.complete"
            ),
            (
                [
                    .page(.unproven), .record("a"), end, .page(.unproven), .record("b"), end, .page(.unproven),
                    .record("c"), end, .page(.unproven), .record("d"), end,
                ], ".r.r.r.unproven"
            ),
            // A try that broke off proves nothing about the next one.
            ([.page(.unproven), .record("a"), .page(.broken), .page(.unproven), .record("a"), end], ".r.r"),
            // A proved try needs no second one.
            ([.page(.unproven), end, .page(.continuous), end], ".r.complete"),
        ] as [([Event], String)])
    func steps(events: [Event], expected: String) {
        #expect(Self.run(events) == expected)
    }

    @Test("Two ids are another thing than one id that is both together, and their order counts")
    func digests() {
        func digest(_ ids: [String]) -> UInt64 {
            var walk = WalkCompleteness()
            for id in ids { walk.meets(sourceID: id) }
            return walk.digest
        }
        let lists = [["ab"], ["a", "b"], ["b", "a"], ["", "ab"], []]
        #expect(Set(lists.map(digest)).count == lists.count)
    }

    @Test("A walk is unchanged after encoding and decoding")
    func stored() throws {
        var walk = WalkCompleteness()
        walk.meets(sourceID: "a")
        _ = walk.meets(.unproven)
        _ = walk.end(missing: 1, mustProve: false)
        walk.meets(sourceID: "b")
        _ = walk.meets(.unproven)
        var writer = JSONWriter()
        walk.write(to: &writer)
        #expect(WalkCompleteness(try JSONValue.parse(writer.bytes)) == walk)
        #expect(WalkCompleteness(nil) == WalkCompleteness())
    }
}

@Suite("Absent records", .timeLimit(.minutes(2)))
struct AbsencePolicyTests {
    static let now = Timestamp(iso8601: "2024-06-01") ?? .epoch

    static func policy(_ change: (inout AbsencePolicy.View) -> Void = { _ in }) -> AbsencePolicy {
        var view = AbsencePolicy.View(now: now)
        change(&view)
        return AbsencePolicy(view: view) { record in record.id == Array("twice".utf8) }
    }

    static func record(
        _ id: String, source: String = "s", date: String? = nil, isOutOfReach: Bool = false
    ) -> UnmetRecord {
        UnmetRecord(
            id: Array(id.utf8), sourceID: Array(source.utf8),
            payload: Array(#"{"date":\#(date.map { "\"\($0)\"" } ?? "null"),"visibility":"private"}"#.utf8),
            isOutOfReach: isOutOfReach)
    }

    @Test("Only what lies inside a window can be missing")
    func windows() {
        let oldest = Timestamp(iso8601: "2024-05-01")
        let newest = Self.policy {
            $0.window = .newest(10, by: "date")
            $0.met = 10
            $0.oldest = oldest
        }
        #expect(newest.place(of: Self.record("a", date: "2024-05-02")) == .inside)
        for date in ["2024-05-01", "2024-04-30", nil, "soon"] {
            #expect(newest.place(of: Self.record("a", date: date)) == .outside)
        }
        let small = Self.policy {
            $0.window = .newest(10, by: "date")
            $0.met = 4
            $0.oldest = oldest
        }
        #expect(small.place(of: Self.record("a", date: "2020-01-01")) == .inside)
        let recent = Self.policy { $0.window = .recent(.seconds(30 * 86_400), by: "date") }
        #expect(recent.place(of: Self.record("a", date: "2024-05-04")) == .inside)
        #expect(recent.place(of: Self.record("a", date: "2024-05-02T12:00:00Z")) == .outside)
        #expect(recent.place(of: Self.record("a", date: "2024-04-01")) == .outside)
        let matching = Self.policy { $0.window = .matching(.equals("visibility", "public")) }
        #expect(matching.place(of: Self.record("a")) == .outside)
    }

    @Test("Only what belongs to a part that was read to its end can be missing")
    func coverage() {
        let parts: [ReadCoverage.Part] = [.init(prefix: "C1-"), .init(prefix: "C2-", least: "C2-17")]
        let policy = Self.policy { $0.coverage = ReadCoverage(parts: parts, isOutsideOutOfReach: true) }
        for (source, place) in [
            ("C1-16", .inside), ("C2-17", .inside), ("C2-18", .inside), ("C2-16", .outside), ("C3-18", .outside),
            ("", .outside),
        ] as [(String, AbsencePolicy.Place)] {
            #expect(policy.place(of: Self.record("a", source: source)) == place, "\(source)")
        }
        let partly = Self.policy { $0.coverage = ReadCoverage(parts: parts, isOutsideOutOfReach: false) }
        #expect(partly.place(of: Self.record("a", source: "C3-1")) == .unknown)
        let stored = ReadCoverage(parts: parts, isOutsideOutOfReach: true)
        #expect(ReadCoverage(stored: stored.stored) == stored && ReadCoverage(stored: nil) == .everything)
    }

    @Test(
        "All records at once, or more than a quarter and more than twenty, need a confirmation",
        arguments: [
            (1, 0, 1, true), (1, 0, 2, false), (20, 0, 21, false), (21, 0, 83, true), (21, 0, 84, false),
            (3, 0, 3, true), (0, 0, 3, false), (0, 50, 50, false), (25, 0, 1000, false), (251, 0, 1000, true),
        ])
    func mass(missing: Int, confirmed: Int, stored: Int, expected: Bool) {
        let count = AbsencePolicy.Count(missing: missing, confirmed: confirmed)
        #expect(AbsencePolicy.isMass(count, of: stored) == expected)
    }

    @Test("Records that were out of reach before do not count among those that can be missing")
    func massOfVisible() {
        #expect(AbsencePolicy.isMass(AbsencePolicy.Count(missing: 2, stillLost: 8), of: 10))
    }

    @Test("A record that was missing twice is deleted, one that is missing in a mass is kept")
    func fates() {
        let policy = Self.policy()
        #expect(policy.fate(of: Self.record("once"), keepsMissing: true) == .kept)
        #expect(policy.fate(of: Self.record("twice"), keepsMissing: true) == .deleted)
        #expect(policy.fate(of: Self.record("once"), keepsMissing: false) == .deleted)
    }
}
