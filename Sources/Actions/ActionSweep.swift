// Removes runs whose keys are kept no longer. Settles nothing.

import ConnectionModel
package import Observability

/// Removes old runs, so that their folder does not grow forever.
package struct ActionSweep: Sendable {
    /// The pause between two sweeps.
    package static let pause = Duration.seconds(6 * 3600)

    private let actions: ActionService
    private let log: Log

    package init(_ actions: ActionService, log: Log) {
        self.actions = actions
        self.log = log
    }

    /// Removes what can be removed now.
    package func run() async {
        do throws(ServiceError) {
            let removed = try await actions.removeForgotten()
            if removed > 0 { log.info("Old runs of actions were removed.", ["runs": .integer(removed)]) }
        } catch {
            log.warning("Old runs of actions could not be removed.", ["error": .text("\(error)")])
        }
    }
}
