// Lets a thread wait for asynchronous work.

import Dispatch
import Primitives
import Synchronization

/// Waits for asynchronous work on a thread that may block: the main thread of a command, or a dedicated thread.
package enum Blocking {
    /// Returns the result of `work`; calls `meanwhile` repeatedly until then.
    package static func run<Value: Sendable>(
        every pause: Duration, _ work: @escaping @Sendable () async -> Value, meanwhile: () -> Void
    ) -> Value {
        let box = Box<Value>()
        Task.detached { box.put(await work()) }
        while true {
            if let value = box.take(within: pause) { return value }
            meanwhile()
        }
    }

    package static func run<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let box = Box<Result<Value, Failure>>()
        Task.detached {
            do throws(Failure) { box.put(.success(try await work())) } catch { box.put(.failure(error)) }
        }
        return try box.take().get()
    }

    /// One value that a thread waits for.
    private final class Box<Value: Sendable>: Sendable {
        private let value = Mutex<Value?>(nil)
        private let arrived = DispatchSemaphore(value: 0)

        func put(_ value: Value) {
            self.value.withLock { $0 = value }
            arrived.signal()
        }

        func take(within limit: Duration) -> Value? {
            let end = DispatchTime.now().uptimeNanoseconds + limit.wholeNanoseconds
            guard arrived.wait(timeout: DispatchTime(uptimeNanoseconds: end)) == .success else { return nil }
            return value.withLock { $0 }
        }

        func take() -> Value {
            while true {
                arrived.wait()
                if let value = value.withLock({ $0 }) { return value }
            }
        }
    }
}
