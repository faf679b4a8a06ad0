// The hashes of a stream's records, from the key that only its manifest holds.

import Primitives

struct StreamHashes: Sendable {
    private let idKey: SipKey
    private let payloadKey: SipKey
    private let sourceKey: SipKey
    private let cursorKey: SipKey

    init(_ key: SipKey) {
        idKey = key
        payloadKey = SipKey(low: key.low ^ 0x7061_796c_6f61_6421, high: key.high)
        cursorKey = SipKey(low: key.low ^ 0x6375_7273_6f72_2121, high: key.high)
        sourceKey = SipKey(low: key.low ^ 0x736f_7572_6365_2121, high: key.high)
    }

    /// The check value of a cursor that was given to readers of `dataType`, or with nil of all; never 0.
    ///
    /// It keeps readers from mistakes, not from attacks: a reader of a stream may read all of it.
    func check(_ cursor: RecordCursor, dataType: String?) -> UInt32 {
        var bytes: [UInt8] = []
        for part in [cursor.epoch, cursor.sequence, cursor.base, cursor.compactions] {
            for shift in stride(from: 0 as UInt64, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: part >> shift))
            }
        }
        // Names of data types hold no such byte.
        bytes += dataType.map { Array($0.utf8) } ?? [0]
        return max(1, UInt32(truncatingIfNeeded: SipHash.hash64(bytes.span, key: cursorKey)))
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

    /// The content hash of a record out of reach: another one than within reach, so that its return is a change.
    static func outOfReach(_ content: UInt64) -> UInt64 {
        let hash = content ^ 0x6f75_746f_6672_6561
        return hash == 0 ? 1 : hash
    }
}
