// Writes an archive to a descriptor, sealed to a public key when there is one. Knows no format of what it writes.

public import Cryptography
import Glibc
import StoreFiles
import Synchronization

/// Where an archive goes.
public struct ArchiveOutput: Sendable {
    let descriptor: Int32
    let name: String
    let recipient: SealingRecipient?

    /// - Parameters:
    ///   - descriptor: an open file or pipe; the caller closes it.
    ///   - name: its name in messages.
    ///   - recipient: the key that the archive is sealed to; nil for a plain one.
    public init(descriptor: Int32, name: String, recipient: SealingRecipient? = nil) {
        self.descriptor = descriptor
        self.name = name
        self.recipient = recipient
    }
}

/// Writes the files of an archive one after the other.
final class ArchiveWriter: Sendable {
    private struct State: Sendable {
        var sealer: StreamSealer?
        var buffer: [UInt8] = []
        var files = 0
    }

    private let output: ArchiveOutput
    private let time: Int
    private let state: Mutex<State>

    init(_ output: ArchiveOutput) throws(StoreError) {
        self.output = output
        time = Glibc.time(nil)
        var sealer: StreamSealer?
        if let recipient = output.recipient {
            do throws(CryptographyError) { sealer = try StreamSealer(to: recipient) } catch {
                throw .backup(.key(error))
            }
        }
        state = Mutex(State(sealer: sealer, buffer: []))
        if let heading = sealer?.heading { try put(heading.span) }
    }

    /// The files so far.
    var files: Int { state.withLock { $0.files } }

    /// Begins a file; exactly its bytes follow by ``append(_:)``, and then ``endFile(_:)``.
    func begin(_ entry: TarEntry) throws(StoreError) {
        guard let header = entry.header(time: time) else {
            throw .backup(.notArchivable(path: entry.path.joined(separator: "/")))
        }
        state.withLock { $0.files += 1 }
        try append(header.span)
    }

    func endFile(_ entry: TarEntry) throws(StoreError) {
        try append([UInt8](repeating: 0, count: entry.padding).span)
    }

    /// Adds bytes of the file that was begun.
    func append(_ bytes: Span<UInt8>) throws(StoreError) {
        var offset = 0
        while offset < bytes.count {
            let part = bytes.extracting(offset..<min(bytes.count, offset + SealedStream.chunkBytes))
            let chunks = try state.withLock { state throws(StoreError) in try Self.add(part, to: &state) }
            for chunk in chunks { try put(chunk.span) }
            offset += part.count
        }
    }

    /// Writes the end of the archive; durable on return where the descriptor is a file's.
    func finish() throws(StoreError) {
        try append([UInt8](repeating: 0, count: 2 * TarEntry.blockBytes).span)
        let last = try state.withLock { state throws(StoreError) in try Self.take(from: &state, isLast: true) }
        try put(last.span)
        // A pipe has nothing to sync.
        guard fsync(output.descriptor) == 0 || errno == EINVAL || errno == EROFS else {
            throw .io(errno: errno, call: "fsync", path: output.name)
        }
    }

    /// Returns the whole chunks; what is left stays, and so does a full one, which may be the last.
    private static func add(_ bytes: Span<UInt8>, to state: inout State) throws(StoreError) -> [[UInt8]] {
        unsafe bytes.withUnsafeBufferPointer { unsafe state.buffer.append(contentsOf: $0) }
        var chunks: [[UInt8]] = []
        while state.buffer.count > SealedStream.chunkBytes { chunks.append(try take(from: &state, isLast: false)) }
        return chunks
    }

    private static func take(from state: inout State, isLast: Bool) throws(StoreError) -> [UInt8] {
        let count = min(SealedStream.chunkBytes, state.buffer.count)
        let chunk = Array(state.buffer[..<count])
        state.buffer.removeFirst(count)
        guard state.sealer != nil else { return chunk }
        do throws(CryptographyError) {
            return try state.sealer?.seal(chunk.span, isLast: isLast) ?? chunk
        } catch { throw .backup(.key(error)) }
    }

    private func put(_ bytes: Span<UInt8>) throws(StoreError) {
        do throws(CallFailure) {
            try FileSystem().write(bytes, to: output.descriptor, path: output.name)
        } catch { throw error.asStoreError }
    }
}
