// The durable replace of one file: random temporary name, write, fdatasync, close, rename, fsync of the directory. In
// 120 simulated power cuts without any one of these steps acknowledged files were lost; with all of them none was.

import Glibc

/// How files are put in place and taken away.
package struct DurableFiles: Sendable {
    /// Whether writes are still allowed.
    package let gate: WriteGate
    /// The names of temporary files.
    package let temporaryNames: TemporaryNames
    /// What a killed process left written and not synced.
    package let settlement: Settlement

    /// Files that are written while `gate` is open.
    package init(
        gate: WriteGate = WriteGate(), temporaryNames: TemporaryNames = TemporaryNames(),
        settlement: Settlement = Settlement()
    ) {
        self.gate = gate
        self.temporaryNames = temporaryNames
        self.settlement = settlement
    }

    /// Writes `bytes` to a new temporary file, leaving nothing behind on failure.
    ///
    /// - Parameter synced: whether the bytes must be on disk on return; false when a journal holds them as well.
    /// - Returns: the temporary name.
    package func writeTemporary(_ bytes: [UInt8], in directory: Directory, synced: Bool) throws(StoreError) -> String {
        let temporary = try beginTemporary(bytes, in: directory)
        let fileSystem = directory.fileSystem
        do throws(CallFailure) {
            do throws(CallFailure) {
                if synced { try fileSystem.fdatasync(temporary.fd, path: temporary.path) }
            } catch {
                try? fileSystem.close(temporary.fd, path: temporary.path)
                throw error
            }
            try fileSystem.close(temporary.fd, path: temporary.path)
        } catch { throw discard(temporary, in: directory, because: error) }
        return temporary.name
    }

    /// A temporary file that was written and is still open.
    package struct Temporary: Sendable {
        /// The name of the file.
        package let name: String
        /// The path of the file, for messages.
        package let path: String
        /// The open descriptor, which the owner closes.
        package let fd: Int32
    }

    /// Writes `bytes` to a new temporary file and leaves it open, for a sync later; leaves nothing behind on failure.
    package func beginTemporary(_ bytes: [UInt8], in directory: Directory) throws(StoreError) -> Temporary {
        let fileSystem = directory.fileSystem
        let (fd, name) = try openTemporary(in: directory)
        let temporary = Temporary(name: name, path: directory.path(of: name), fd: fd)
        do throws(CallFailure) {
            try fileSystem.setMode(0o600, of: fd, path: temporary.path)
            try fileSystem.write(bytes.span, to: fd, path: temporary.path)
        } catch {
            try? fileSystem.close(fd, path: temporary.path)
            throw discard(temporary, in: directory, because: error)
        }
        return temporary
    }

    /// Removes a temporary file that could not be finished.
    ///
    /// - Returns: the error to throw.
    package func discard(
        _ temporary: Temporary, in directory: Directory, because failure: CallFailure
    ) -> StoreError {
        _ = try? directory.fileSystem.unlink(temporary.name, in: directory.fd, path: temporary.path)
        // Only a new inode without readers is in doubt here, and it is gone: the document is untouched.
        return gate.error(for: failure)
    }

    /// Replaces `name` by `bytes`; durable on return.
    package func replace(_ name: String, with bytes: [UInt8], in directory: Directory) throws(StoreError) {
        try gate.check()
        let temporary = try writeTemporary(bytes, in: directory, synced: true)
        try move(temporary, to: name, in: directory)
        try sync(directory)
    }

    /// Puts a temporary file in place, not yet durably.
    package func move(_ temporary: String, to name: String, in directory: Directory) throws(StoreError) {
        let path = directory.path(of: name)
        do throws(CallFailure) {
            try directory.fileSystem.rename(temporary, in: directory.fd, to: name, in: directory.fd, path: path)
        } catch {
            _ = try? directory.fileSystem.unlink(temporary, in: directory.fd, path: path)
            throw gate.error(for: error)
        }
    }

    /// Removes `name`; durable on return.
    package func remove(_ name: String, in directory: Directory) throws(StoreError) {
        try gate.check()
        let removed: Bool
        do throws(CallFailure) {
            removed = try directory.fileSystem.unlink(name, in: directory.fd, path: directory.path(of: name))
        } catch { throw gate.error(for: error) }
        if removed { try sync(directory) }
    }

    /// Makes the names in `directory` durable.
    ///
    /// After a failure it is unknown which names a crash would show, so writing stops.
    package func sync(_ directory: Directory) throws(StoreError) {
        do throws(CallFailure) { try directory.sync() } catch { throw gate.unknownOutcome(error) }
    }

    /// The directory `name` below `parent`, made durably when it is missing, unless a later sync does that.
    package func makeDirectory(_ name: String, in parent: Directory, synced: Bool = true) throws(StoreError)
        -> Directory
    {
        let made: Directory
        let isNew: Bool
        do throws(CallFailure) {
            (made, isNew) = try parent.makeSubdirectory(name)
        } catch { throw gate.error(for: error) }
        if isNew && synced { try sync(parent) }
        return made
    }

    private func openTemporary(in directory: Directory) throws(StoreError) -> (fd: Int32, name: String) {
        var failure = CallFailure(errno: EEXIST, call: .open, path: directory.path)
        for _ in 0..<StoreLimits.temporaryNameAttemptsMax {
            let name = temporaryNames.next()
            do throws(CallFailure) {
                let fd = try directory.fileSystem.open(
                    name, in: directory.fd, flags: O_CREAT | O_EXCL | O_WRONLY, mode: 0o600,
                    path: directory.path(of: name))
                return (fd, name)
            } catch {
                failure = error
                if error.errno != EEXIST { break }
            }
        }
        throw gate.error(for: failure)
    }
}
