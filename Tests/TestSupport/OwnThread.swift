// Work that blocks, kept away from the few threads that all tasks share: a test that waits for a process must not stop the others.

import Foundation

/// Runs blocking work on a thread made for it.
package func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}
