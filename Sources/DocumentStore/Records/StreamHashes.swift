// The hashes of a stream's records, from the key that only its manifest holds.

struct StreamHashes: Sendable {
    private let idKey: SipKey
    private let payloadKey: SipKey
    private let sourceKey: SipKey

    init(_ key: SipKey) {
        idKey = key
        payloadKey = SipKey(low: key.low ^ 0x7061_796c_6f61_6421, high: key.high)
        sourceKey = SipKey(low: key.low ^ 0x736f_7572_6365_2121, high: key.high)
    }

    @inline(__always)
    func id(_ id: Span<UInt8>) -> RecordHash {
        RecordHash(of: id, key: idKey)
    }

    /// The hash of what a record consists of besides its id and time; never 0, which stands for nothing.
    @inline(__always)
    func content(payload: Span<UInt8>, source: Span<UInt8>) -> UInt64 {
        var hash = SipHash.hash64(payload, key: payloadKey)
        if !source.isEmpty { hash ^= SipHash.hash64(source, key: sourceKey) }
        return hash == 0 ? 1 : hash
    }
}
