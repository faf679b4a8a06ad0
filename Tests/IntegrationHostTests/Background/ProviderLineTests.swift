// Background work of several providers: one that never answers delays no other.

import ConnectionModel
import Primitives
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@testable import Background

@Suite("Line of providers", .timeLimit(.minutes(1)))
struct ProviderLineTests {
    private static func work(_ service: String, _ number: Int) -> ConnectionWork {
        let connection = Connection(
            id: "\(service)-\(number)", number: number, service: service, status: .connected, at: .epoch)
        return ConnectionWork(connection, of: "user-\(number % 10)")
    }

    @Test("A provider that never answers delays no other, and keeps no more than its places")
    func stuckProvider() async throws {
        let queue = KeyedWorkQueue(
            ProviderLine(.init(total: 16, perLane: 8, reservedPerLane: 2), waitingPerProviderMax: 1000), time: .system)
        let runs = Mutex<[String: Int]>([:])
        queue.start { work in
            runs.withLock { $0[work.service, default: 0] += 1 }
            if work.service.hasPrefix("stuck") { try? await Task.sleep(for: .seconds(3600)) }
            return .done
        }
        // Three providers that never answer could take all places.
        for service in ["stuck", "stuck too", "stuck as well"] {
            for number in 0..<100 { #expect(queue.schedule(Self.work(service, number))) }
        }
        for number in 0..<500 { #expect(queue.schedule(Self.work("quick", number))) }
        try await waitUntil("the work of the quick provider", every: .milliseconds(1)) {
            runs.withLock { $0["quick"] == 500 }
        }
        #expect(runs.withLock { counts in ["stuck", "stuck too", "stuck as well"].map { counts[$0] } } == [8, 8, 2])
        await queue.stop()
    }

    @Test("A provider whose line is full refuses work, and another does not")
    func fullLine() {
        var line = ProviderLine(.init(total: 1), waitingPerProviderMax: 2)
        let joined = [line.join(Self.work("a", 0)), line.join(Self.work("a", 1)), line.join(Self.work("a", 2))]
        #expect(joined == [true, true, false])
        let other = line.join(Self.work("b", 0))
        line.leave("a-0")
        let later = line.join(Self.work("a", 3))
        #expect(other && later)
    }
}
