// The moments at which there is something to do for a user, as far as an index needs them: the earliest, and the next in the
// future. Pure.

package import ProviderSDK
package import StoredValues

/// Collects moments at which there is something to do.
///
/// Work that is due now can last, or be impossible for a while. The next moment is kept apart from it, so that such work does not
/// hide what becomes due meanwhile.
package struct DueMoments: Sendable, Equatable {
    @Moment package private(set) var now: Timestamp
    /// The earliest moment; nil when there is nothing to do.
    @OptionalMoment package private(set) var first: Timestamp?
    /// The earliest moment after ``now``.
    @OptionalMoment package private(set) var next: Timestamp?

    package init(at now: Timestamp) { self.now = now }

    /// The moments that were stored as these two.
    package init(first: Timestamp?, next: Timestamp?, at now: Timestamp) {
        self.now = now
        self.first = first
        self.next = next
    }

    /// Adds a moment; nil stands for never.
    package mutating func add(_ moment: Timestamp?) {
        guard let moment else { return }
        first = min(first ?? moment, moment)
        if moment > now { next = min(next ?? moment, moment) }
    }

    /// Adds work that is due in any case.
    package mutating func addNow() { add(.epoch) }
}
