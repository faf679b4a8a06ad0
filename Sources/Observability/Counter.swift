// A number for metrics that only grows.
// Status path: every request counts itself.

package import Synchronization

/// A number that only grows.
package final class Counter: Sendable {
    @usableFromInline let number = Atomic<UInt64>(0)

    @inlinable
    package init() {}

    /// Adds `amount`.
    @inlinable
    package func add(_ amount: Int = 1) { number.wrappingAdd(UInt64(max(0, amount)), ordering: .relaxed) }

    /// The count so far.
    @inlinable
    package var value: UInt64 { number.load(ordering: .relaxed) }
}
