// Removes link tokens that expired or were used long ago, so that their folder does not grow forever.
// ExternalAccountService decides when a token is reported as expired; this sweep only removes files.

import ConnectionModel
package import Observability
package import Primitives

/// A sweep over all link tokens.
package struct LinkTokenSweep: Sendable {
    /// The pause between two sweeps.
    package static let pause = Duration.seconds(3600)

    package let tokens: LinkTokenStore
    package let time: TimeSource
    package let log: Log

    package init(tokens: LinkTokenStore, time: TimeSource, log: Log) {
        self.tokens = tokens
        self.time = time
        self.log = log
    }

    /// Removes the tokens that can be removed now.
    package func run() async {
        do throws(ServiceError) {
            let removed = try await tokens.removeForgotten(at: time.now)
            if removed > 0 { log.info("Expired and used link tokens were removed.", ["count": .integer(removed)]) }
        } catch {
            log.warning("Expired and used link tokens could not be removed.", ["error": .text("\(error)")])
        }
    }
}
