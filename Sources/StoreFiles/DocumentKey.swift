// The name of a document in memory. Ids are bytes and are compared as bytes: comparing them as Swift
// strings would merge two users whose ids are canonically equivalent.
// Status path: every look-up hashes and compares a key.

import Cryptography
import Primitives

/// The name of one document: a collection and an id of arbitrary bytes.
public struct DocumentKey: Hashable, Sendable {
    /// The collection: the name of a folder of the data directory, such as `users`.
    ///
    /// 1 to ``StoreLimits/collectionBytesMax`` bytes of `a-z`, `0-9` and `-`, beginning with a letter.
    public let collection: String
    /// The id: 1 to ``StoreLimits/idBytesMax`` bytes.
    public let id: [UInt8]

    /// A key whose limits are checked when it is used.
    public init(collection: String, id: [UInt8]) {
        self.collection = collection
        self.id = id
        hash = KeyHash.hash(collection, id)
    }

    /// A hash of the key; kept, because one key is looked up in several tables and hashing costs more than a look-up.
    @usableFromInline package let hash: UInt64

    /// Adds the key to a hash.
    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    /// Whether two keys are the same bytes.
    @inlinable
    public static func == (left: DocumentKey, right: DocumentKey) -> Bool {
        // Collections that are not plain ASCII, where == would be about characters, are refused wherever a key is used.
        left.hash == right.hash && left.id == right.id && left.collection == right.collection
    }

    /// The number of the folder that the document is kept in: the first 12 bits of SHA-256 of the id.
    public static func shard(ofID id: [UInt8]) -> UInt16 {
        SHA256.digest(id).shard
    }
}

/// A hash of keys for tables in memory, from a secret of this process, so that no one can choose ids that collide.
private enum KeyHash {
    private static let secret: (UInt64, UInt64) = {
        let bytes = randomBytes(16)
        return (bytes.span.load(0, as: UInt64.self), bytes.span.load(8, as: UInt64.self) | 1)
    }()

    static func hash(_ collection: String, _ id: [UInt8]) -> UInt64 {
        let (first, second) = secret
        var value = first ^ UInt64(id.count)
        for byte in collection.utf8 { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let span = id.span
        var offset = 0
        while offset + 8 <= span.count {
            value = mix(value ^ span.load(offset, as: UInt64.self), second)
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < span.count {
            rest = rest << 8 | UInt64(span[offset])
            offset += 1
        }
        return mix(mix(value ^ rest, second), first | 1)
    }

    @inline(__always)
    private static func mix(_ value: UInt64, _ secret: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: secret)
        return product.high ^ product.low ^ value
    }
}

extension DocumentKey: CustomStringConvertible {
    /// The key as the path of its document, or its id in hexadecimal where it is too long for one.
    public var description: String {
        (try? DocumentLocation(self))?.path ?? "\(collection)/\(Hex.encode(id))"
    }
}
