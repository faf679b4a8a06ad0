// The memory of the large answers from which one result was made, such as a page of records. Knows neither requests nor pages.

package import HTTPClient
import Synchronization

/// Keeps the memory of large answers until it goes itself.
///
/// Code that keeps what was made of the answers keeps this as long; then other large answers find room.
package final class AnswerMemory: Sendable {
    private let leases = Mutex<[BodyLease]>([])

    package init() {}

    package func keep(_ lease: BodyLease) { leases.withLock { $0.append(lease) } }
}
