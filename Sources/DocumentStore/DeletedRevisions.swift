// The last revisions of documents deleted by this process. A document made again goes on counting from there, so that
// a caller that still holds the old one cannot replace the new one by comparing revisions.

import StoreFiles
import Synchronization

final class DeletedRevisions: Sendable {
    private struct State {
        var last: [DocumentKey: UInt64] = [:]
        // What was forgotten is covered by its maximum.
        var floor: UInt64 = 0
    }

    private let state = Mutex(State())

    /// The revision that a new document gets.
    func firstRevision(of key: DocumentKey) -> UInt64 {
        state.withLock { ($0.last[key] ?? $0.floor) + 1 }
    }

    func remember(_ key: DocumentKey, revision: UInt64) {
        state.withLock { state in
            if state.last.count >= DocumentLimits.rememberedDeletionsMax {
                state.floor = state.last.values.reduce(state.floor, max)
                state.last.removeAll(keepingCapacity: true)
            }
            state.last[key] = max(revision, state.floor)
        }
    }
}
