// Work in a task of its own ends with its caller.

import Background
import Testing

@testable import Sync

@Suite("Work in a task of its own", .timeLimit(.minutes(1)))
struct OwnTaskTests {
    @Test("It gives its value to the caller, and is canceled with it")
    func valueAndCancellation() async {
        #expect(await inOwnTask { 7 } == 7)
        let caller = Task {
            await inOwnTask { () -> Bool in
                // The suite's time limit is its deadline.
                try? await Task.sleep(for: .seconds(50))
                return Task.isCancelled
            }
        }
        caller.cancel()
        #expect(await caller.value)
    }
}
