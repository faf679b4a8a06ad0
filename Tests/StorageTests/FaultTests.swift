// Every call of a write made to fail, once and from then on: what was acknowledged stays, what failed is told, and
// the store goes on wherever its state is known.

import DocumentStore
import Glibc
import StoreFiles
import Testing

@testable import Storage

@Suite("Fault", .timeLimit(.minutes(2)))
struct FaultTests {
    static let calls: Set<FileCall> = [.open, .mkdir, .write, .fdatasync, .fsync, .close, .rename, .unlink]

    /// Changes one document ten times and another once, under a plan; returns what was acknowledged.
    private func work(in path: String, _ plan: CountedFault) async -> (
        acknowledged: UInt64, attempted: UInt64, errors: [StoreError]
    ) {
        var acknowledged: UInt64 = 0
        var attempted: UInt64 = 0
        var errors: [StoreError] = []
        do throws(StoreError) {
            let store = try DataDirectory.open(path, faults: plan)
            for revision in UInt64(1)...4 {
                attempted = revision
                do throws(StoreError) {
                    let expecting = acknowledged == 0 ? Expectation.absent : .revision(acknowledged)
                    acknowledged = try await store.documents.save(
                        .user("alice"), bytes("\(revision)"), expecting: expecting
                    ).revision
                } catch { errors.append(error) }
            }
            do throws(StoreError) {
                try await store.documents.save(.user("bob"), bytes("bob"), expecting: .any)
            } catch { errors.append(error) }
            store.close()
        } catch { errors.append(error) }
        return (acknowledged, attempted, errors)
    }

    @Test(
        "After an error at any call acknowledged writes are there",
        arguments: [EIO, ENOSPC, EDQUOT, EMFILE, EACCES, EROFS, ENOMEM, EINTR], [false, true])
    func afterAnErrorAtAnyCallAcknowledgedWritesAreThere(code: Int32, lasts: Bool) async throws {
        // The codes that have a meaning of their own are tried at every call, the others at every fourth, each at other ones.
        let step = [EIO, ENOSPC, EINTR].contains(code) || Child.wantsAll ? 1 : 4
        for nth in stride(from: 1 + Int(code) % step, through: 200, by: step) {
            let scratch = Scratch()
            let plan = CountedFault(.error(code), at: Self.calls, nth: nth, lasts: lasts && code != EINTR)
            let result = await work(in: scratch.path, plan)
            let store = try DataDirectory.open(scratch.path)
            let found = try await store.documents.load(.user("alice"))
            // An unknown outcome may show as one revision more than was acknowledged, never as less.
            #expect((found?.revision ?? 0) >= result.acknowledged, "call \(nth)")
            if result.errors.isEmpty { #expect(found?.revision == result.acknowledged) }
            #expect(try await store.documents.save(.user("alice"), bytes("after"), expecting: .any).revision > 0)
            let leftovers = Scratch.tree(scratch.path).filter { $0.hasSuffix(".tmp") }
            #expect(leftovers == [], "call \(nth)")
            store.close()
            if plan.count < nth { break }
        }
    }

    @Test("Short writes are continued")
    func shortWritesAreContinued() async throws {
        for nth in 1...20 {
            let scratch = Scratch()
            let plan = CountedFault(.short(1), at: [.write], nth: nth, lasts: true)
            let result = await work(in: scratch.path, plan)
            #expect(result.errors == [] && result.acknowledged == 4)
            let store = try DataDirectory.open(scratch.path)
            #expect(try await store.documents.load(.user("alice"))?.bytes == bytes("4"))
            store.close()
            if plan.count < nth { break }
        }
    }

    @Test("A full disk refuses writes and recovers by itself")
    func aFullDiskRefusesWritesAndRecoversByItself() async throws {
        let scratch = Scratch()
        let plan = CountedFault(.error(ENOSPC), at: [.write], nth: 1, lasts: true)
        plan.stop()
        let store = try DataDirectory.open(scratch.path, faults: plan)
        try await store.documents.save(.user("alice"), bytes("1"), expecting: .absent)
        plan.start()
        for _ in 0..<3 {
            guard
                case .noSpace = await failure({
                    try await store.documents.save(.user("alice"), bytes("2"), expecting: .revision(1))
                })
            else {
                Issue.record("no error")
                continue
            }
        }
        #expect(try await store.documents.load(.user("alice"))?.bytes == bytes("1"))
        plan.stop()
        #expect(store.readOnlyReason == nil)
        try await store.documents.save(.user("alice"), bytes("2"), expecting: .revision(1))
        store.close()
    }

    @Test("After a failed sync nothing is written and reads go on")
    func afterAFailedSyncNothingIsWrittenAndReadsGoOn() async throws {
        for call in [FileCall.fdatasync, .fsync] {
            let scratch = Scratch()
            let plan = CountedFault(.error(EIO), at: [call], nth: 1)
            plan.stop()
            let store = try DataDirectory.open(scratch.path, faults: plan)
            try await store.documents.save(.user("alice"), bytes("1"), expecting: .absent)
            try await store.flush()
            plan.start()
            var errors: [StoreError] = []
            for _ in 0..<2 {
                if let error = await failure({
                    try await store.documents.save(.user("alice"), bytes("2"), expecting: .any)
                    try await store.flush()
                }) {
                    errors.append(error)
                }
            }
            #expect(errors.count == 2)
            for error in errors {
                guard case .readOnly = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
            #expect(store.readOnlyReason != nil)
            #expect(try await store.documents.load(.user("alice")) != nil)
            store.close()
            let again = try DataDirectory.open(scratch.path)
            try await again.documents.save(.user("alice"), bytes("3"), expecting: .any)
            again.close()
        }
    }
}
