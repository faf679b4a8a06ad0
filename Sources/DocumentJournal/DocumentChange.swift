// The difference between two revisions of a document: one run of bytes that takes the place of another. A save costs what changed,
// because callers write what did not change the same way again. Pure.

import CLinux
import StoreFiles

/// The place where a new revision differs from the one before.
package struct DocumentChange: Equatable, Sendable {
    /// The offset of the first byte that differs.
    package let start: Int
    /// The bytes of the earlier revision from there on that have gone.
    package let removed: Int
    /// The size of the earlier revision.
    package let baseCount: Int
    /// The checksum of what surrounds the place in the earlier revision.
    package let context: UInt32

    /// The bytes on either side of the place that its checksum covers.
    private static let contextBytes = 64
    /// The bytes of the stored form.
    static let byteCount = 16

    /// The change from `old` to `new`, and the bytes of `new` that are inserted.
    package static func between(
        _ old: [UInt8], _ new: [UInt8]
    ) -> (change: DocumentChange, inserted: Range<Int>) {
        let shorter = min(old.count, new.count)
        let (prefix, suffix) = unsafe old.withUnsafeBytes { old in
            unsafe new.withUnsafeBytes { new in
                let prefix = unsafe cl_common_prefix(old.baseAddress, new.baseAddress, shorter)
                let suffix = unsafe cl_common_suffix(
                    old.baseAddress, old.count, new.baseAddress, new.count, shorter - prefix)
                return (prefix, suffix)
            }
        }
        let removed = old.count - suffix - prefix
        let change = DocumentChange(
            start: prefix, removed: removed, baseCount: old.count,
            context: contextSum(old, around: prefix..<prefix + removed))
        return (change, prefix..<new.count - suffix)
    }

    private init(start: Int, removed: Int, baseCount: Int, context: UInt32) {
        (self.start, self.removed, self.baseCount, self.context) = (start, removed, baseCount, context)
    }

    /// Makes the new revision of `base`; nil when this is no change of it.
    package func applied(to base: [UInt8], inserting inserted: ArraySlice<UInt8>) -> [UInt8]? {
        guard base.count == baseCount, start >= 0, removed >= 0, start <= baseCount - removed,
            Self.contextSum(base, around: start..<start + removed) == context
        else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(baseCount - removed + inserted.count)
        bytes += base[..<start]
        bytes += inserted
        bytes += base[(start + removed)...]
        return bytes
    }

    private static func contextSum(_ bytes: [UInt8], around place: Range<Int>) -> UInt32 {
        let before = bytes.span.extracting(max(0, place.lowerBound - contextBytes)..<place.lowerBound)
        let after = bytes.span.extracting(
            place.upperBound..<min(bytes.count, place.upperBound + contextBytes))
        return CRC32C.extend(CRC32C.checksum(of: before), by: after)
    }

    // MARK: Stored form

    /// Appends the stored form.
    ///
    ///     0 start (4)  4 removed (4)  8 size of the earlier revision (4)  12 checksum of the context (4)
    func append(to bytes: inout [UInt8]) {
        bytes.append(littleEndian: UInt32(start))
        bytes.append(littleEndian: UInt32(removed))
        bytes.append(littleEndian: UInt32(baseCount))
        bytes.append(littleEndian: context)
    }

    init(_ bytes: Span<UInt8>, at offset: Int) {
        self.init(
            start: Int(bytes.load(offset, as: UInt32.self)), removed: Int(bytes.load(offset + 4, as: UInt32.self)),
            baseCount: Int(bytes.load(offset + 8, as: UInt32.self)),
            context: bytes.load(offset + 12, as: UInt32.self))
    }
}
