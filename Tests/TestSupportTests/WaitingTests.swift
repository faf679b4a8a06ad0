// Waits with a deadline.

import TestSupport
import Testing

@Suite("Waits", .timeLimit(.minutes(1)))
struct WaitingTests {
    @Test("A wait ends as soon as its condition is true")
    func ends() async throws {
        var asked = 0
        try await waitUntil("the third question", every: .milliseconds(1)) {
            asked += 1
            return asked == 3
        }
        #expect(asked == 3)
        #expect(try await waitFor("an answer") { 7 } == 7)
    }

    @Test("A wait in vain ends with what it waited for and where")
    func inVain() async throws {
        let error = await #expect(throws: DeadlineExceeded.self) {
            try await waitUntil("the moon", within: .milliseconds(20)) { false }
        }
        #expect(error?.description.contains("the moon") == true)
        #expect(error?.description.contains("WaitingTests.swift:") == true)
    }

    @Test("Blocking work gives its result or throws its error")
    func ownThread() async throws {
        #expect(try await onOwnThread { 7 } == 7)
        await #expect(throws: DeadlineExceeded.self) {
            try await onOwnThread { throw DeadlineExceeded(description: "") }
        }
    }
}
