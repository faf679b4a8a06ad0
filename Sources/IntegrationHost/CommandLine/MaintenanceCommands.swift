// `integration-host check`, `backup` and `restore`: the store's own maintenance, for a data directory that no host is using.

import Dispatch
import DocumentStore
import Synchronization

enum CheckCommand {
    static func run(_ arguments: Arguments) throws {
        let data = try DataDirectory(path: try Configuration.load(arguments).dataDirectory)
        defer { data.close() }
        let repairs = arguments.has("--repair")
        let report = try Blocking.run { () async throws(StoreError) in try await data.check(repairs: repairs) }
        for problem in report.problems {
            StandardOutput.line((problem.isRepaired ? "repaired: " : "damaged: ") + problem.message)
        }
        StandardOutput.line(
            "\(report.documents) documents, \(report.streams) record streams with \(report.changes) changes: "
                + (report.isSound ? "sound" : "damaged; run with --repair to set damaged files aside"))
        if !report.isSound { throw HostStartError("the data directory is damaged.") }
    }
}

enum BackupCommand {
    static func run(_ arguments: Arguments) throws {
        guard let target = arguments.operands.first else { throw UsageError("the directory to copy to is needed") }
        let data = try DataDirectory(path: try Configuration.load(arguments).dataDirectory)
        defer { data.close() }
        let outcome = try Blocking.run { () async throws(StoreError) in try await data.backup(to: target) }
        StandardOutput.line(outcome.summary("copied to \(target)"))
        StandardOutput.line(
            "The key ring is not in it: keep a copy of it apart, without it no credential can be opened.")
        if !outcome.skipped.isEmpty {
            throw HostStartError("damaged files were left out: \(outcome.skipped.joined(separator: ", ")).")
        }
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

extension BackupOutcome {
    fileprivate func summary(_ what: String) -> String {
        "\(documents) documents and \(streams) record streams (\(bytes) bytes) \(what)."
    }
}

/// Waits for asynchronous work on the main thread, where nothing else runs yet.
enum Blocking {
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

        func take() -> Value {
            while true {
                arrived.wait()
                if let value = value.withLock({ $0 }) { return value }
            }
        }
    }
}
