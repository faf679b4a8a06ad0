// The names of files that are being written. A name identifies the process that made it, so that leftovers of a dead
// process can be removed while this one is writing.

import Primitives
import Synchronization

/// The names of temporary files of one process.
package struct TemporaryNames: Sendable {
    private static let prefix: [UInt8] = Array(".".utf8)
    private static let suffix: [UInt8] = Array(".tmp".utf8)
    private static let digitCount = 16

    private let session: [UInt8]

    /// New names, which no other process has.
    package init() {
        session = Hex.digits(randomBytes(Self.digitCount / 2))
    }

    /// A new name: 64 bits of this process, 64 random bits.
    package func next() -> String {
        String(
            decoding: Self.prefix + session + Hex.digits(randomBytes(Self.digitCount / 2)) + Self.suffix, as: UTF8.self)
    }

    /// Whether `name` was made by an earlier process and not finished.
    package func isLeftover(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard bytes.count == Self.prefix.count + 2 * Self.digitCount + Self.suffix.count,
            bytes.starts(with: Self.prefix), bytes.suffix(Self.suffix.count) == Self.suffix[...]
        else { return false }
        let digits = bytes.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
        return digits.allSatisfy { Hex.value(ofLowercase: $0) != nil } && !digits.starts(with: session)
    }
}
