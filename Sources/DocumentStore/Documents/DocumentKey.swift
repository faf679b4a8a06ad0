// What a document is called, in memory and on disk. Ids are bytes and are compared as bytes: comparing them as Swift
// strings would merge two users whose ids are canonically equivalent.

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

    // Kept, since one key is looked up in several tables and hashing costs more than a look-up.
    let hash: UInt64

    /// Adds the key to a hash.
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    /// Whether two keys are the same bytes.
    public static func == (left: DocumentKey, right: DocumentKey) -> Bool {
        // Collections that are not plain ASCII, where == would be about characters, are refused wherever a key is used.
        left.hash == right.hash && left.id == right.id && left.collection == right.collection
    }

    /// The number of the folder that the document is kept in: the first 12 bits of SHA-256 of the id.
    public static func shard(ofID id: [UInt8]) -> UInt16 {
        SHA256.hash(id).shard
    }
}

/// A hash of keys for tables in memory, from a secret of this process, so that nobody can choose ids that collide.
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
        (try? DocumentLocation(self))?.path ?? "\(collection)/\(String(decoding: hexDigits(id), as: UTF8.self))"
    }
}

/// Where a document is: collection folder, shard folder, file name.
struct DocumentLocation: Sendable {
    static let fileSuffix = ".json"

    let collection: String
    let shard: String
    let shardNumber: UInt16
    let fileName: String

    var path: String { "\(collection)/\(shard)/\(fileName)" }

    init(_ key: DocumentKey) throws(StoreError) {
        try Self.validate(collection: key.collection)
        guard (1...StoreLimits.idBytesMax).contains(key.id.count) else {
            throw .invalidName("a document id of \(key.id.count) bytes")
        }
        let digest = SHA256.hash(key.id)
        collection = key.collection
        shardNumber = digest.shard
        shard = Self.shardName(digest.shard)
        let stem = Self.isPlain(key.id) ? key.id : Array("~".utf8) + digest.hex
        fileName = String(decoding: stem, as: UTF8.self) + Self.fileSuffix
    }

    static func validate(collection: String) throws(StoreError) {
        let bytes = Array(collection.utf8)
        let isName =
            (1...StoreLimits.collectionBytesMax).contains(bytes.count)
            && (0x61...0x7a).contains(bytes[0])
            && bytes.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
        // These folders of the data directory hold something else.
        guard isName, !["journal", "records", "keys", "plugins", "quarantine"].contains(collection) else {
            throw .invalidName("the collection \"\(collection)\"")
        }
    }

    static func shardName(_ shard: UInt16) -> String {
        String(decoding: hexDigits([UInt8(shard >> 8), UInt8(shard & 0xff)]).dropFirst(), as: UTF8.self)
    }

    static func isShardName(_ name: String) -> Bool {
        name.utf8.count == 3 && name.utf8.allSatisfy { hexValue($0) != nil }
    }

    /// `[a-z0-9_-]{1,64}`: safe as a file name everywhere, and readable.
    static func isPlain(_ id: [UInt8]) -> Bool {
        (1...StoreLimits.plainNameBytesMax).contains(id.count)
            && id.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d
            }
    }

    /// The id that a file name stands for, or nil when only the file itself tells.
    static func plainID(ofFileName name: String) -> [UInt8]? {
        guard name.hasSuffix(fileSuffix) else { return nil }
        let stem = Array(name.utf8.dropLast(fileSuffix.utf8.count))
        return isPlain(stem) ? stem : nil
    }

    /// Whether `name` can be a document's file name.
    static func isDocumentName(_ name: String) -> Bool {
        if plainID(ofFileName: name) != nil { return true }
        let bytes = Array(name.utf8)
        return bytes.count == 1 + 64 + fileSuffix.utf8.count && bytes[0] == 0x7e && name.hasSuffix(fileSuffix)
            && bytes[1...64].allSatisfy { hexValue($0) != nil }
    }
}
