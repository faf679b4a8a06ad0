// Reads an archive from a descriptor, and opens a sealed one with a private key. Every byte of a sealed archive is authenticated before it
// is used. Knows no format of what it reads.

public import Cryptography
import Glibc
import StoreFiles

/// Where an archive comes from.
public struct ArchiveInput: Sendable {
    let descriptor: Int32
    let name: String
    let identity: SealingIdentity?

    /// - Parameters:
    ///   - descriptor: an open file or pipe; the caller closes it.
    ///   - name: its name in messages.
    ///   - identity: the key that opens a sealed archive.
    public init(descriptor: Int32, name: String, identity: SealingIdentity? = nil) {
        self.descriptor = descriptor
        self.name = name
        self.identity = identity
    }
}

/// Reads the files of an archive one after the other.
struct ArchiveReader {
    private let input: ArchiveInput
    private var opener: StreamOpener?
    /// What was read from the descriptor and is not opened yet.
    private var raw: [UInt8] = []
    private var isAtEnd = false
    /// What can be used, from ``position`` on.
    private var plain: [UInt8] = []
    private var position = 0
    private var padding = 0

    /// Whether the archive is sealed.
    var isSealed: Bool { opener != nil }

    init(_ input: ArchiveInput) throws(StoreError) {
        self.input = input
        let firstLine = Array(SealedStream.firstLine.utf8)
        try fillRaw(firstLine.count)
        guard raw.starts(with: firstLine) else { return }
        guard let identity = input.identity else { throw .backup(.identityMissing) }
        try fillRaw(SealedStream.headingBytesMax)
        let second = raw[firstLine.count...].prefix(SealedStream.headingBytesMax)
        guard let end = second.firstIndex(of: UInt8(ascii: "\n")) else { throw .backup(.notABackup) }
        let heading = Array(raw[...end])
        raw.removeFirst(heading.count)
        do throws(CryptographyError) { opener = try StreamOpener(heading: heading, identity: identity) } catch {
            throw .backup(error == .authenticationFailed ? .identityForeign : .notABackup)
        }
    }

    /// Returns the next file, whose bytes ``read(_:)`` returns; nil at the end of the archive.
    mutating func next() throws(StoreError) -> TarEntry? {
        try take(padding)
        let isFirst = plain.isEmpty && position == 0
        let header: [UInt8]
        do throws(StoreError) { header = try take(TarEntry.blockBytes) } catch {
            throw isFirst && !isSealed && error == .backup(.cutShort) ? .backup(.notABackup) : error
        }
        let entry: TarEntry?
        do throws(BackupFault) { entry = try TarEntry.parse(header) } catch {
            throw .backup(isFirst && !isSealed ? .notABackup : error)
        }
        padding = entry?.padding ?? 0
        if entry == nil { try checkEnd() }
        return entry
    }

    /// Returns the next `count` bytes.
    @discardableResult
    mutating func take(_ count: Int) throws(StoreError) -> [UInt8] {
        while plain.count - position < count {
            guard try fillPlain() else { throw .backup(.cutShort) }
        }
        defer { position += count }
        return Array(plain[position..<position + count])
    }

    /// Reads to the end, so that a sealed archive shows that it is whole.
    private mutating func checkEnd() throws(StoreError) {
        repeat {
            guard plain[position...].allSatisfy({ $0 == 0 }) else { throw .backup(.damaged("bytes behind its end")) }
            position = plain.count
        } while try fillPlain()
    }

    /// Makes more bytes available; false at the end.
    private mutating func fillPlain() throws(StoreError) -> Bool {
        if position > 0 {
            plain.removeFirst(position)
            position = 0
        }
        guard opener != nil else {
            try fillRaw(SealedStream.chunkBytes)
            defer { raw = [] }
            plain += raw
            return !raw.isEmpty
        }
        // One byte more, to know whether the chunk is the last.
        try fillRaw(SealedStream.sealedChunkBytes + 1)
        if raw.isEmpty { return false }
        let isLast = raw.count <= SealedStream.sealedChunkBytes
        let chunk = Array(raw.prefix(SealedStream.sealedChunkBytes))
        raw.removeFirst(chunk.count)
        do throws(CryptographyError) { plain += try opener?.open(chunk, isLast: isLast) ?? [] } catch {
            throw .backup(.sealBroken)
        }
        return true
    }

    /// Reads until `count` bytes wait or the source ends.
    private mutating func fillRaw(_ count: Int) throws(StoreError) {
        var part = [UInt8](repeating: 0, count: SealedStream.chunkBytes)
        while raw.count < count, !isAtEnd {
            let got = unsafe part.withUnsafeMutableBytes {
                unsafe Glibc.read(input.descriptor, $0.baseAddress, $0.count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .io(errno: errno, call: "read", path: input.name) }
            if got == 0 { isAtEnd = true } else { raw += part[..<got] }
        }
    }
}
