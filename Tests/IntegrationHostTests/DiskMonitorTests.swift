// What a host reports of its disk: the readiness at once, and a line in the log at most once a minute.

import Foundation
import Observability
import Primitives
import Synchronization
import Testing

@testable import IntegrationHost
@testable import Storage

@Suite("Disk monitor", .timeLimit(.minutes(1)))
struct DiskMonitorTests {
    @Test("A problem is the reason of the readiness until a probe finds it gone")
    func readiness() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "disk-\(UUID().uuidString)").path
        let data = try DataDirectory(path: path)
        defer {
            data.close()
            try? FileManager.default.removeItem(atPath: path)
        }
        let problem = Mutex<DiskProblem?>(nil)
        let clock = ManualClock()
        let monitor = DiskMonitor(time: clock.source, log: Log(level: .error)) { last in
            var state = last
            state.problem = problem.withLock { $0 }
            return state
        }
        let readiness = Readiness(data, disk: monitor)
        #expect(await readiness.currentReason == nil)
        for found in [DiskProblem.full, .failing, nil] {
            problem.withLock { $0 = found }
            #expect(await readiness.currentReason == found?.rawValue)
        }
        readiness.drain()
        #expect(await readiness.currentReason == "draining")
    }

    @Test("One line says that writes are refused, again after each minute, and another that they are taken")
    func lines() {
        var watch = DiskWatch()
        var (full, good) = (DiskState(), DiskState())
        full.problem = .full
        good.freeBytes = 1
        func moment(_ seconds: UInt64) -> MonotonicInstant { MonotonicInstant(nanoseconds: seconds * 1_000_000_000) }
        var lines: [UInt64] = []
        for second in 1..<150 where watch.note(full, at: moment(UInt64(second))) == .problem(.full) {
            lines.append(UInt64(second))
        }
        #expect(lines == [1, 61, 121])
        #expect(watch.note(good, at: moment(150)) == .solved)
        #expect(watch.note(good, at: moment(151)) == nil)
        #expect(watch.note(full, at: moment(152)) == .problem(.full))
    }
}
