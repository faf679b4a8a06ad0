// Encodes a position in the dead letters of a connection as text. Knows no route.

import Cryptography

/// A position in the dead letters of one connection, as text of 33 bytes.
package struct DeadLetterCursor {
    package let position: UInt64
    package let text: String

    package init(_ position: UInt64, connection id: String) {
        self.position = position
        let digits = String(position, radix: 16)
        text = Self.mark(id) + "-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Reads a cursor; nil when the text is not a cursor of this connection.
    package init?(_ text: String, connection id: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 33, bytes.starts(with: (Self.mark(id) + "-").utf8),
            bytes[17...].allSatisfy({ 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 }),
            let position = UInt64(String(decoding: bytes[17...], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(position, connection: id)
    }

    private static func mark(_ id: String) -> String { String(SHA256.digest(id).description.prefix(16)) }
}
