// Gives memory that the allocator keeps back to the kernel, at moments at which that makes no request wait. Knows nothing of what the memory
// was for.

import CLinux
import Glibc
package import Primitives
import Synchronization

/// When memory is given back: the allocator is locked meanwhile, so it happens when the process has little to do.
package struct MemoryReturnPlan: Sendable {
    /// The time between two looks.
    package static let pause = Duration.seconds(5)
    /// Less than this is not worth a call.
    static let growthBytesMin = 4 << 20
    /// The part of one core below which a process has little to do.
    static let idleShareMax = 0.1
    /// The time after which memory is given back also when the process is busy.
    static let busyTimeMax = Duration.seconds(60)

    /// The least resident memory since memory was last given back.
    private var keptBytes: Int?
    /// The least resident memory so far.
    private var leastBytes = Int.max
    /// Whether the process was busy when memory was last given back, or has been since: what was in use then may be free now.
    private var hasBeenBusy = false
    private var returned: MonotonicInstant
    private var looked: MonotonicInstant
    private var processorTime: Duration

    /// - Parameter processorTime: what the process has used so far.
    package init(at now: MonotonicInstant, processorTime: Duration) {
        returned = now
        looked = now
        self.processorTime = processorTime
    }

    /// Whether memory should be given back now; ``hasReturned(residentBytes:at:)`` then has to follow.
    package mutating func isDue(residentBytes: Int, processorTime: Duration, at now: MonotonicInstant) -> Bool {
        let share = (processorTime - self.processorTime) / max(now - looked, .milliseconds(1))
        self.processorTime = processorTime
        looked = now
        let kept = min(keptBytes ?? residentBytes, residentBytes)
        keptBytes = kept
        leastBytes = min(leastBytes, residentBytes)
        let hasGrown = residentBytes - kept >= Self.growthBytesMin
        guard share < Self.idleShareMax else {
            hasBeenBusy = true
            return hasGrown && now - returned >= Self.busyTimeMax
        }
        defer { hasBeenBusy = false }
        return hasGrown || hasBeenBusy && residentBytes - leastBytes >= Self.growthBytesMin
    }

    /// Notes the resident memory after it was given back.
    package mutating func hasReturned(residentBytes: Int, at now: MonotonicInstant) {
        keptBytes = residentBytes
        returned = now
    }
}

/// Gives the memory of this process back.
package final class MemoryReturn: Sendable {
    private let plan: Mutex<MemoryReturnPlan>

    package init() {
        plan = Mutex(MemoryReturnPlan(at: SystemClock.instant, processorTime: Self.processorTime))
    }

    /// Gives memory back where the plan says so.
    package func giveBackIfDue() {
        let isDue = plan.withLock { plan in
            plan.isDue(
                residentBytes: Self.residentBytes, processorTime: Self.processorTime, at: SystemClock.instant)
        }
        if isDue { giveBack() }
    }

    func giveBack() {
        _ = malloc_trim(0)
        plan.withLock { $0.hasReturned(residentBytes: Self.residentBytes, at: SystemClock.instant) }
    }

    private static var processorTime: Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The resident memory of this process; 0 where the kernel does not say.
    static var residentBytes: Int {
        let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 128)
        let count = unsafe read(descriptor, &text, text.count)
        let fields = text.prefix(max(0, count)).split(separator: UInt8(ascii: " "))
        guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
