// Work in a separate task, for callers that live for long. Knows nothing of the work.

/// Runs `operation` in a separate task and returns what it returns; canceling the caller cancels it.
///
/// A task keeps the memory of its deepest call until it ends. A caller that calls deeply once, and then waits for hours, gives that memory
/// back this way.
package func inOwnTask<Value: Sendable>(_ operation: @escaping @Sendable () async -> Value) async -> Value {
    let task = Task { await operation() }
    return await withTaskCancellationHandler {
        await task.value
    } onCancel: {
        task.cancel()
    }
}
