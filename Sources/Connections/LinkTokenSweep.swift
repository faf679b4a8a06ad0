// Takes link tokens away that ended or were used long ago, so that the folder does not grow for ever. When one is told to be expired is the
// service's; this only forgets.

import ConnectionModel
package import Observability
package import Primitives

/// A walk over all link tokens.
package struct LinkTokenSweep: Sendable {
    package let tokens: LinkTokenStore
    package let time: TimeSource
    package let log: Log

    package init(tokens: LinkTokenStore, time: TimeSource, log: Log) {
        self.tokens = tokens
        self.time = time
        self.log = log
    }

    /// Removes what can be forgotten now.
    package func run() async {
        do throws(ServiceError) {
            let removed = try await tokens.removeForgotten(at: time.now)
            if removed > 0 { log.info("Link tokens that had ended were removed.", ["count": .integer(removed)]) }
        } catch {
            log.warning("Link tokens that had ended could not be removed.", ["error": .text("\(error)")])
        }
    }
}
