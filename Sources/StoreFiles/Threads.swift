// Starting a named thread. It knows no pool.

import CLinux
import Glibc

/// Starts a detached thread that runs `body` to its end.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    final class Box {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    let box = unsafe Unmanaged.passRetained(Box(name, body)).toOpaque()
    var thread = pthread_t()
    let code = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
            _ = unsafe cl_set_thread_name(box.name)
            box.body()
            return nil
        }, box)
    guard code == 0 else { fatalError("cannot start a thread: \(systemMessage(code))") }
    pthread_detach(thread)
}
