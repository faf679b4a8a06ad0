// The folders of streams: where one is, making it, and removing it for good. Knows no frames.

import Cryptography
import Glibc
import Primitives
package import StoreFiles

/// The folders of the streams of a data directory.
package struct StreamFolder: Sendable {
    /// The folder of all streams.
    package static let rootName = "records"
    private static let erasedPrefix = ".erased-"

    let root: Directory
    let files: DurableFiles

    /// The streams below `root`.
    package init(root: Directory, files: DurableFiles) {
        self.root = root
        self.files = files
    }

    /// The place of a stream's folder.
    package struct Location: Sendable {
        /// The name of the shard folder.
        package let shard: String
        /// The name of the stream's folder.
        package let name: String

        /// The place of `stream`; throws ``StoreError/invalidName(_:)`` for a name out of bounds.
        package init(_ stream: StreamID) throws(StoreError) {
            guard (1...StoreLimits.idBytesMax).contains(stream.bytes.count) else {
                throw .invalidName("a stream name of \(stream.bytes.count) bytes")
            }
            let digest = SHA256.digest(stream.bytes)
            shard = DocumentLocation.shardName(digest.shard)
            let name = DocumentLocation.isPlain(stream.bytes) ? stream.bytes : [0x7e] + digest.hexDigits
            self.name = String(decoding: name, as: UTF8.self)
        }
    }

    /// Whether a name can be that of a stream's folder.
    package static func isStreamName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        if DocumentLocation.isPlain(bytes) { return true }
        return bytes.count == 65 && bytes[0] == 0x7e && bytes[1...].allSatisfy { Hex.value(ofLowercase: $0) != nil }
    }

    /// The folder of a stream, or nil when there is none.
    package func open(_ stream: StreamID) throws(StoreError) -> Directory? {
        let location = try Location(stream)
        do throws(CallFailure) {
            return try root.subdirectory(Self.rootName)?.subdirectory(location.shard)?.subdirectory(location.name)
        } catch { throw error.asStoreError }
    }

    /// The folder of a stream, made durably when there is none.
    package func make(_ stream: StreamID) throws(StoreError) -> Directory {
        try files.gate.check()
        let location = try Location(stream)
        let records = try files.makeDirectory(Self.rootName, in: root)
        return try files.makeDirectory(location.name, in: files.makeDirectory(location.shard, in: records))
    }

    /// Removes a stream's folder and everything in it; durable on return.
    ///
    /// Does nothing when there is none.
    package func erase(_ stream: StreamID) throws(StoreError) {
        try files.gate.check()
        let location = try Location(stream)
        do throws(CallFailure) {
            guard let shard = try root.subdirectory(Self.rootName)?.subdirectory(location.shard) else { return }
            let digits = Hex.encode(randomBytes(8))
            let erased = Self.erasedPrefix + digits
            do throws(CallFailure) {
                try shard.fileSystem.rename(
                    location.name, in: shard.fd, to: erased, in: shard.fd, replacing: false,
                    path: shard.path(of: location.name))
            } catch {
                if error.errno == ENOENT { return }
                throw error
            }
            try Self.syncing(shard, files.gate)
            try shard.removeTree(erased)
            try Self.syncing(shard, files.gate)
        } catch {
            throw files.gate.currentReason == nil ? files.gate.error(for: error) : .readOnly(reason: error.sentence)
        }
    }

    private static func syncing(_ directory: Directory, _ gate: WriteGate) throws(CallFailure) {
        do throws(CallFailure) { try directory.sync() } catch {
            _ = gate.unknownOutcome(error)
            throw error
        }
    }

    /// Removes what an erasure that was cut short left in one shard folder.
    package static func finishErasures(in shard: Directory) {
        for name in (try? shard.names()) ?? [] where name.hasPrefix(erasedPrefix) {
            try? shard.removeTree(name)
        }
    }
}
