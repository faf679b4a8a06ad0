// Work in a task of its own, for callers that live for long. Knows no sync.

/// Runs `operation` in a task of its own and returns what it returns; canceling the caller cancels it.
///
/// A task keeps the memory of its deepest call until it ends. A caller that calls deeply once, and then waits for hours, gives that memory
/// back this way.
func inOwnTask<Value: Sendable>(_ operation: @escaping @Sendable () async -> Value) async -> Value {
    let task = Task { await operation() }
    return await withTaskCancellationHandler {
        await task.value
    } onCancel: {
        task.cancel()
    }
}
