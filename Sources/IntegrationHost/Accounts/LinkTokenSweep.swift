// Takes link tokens away that ended or were used long ago, so that the folder does not grow for ever. When one is told to be expired is the
// service's; this only forgets.

import ProviderSDK
import Synchronization

/// The walk over all link tokens, again and again.
final class LinkTokenSweep: Sendable {
    private let tokens: LinkTokenStore
    private let pause: Duration
    private let log: Log
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter pause: from the end of one walk to the next.
    init(_ tokens: LinkTokenStore, pause: Duration = HostLimits.linkTokenSweepPause, log: Log) {
        self.tokens = tokens
        self.pause = pause
        self.log = log
    }

    /// Begins to walk.
    func start() {
        task.withLock { task in
            guard task == nil else { return }
            task = Task { await self.run() }
        }
    }

    /// Ends the walk and waits for its end.
    func stop() async {
        let task = task.withLock { $0 }
        task?.cancel()
        await task?.value
    }

    private func run() async {
        while !Task.isCancelled {
            do throws(ServiceError) {
                let removed = try await tokens.removeForgotten(at: WallClock.now)
                if removed > 0 { log.info("Link tokens that had ended were removed.", ["count": .integer(removed)]) }
            } catch {
                log.warning("Link tokens that had ended could not be removed.", ["error": .text("\(error)")])
            }
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }
}
