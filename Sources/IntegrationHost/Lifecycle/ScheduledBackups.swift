// The backups that a host makes by itself: when one is due by the files in the folder, so a restart changes nothing. Storage writes them.

import Configuration
import Cryptography
import Observability
import Primitives
import Storage
import StoreFiles
import Synchronization
import SystemAPI

/// Makes a backup when one is due.
final class ScheduledBackups: Sendable {
    /// The pause between two looks at the folder, and so between two attempts.
    static let pause = Duration.seconds(60)

    private struct State {
        var newest: Int64?
        var failures = 0
        var lastSeconds: Double?
        var lastBytes = 0
    }

    private let folder: BackupFolder
    private let plan: BackupPlan
    private let recipient: SealingRecipient?
    private let time: TimeSource
    private let log: Log
    private let write: @Sendable (ArchiveOutput) async throws(StoreError) -> BackupOutcome
    private let state: Mutex<State>

    /// - Parameter write: writes an archive of the data directory.
    /// - Throws: ``ConfigurationError`` for a key that cannot be used.
    init?(
        _ configuration: Configuration, time: TimeSource, log: Log,
        write: @escaping @Sendable (ArchiveOutput) async throws(StoreError) -> BackupOutcome
    ) throws(ConfigurationError) {
        guard let directory = configuration.backup.directory else { return nil }
        folder = BackupFolder(path: directory)
        plan = BackupPlan(everySeconds: Int64(configuration.backup.everyHours) * 3600, keep: configuration.backup.keep)
        recipient = try Self.recipient(configuration)
        self.time = time
        self.log = log
        self.write = write
        state = Mutex(State(newest: try? folder.newest()))
    }

    /// Reads the key that backups are sealed to; nil when none is configured.
    static func recipient(_ configuration: Configuration) throws(ConfigurationError) -> SealingRecipient? {
        guard let path = configuration.backup.recipient else { return nil }
        let place = ["backup", "recipient"]
        let text: [UInt8]
        do throws(FileError) { text = try FileBytes.readText(path, bytesMax: CryptographyLimits.pemBytesMax) } catch {
            throw configuration.error(place, "the file of “recipient” cannot be read (\(error.reason))")
        }
        do throws(CryptographyError) { return try SealingRecipient(pem: String(decoding: text, as: UTF8.self)) } catch {
            throw configuration.error(
                place, "“recipient” must be a PEM file with an RSA or X25519 public key (\(error))")
        }
    }

    /// What the metrics show.
    var figures: BackupFigures {
        let now = time.millisecondsSince1970 / 1000
        return state.withLock { state in
            BackupFigures(
                ageSeconds: state.newest.map { max(0, now - $0) }, everySeconds: plan.everySeconds,
                failures: state.failures, lastSeconds: state.lastSeconds, lastBytes: state.lastBytes)
        }
    }

    /// Makes a backup if one is due.
    func check() async {
        let now = time.millisecondsSince1970 / 1000
        let begin = time.instant
        do throws(StoreError) {
            let newest = try folder.newest()
            state.withLock { $0.newest = newest }
            guard plan.isDue(newest: newest, now: now) else { return }
            let outcome = try await folder.make(at: now, recipient: recipient, plan: plan, write)
            let seconds = begin.duration(to: time.instant) / .seconds(1)
            state.withLock { state in
                state.newest = now
                state.lastSeconds = seconds
                state.lastBytes = outcome.bytes
            }
            log.info(
                "A backup was made.",
                [
                    "directory": .text(folder.path), "documents": .integer(outcome.documents),
                    "streams": .integer(outcome.streams), "bytes": .integer(outcome.bytes),
                    "seconds": .integer(Int(seconds)), "sealed": recipient == nil ? "no" : "yes",
                ])
            if !outcome.skipped.isEmpty {
                log.error(
                    "Damaged files are not in the backup; run “check”.", ["files": .integer(outcome.skipped.count)])
            }
        } catch {
            if error == .closed { return }
            state.withLock { $0.failures += 1 }
            log.error("A backup could not be made.", ["directory": .text(folder.path), "reason": .text("\(error)")])
        }
    }
}
