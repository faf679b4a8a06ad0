// Takes link tokens away that ended or were used long ago, so that the folder does not grow for ever. When one is told to be expired is the
// service's; this only forgets.

import Primitives

/// A walk over all link tokens.
struct LinkTokenSweep: Sendable {
    let tokens: LinkTokenStore
    let time: TimeSource
    let log: Log

    /// Removes what can be forgotten now.
    func run() async {
        do throws(ServiceError) {
            let removed = try await tokens.removeForgotten(at: time.now)
            if removed > 0 { log.info("Link tokens that had ended were removed.", ["count": .integer(removed)]) }
        } catch {
            log.warning("Link tokens that had ended could not be removed.", ["error": .text("\(error)")])
        }
    }
}
