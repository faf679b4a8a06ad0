// `integration-host backup` and `restore`: to and from a folder, an archive or a sealed archive. A backup of a running host is written by
// the host, into the file or pipe that the command passes to it.

import CLinux
import Configuration
import Credentials
import Cryptography
import Glibc
import HostControl
import Processes
import Storage

enum BackupCommand {
    static func run(_ arguments: Arguments) throws {
        let operands = arguments.operands
        if operands.first == "verify", operands.count == 2 { return try verify(operands[1], arguments) }
        guard operands.count == 1, let target = operands.first else {
            throw UsageError("where to copy to is needed: a directory, a file, or “-” for standard output")
        }
        let recipient = try arguments["--recipient"].map { try BackupKeys.recipient($0) }
        let configuration = try Configuration.load(arguments)
        if target == "-" { return try write(to: STDOUT_FILENO, "standard output", recipient, configuration) }
        guard recipient != nil || target.hasSuffix(".tar") else {
            return try ControlClient.run(.backup(directory: absolute(target)), configuration)
        }
        try writeFile(target, recipient, configuration)
    }

    private static func write(
        to descriptor: Int32, _ name: String, _ recipient: String?, _ configuration: Configuration
    ) throws {
        guard isatty(descriptor) == 0 else {
            throw UsageError("standard output is a terminal: redirect it to a file or a program")
        }
        try ControlClient.run(
            .backupArchive(name: name, recipient: recipient), configuration, descriptor: descriptor
        ) { StandardError.line($0, of: "integration-host") }
    }

    /// Writes an archive beside its place, and moves it there once it is whole.
    private static func writeFile(_ path: String, _ recipient: String?, _ configuration: Configuration) throws {
        guard unsafe access(path, F_OK) != 0 else {
            throw HostStartError("\(path) exists already; choose another name.")
        }
        let part = path + ".part"
        let descriptor = unsafe cl_openat(AT_FDCWD, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw HostStartError("\(part) cannot be written: \(unsafe String(cString: strerror(errno))).")
        }
        defer { close(descriptor) }
        do {
            try ControlClient.run(
                .backupArchive(name: path, recipient: recipient), configuration, descriptor: descriptor)
        } catch {
            unsafe unlink(part)
            throw error
        }
        guard unsafe rename(part, path) == 0 else {
            throw HostStartError("\(part) cannot be moved to \(path): \(unsafe String(cString: strerror(errno))).")
        }
    }

    /// Reads a whole backup, and says what is in it.
    private static func verify(_ source: String, _ arguments: Arguments) throws {
        let outcome =
            try BackupSource(source, arguments).archive { archive, scratch in
                try DataDirectory.verify(archive: archive, scratch: scratch)
            } ?? DataDirectory.verify(backup: source)
        StandardOutput.line(outcome.summary("read"))
        guard outcome.skipped.isEmpty else {
            throw HostStartError("damaged: \(outcome.skipped.joined(separator: ", ")). Take another backup.")
        }
        StandardOutput.line("The backup is whole.")
    }

    /// Returns `path` as an absolute path, for a process with another working directory.
    private static func absolute(_ path: String) throws -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let buffer = unsafe getcwd(nil, 0) else {
            throw HostStartError("cannot determine the working directory; give an absolute path.")
        }
        defer { unsafe free(buffer) }
        return unsafe String(cString: buffer) + "/" + path
    }
}

enum RestoreCommand {
    static func run(_ arguments: Arguments) throws {
        guard let source = arguments.operands.first else {
            throw UsageError("the backup is needed: a directory, a file, or “-” for standard input")
        }
        let directory = try Configuration.load(arguments).dataDirectory
        let outcome =
            try BackupSource(source, arguments).archive { archive, _ in
                try DataDirectory.restore(from: archive, to: directory)
            } ?? DataDirectory.restore(from: source, to: directory)
        StandardOutput.line(outcome.summary("restored to \(directory)"))
        StandardOutput.line(
            "Its background work starts paused: when the original is no longer used, run “integration-host resume”.")
    }
}

/// The files of the keys of backups.
enum BackupKeys {
    /// Returns the PEM text of a public key that a backup can be sealed to.
    static func recipient(_ path: String) throws -> String {
        let text = try text(path)
        do throws(CryptographyError) { _ = try SealingRecipient(pem: text) } catch {
            throw HostStartError("\(path) is no public key for backups: \(error)")
        }
        return text
    }

    static func identity(_ path: String) throws -> SealingIdentity {
        let text = try text(path)
        do throws(CryptographyError) { return try SealingIdentity(pem: text) } catch {
            throw HostStartError("\(path) is no private key for backups: \(error)")
        }
    }

    private static func text(_ path: String) throws -> String {
        do throws(FileError) {
            return String(
                decoding: try FileBytes.readText(path, bytesMax: CryptographyLimits.pemBytesMax), as: UTF8.self)
        } catch { throw HostStartError("the key cannot be read: \(error).") }
    }
}

/// A backup that a command reads.
private struct BackupSource {
    let path: String
    let identity: SealingIdentity?

    init(_ path: String, _ arguments: Arguments) throws {
        self.path = path
        identity = try arguments["--identity"].map(BackupKeys.identity)
    }

    /// Runs `body` with the archive and an empty folder; nil when the backup is a folder itself.
    func archive<Result>(_ body: (ArchiveInput, String) throws -> Result) throws -> Result? {
        var status = stat()
        if path != "-", unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return nil }
        let descriptor = path == "-" ? STDIN_FILENO : unsafe cl_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0)
        guard descriptor >= 0 else {
            throw HostStartError("\(path) cannot be read: \(unsafe String(cString: strerror(errno))).")
        }
        defer { if path != "-" { close(descriptor) } }
        let parent = Environment.all["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(parent)/integration-host-XXXXXX".utf8CString)
        let scratch = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) }
        }
        guard let scratch else { throw HostStartError("no folder can be made in \(parent); set TMPDIR.") }
        defer { unsafe rmdir(scratch) }
        let name = path == "-" ? "standard input" : path
        return try body(ArchiveInput(descriptor: descriptor, name: name, identity: identity), scratch)
    }
}
