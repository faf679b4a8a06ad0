// The place of a document in the data directory: collection folder, shard folder, file name. It reads no directory.

import Cryptography
import Primitives

extension SHA256Digest {
    /// The first 12 bits: the number of the folder of a document or a stream.
    package var shard: UInt16 { UInt16(inlineBytes[0]) << 4 | UInt16(inlineBytes[1] >> 4) }
}

/// The place of a document: collection folder, shard folder, file name.
package struct DocumentLocation: Sendable {
    /// The end of a document's file name.
    package static let fileSuffix = ".json"

    /// The collection folder.
    package let collection: String
    /// The name of the shard folder.
    package let shard: String
    /// The number of the shard folder.
    package let shardNumber: UInt16
    /// The name of the file.
    package let fileName: String

    /// The path below the data directory.
    package var path: String { "\(collection)/\(shard)/\(fileName)" }

    /// The place of `key`; throws ``StoreError/invalidName(_:)`` for a key out of bounds.
    package init(_ key: DocumentKey) throws(StoreError) {
        try Self.validate(key)
        let digest = SHA256.digest(key.id)
        collection = key.collection
        shardNumber = digest.shard
        shard = Self.shardName(digest.shard)
        let stem = Self.isPlain(key.id) ? key.id : Array("~".utf8) + digest.hexDigits
        fileName = String(decoding: stem, as: UTF8.self) + Self.fileSuffix
    }

    /// The number of the folder of `key`; throws ``StoreError/invalidName(_:)`` for a key out of bounds.
    package static func shardNumber(of key: DocumentKey) throws(StoreError) -> UInt16 {
        try validate(key)
        return SHA256.digest(key.id).shard
    }

    private static func validate(_ key: DocumentKey) throws(StoreError) {
        try validate(collection: key.collection)
        guard (1...StoreLimits.idBytesMax).contains(key.id.count) else {
            throw .invalidName("a document id of \(key.id.count) bytes")
        }
    }

    /// Throws ``StoreError/invalidName(_:)`` unless `collection` is the name of a collection.
    package static func validate(collection: String) throws(StoreError) {
        let bytes = collection.utf8
        let isName =
            (1...StoreLimits.collectionBytesMax).contains(bytes.count)
            && bytes.first.map { (0x61...0x7a).contains($0) } ?? false
            && bytes.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
        // These folders of the data directory hold something else.
        let isTaken =
            switch collection {
            case "journal", "records", "keys", "plugins", "quarantine": true
            default: false
            }
        guard isName, !isTaken else { throw .invalidName("the collection \"\(collection)\"") }
    }

    /// The name of a shard folder: three digits.
    package static func shardName(_ shard: UInt16) -> String {
        String(Hex.encode(shard).dropFirst())
    }

    /// Whether `name` can be that of a shard folder.
    package static func isShardName(_ name: String) -> Bool {
        name.utf8.count == 3 && name.utf8.allSatisfy { Hex.value(ofLowercase: $0) != nil }
    }

    /// `[a-z0-9_-]{1,64}`: safe as a file name everywhere, and readable.
    package static func isPlain(_ id: [UInt8]) -> Bool {
        (1...StoreLimits.plainNameBytesMax).contains(id.count)
            && id.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d
            }
    }

    /// The id that a file name stands for, or nil when only the file itself contains it.
    package static func plainID(ofFileName name: String) -> [UInt8]? {
        guard name.hasSuffix(fileSuffix) else { return nil }
        let stem = Array(name.utf8.dropLast(fileSuffix.utf8.count))
        return isPlain(stem) ? stem : nil
    }

    /// Whether `name` can be a document's file name.
    package static func isDocumentName(_ name: String) -> Bool {
        if plainID(ofFileName: name) != nil { return true }
        let bytes = Array(name.utf8)
        return bytes.count == 1 + 64 + fileSuffix.utf8.count && bytes[0] == 0x7e && name.hasSuffix(fileSuffix)
            && bytes[1...64].allSatisfy { Hex.value(ofLowercase: $0) != nil }
    }
}
