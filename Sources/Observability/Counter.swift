// A number for metrics that only grows.

import Synchronization

/// A number that only grows.
package final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    package init() {}

    /// Adds `amount`.
    package func add(_ amount: Int = 1) { number.wrappingAdd(UInt64(max(0, amount)), ordering: .relaxed) }

    /// The count so far.
    package var value: UInt64 { number.load(ordering: .relaxed) }
}
