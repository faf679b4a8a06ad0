// Removes what is kept no longer, so that its folder does not grow forever. The owner decides what that is.

package import Observability

/// A removal that is repeated.
package struct Sweep: Sendable {
    private let what: String
    private let log: Log
    private let remove: @Sendable () async throws -> Int

    /// - Parameters:
    ///   - what: what is removed, as the beginning of a sentence of the log: `Old runs of actions`.
    ///   - remove: removes what can be removed now, and returns how many there were.
    package init(of what: String, log: Log, _ remove: @escaping @Sendable () async throws -> Int) {
        self.what = what
        self.log = log
        self.remove = remove
    }

    /// Removes what can be removed now.
    package func run() async {
        do {
            let removed = try await remove()
            if removed > 0 { log.info("\(what) were removed.", ["count": .integer(removed)]) }
        } catch {
            log.warning("\(what) could not be removed.", ["error": .text("\(error)")])
        }
    }
}
