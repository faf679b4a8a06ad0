// The meaning of a request while another sync runs, and of a repeated request.

import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import Sync

@Suite("Sync request", .timeLimit(.minutes(2)))
struct SyncRequestTests {
    static func run(_ type: SyncType, _ dataTypes: [String], key: String? = nil) -> SyncRun {
        SyncRun(
            id: "sync-1", type: type, dataTypes: dataTypes, startedAt: .epoch,
            idempotency: SyncRequest(type: type, dataTypes: dataTypes, idempotencyKey: key).idempotency)
    }

    struct Case: Sendable {
        let running: SyncType
        let types: [String]
        let asked: SyncType
        let askedTypes: [String]
        let isCovered: Bool
    }

    static let cases = [
        Case(running: .full, types: ["a", "b"], asked: .full, askedTypes: ["a", "b"], isCovered: true),
        Case(running: .full, types: ["a", "b"], asked: .incremental, askedTypes: ["b"], isCovered: true),
        Case(running: .incremental, types: ["a"], asked: .incremental, askedTypes: ["a"], isCovered: true),
        Case(running: .incremental, types: ["a"], asked: .full, askedTypes: ["a"], isCovered: false),
        Case(running: .full, types: ["a"], asked: .full, askedTypes: ["a", "b"], isCovered: false),
    ]

    @Test("A running sync answers a request only if it covers all of it", arguments: cases)
    func covers(example: Case) {
        let run = Self.run(example.running, example.types)
        if example.isCovered {
            #expect(throws: Never.self) { try run.joined(by: example.asked, example.askedTypes) }
        } else {
            #expect {
                try run.joined(by: example.asked, example.askedTypes)
            } throws: { "\($0)".contains("sync-1 is running") }
        }
    }

    @Test("The same key and request name the same sync, and the same key with another request is refused")
    func idempotency() throws {
        let run = Self.run(.full, ["a", "b"], key: "k")
        func isRepeated(_ type: SyncType, _ dataTypes: [String], _ key: String?) throws -> Bool {
            try run.isRepeated(by: SyncRequest(type: type, dataTypes: dataTypes, idempotencyKey: key).idempotency)
        }
        #expect(try isRepeated(.full, ["b", "a"], "k"))
        #expect(try !isRepeated(.full, ["a", "b"], "other"))
        #expect(try !isRepeated(.full, ["a", "b"], nil))
        #expect(throws: ServiceError.self) { try isRepeated(.full, ["a"], "k") }
        #expect(throws: ServiceError.self) { try isRepeated(.incremental, ["a", "b"], "k") }
        let stored = try #require(run.idempotency?.stored)
        #expect(SyncIdempotency(stored: stored) == run.idempotency)
        #expect(stored.utf8.count == 65)
    }
}
