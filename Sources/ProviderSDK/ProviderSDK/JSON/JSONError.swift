// Why some bytes are not acceptable JSON, and where. Never quotes the input: it may hold secrets.

/// Why the parser refused its input.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of refusal.
    public enum Reason: Sendable, Equatable {
        /// The input ended inside a value.
        case unexpectedEnd
        /// A byte that cannot stand here.
        case unexpectedByte
        /// Bytes after the value.
        case trailingBytes
        /// A string that is not valid UTF-8, holds a control byte, or escapes a lone surrogate.
        case invalidString
        /// A number outside RFC 8259 section 6.
        case invalidNumber
        /// A second member of the same name in one object.
        case duplicateKey
        /// A limit of ``JSONLimits`` was passed.
        case limitExceeded
    }

    /// What is wrong.
    public let reason: Reason
    /// Bytes from the start of the input to the place of the fault.
    public let offset: Int
    /// The line of the fault, counted from 1.
    public let line: Int
    /// The byte column of the fault in its line, counted from 1.
    public let column: Int

    init(_ reason: Reason, offset: Int, in bytes: [UInt8]) {
        self.reason = reason
        self.offset = offset
        (line, column) = JSONError.position(of: offset, in: bytes)
    }

    /// The line and byte column of `offset` in `bytes`, both counted from 1.
    ///
    /// O(offset).
    public static func position(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        return (line, offset - lineStart + 1)
    }

    /// What is wrong, without the place.
    public var problem: String {
        switch reason {
        case .unexpectedEnd: "the JSON ends too early"
        case .unexpectedByte: "this byte cannot stand here"
        case .trailingBytes: "there is more after the JSON value"
        case .invalidString: "this string is not valid JSON text"
        case .invalidNumber: "this number is not valid JSON"
        case .duplicateKey: "this member name appears twice in its object"
        case .limitExceeded: "the JSON is larger or deeper than allowed"
        }
    }

    /// One sentence naming the fault and its place.
    public var description: String { "line \(line), column \(column): \(problem)" }
}
