// One sum for all bytes that requests and answers hold in memory, shared by all loops. It counts what is
// taken and given back; it allocates nothing and knows no connection.

import Synchronization

/// The memory that bodies, answers and waiting output may take together.
///
/// Code that keeps bytes takes them first, and gives them back when it frees them. Any thread may do so.
public final class MemoryBudget: Sendable {
    /// The bound in bytes.
    public var bytesMax: Int { bound.load(ordering: .relaxed) }
    private let bound: Atomic<Int>
    private let used = Atomic<Int>(0)
    private let peak = Atomic<Int>(0)
    private let refused = Atomic<UInt64>(0)

    /// A budget of `bytesMax`: 64 MiB unless given.
    public init(bytesMax: Int = 64 * 1024 * 1024) { bound = Atomic(bytesMax) }

    /// Changes the bound; what is taken already stays.
    public func setBytesMax(_ bytesMax: Int) { bound.store(bytesMax, ordering: .relaxed) }

    /// The bytes taken now.
    public var usedBytes: Int { used.load(ordering: .relaxed) }

    /// The most bytes that were taken at one time.
    public var peakBytes: Int { peak.load(ordering: .relaxed) }

    /// How often bytes were refused.
    public var refusedCount: UInt64 { refused.load(ordering: .relaxed) }

    /// Takes `count` bytes; false, and nothing taken, where that would pass the bound.
    public func take(_ count: Int) -> Bool {
        let now = used.wrappingAdd(count, ordering: .relaxed).newValue
        guard now <= bytesMax else {
            used.wrappingSubtract(count, ordering: .relaxed)
            refused.wrappingAdd(1, ordering: .relaxed)
            return false
        }
        notePeak(now)
        return true
    }

    /// Takes `count` bytes that are held already, beyond the bound if need be: later callers are refused.
    func takeAlways(_ count: Int) { notePeak(used.wrappingAdd(count, ordering: .relaxed).newValue) }

    private func notePeak(_ now: Int) {
        if now > peak.load(ordering: .relaxed) { peak.max(now, ordering: .relaxed) }
    }

    /// Gives back bytes that were taken.
    public func giveBack(_ count: Int) {
        if count > 0 { used.wrappingSubtract(count, ordering: .relaxed) }
    }
}
