// `integration-host check`, `backup`, `restore`, `keys` and `connections`: what operators look after. All but restore work on the data
// directory of a running host as well as on that of a stopped one.

import Dispatch
import DocumentStore
import Glibc
import Processes
import Storage
import Synchronization

enum CheckCommand {
    static func run(_ arguments: Arguments) throws {
        try ControlClient.run(.check(repairs: arguments.has("--repair")), try Configuration.load(arguments))
    }
}

enum BackupCommand {
    static func run(_ arguments: Arguments) throws {
        guard let target = arguments.operands.first else { throw UsageError("the directory to copy to is needed") }
        try ControlClient.run(.backup(directory: absolute(target)), try Configuration.load(arguments))
    }

    /// `path` for a process with another working directory.
    private static func absolute(_ path: String) throws -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let buffer = unsafe getcwd(nil, 0) else {
            throw HostStartError("the working directory cannot be told: give an absolute path.")
        }
        defer { unsafe free(buffer) }
        return unsafe String(cString: buffer) + "/" + path
    }
}

enum ConnectionsCommand {
    static func run(_ arguments: Arguments) throws {
        guard let user = arguments["--user"] else { throw UsageError("“--user” is needed") }
        try ControlClient.run(
            .listConnections(userID: user, asJSON: arguments.has("--json")), try Configuration.load(arguments))
    }
}

enum KeysCommand {
    static func run(_ arguments: Arguments) throws {
        let command: ControlCommand
        switch arguments.operands.first {
        case "list": command = .listKeys
        case "rotate": command = .rotateKeys
        case "prune": command = .pruneKeys
        default: throw UsageError("one of list, rotate and prune is needed")
        }
        try ControlClient.run(command, try Configuration.load(arguments))
    }
}

enum RestoreCommand {
    static func run(_ arguments: Arguments) throws {
        guard let source = arguments.operands.first else { throw UsageError("the directory of the backup is needed") }
        let directory = try Configuration.load(arguments).dataDirectory
        let outcome = try DataDirectory.restore(from: source, to: directory)
        StandardOutput.line(outcome.summary("restored to \(directory)"))
    }
}

/// Waits for asynchronous work on a thread that may wait: the main thread of a command, or one of its own.
enum Blocking {
    /// The result of `work`; calls `meanwhile` again and again until it is there.
    static func run<Value: Sendable>(
        every pause: Duration, _ work: @escaping @Sendable () async -> Value, meanwhile: () -> Void
    ) -> Value {
        let box = Box<Value>()
        Task.detached { box.put(await work()) }
        while true {
            if let value = box.take(within: pause) { return value }
            meanwhile()
        }
    }

    static func run<Value: Sendable, Failure: Error>(
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
