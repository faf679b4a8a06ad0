// A value that is decided once and that one task waits for.

import Synchronization

/// A decision that a task waits for.
final class OneShot: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Bool, Never>)
        case decided(Bool)
    }

    private let state = Mutex(State.open)

    /// The decision, as soon as it is made.
    var value: Bool {
        get async {
            await withCheckedContinuation { continuation in
                let decided: Bool? = state.withLock { state in
                    if case .decided(let value) = state { return value }
                    state = .waiting(continuation)
                    return nil
                }
                if let decided { continuation.resume(returning: decided) }
            }
        }
    }

    /// Makes the decision.
    func open(_ value: Bool) {
        let waiting: CheckedContinuation<Bool, Never>? = state.withLock { state in
            defer { state = .decided(value) }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(returning: value)
    }
}
