// The chain of the audit log as a state machine without I/O: each line has the hash of the line before and its own. It makes lines,
// and it says at which line a chain breaks.

import Cryptography
import ProviderSDK

/// Why a line does not belong where it stands.
package enum AuditBreak: Sendable, Equatable {
    /// It is not a line of the log.
    case malformed
    /// Its own hash is not that of its bytes.
    case altered
    /// Lines between the one before and this one are missing, or stand elsewhere.
    case gap(expected: Int, found: Int)
    /// It does not have the hash of the line before.
    case unlinked
    /// The file does not begin with the line that its name says.
    case misnamed
    /// The file ends in the middle of a line.
    case unfinished
}

extension AuditBreak: CustomStringConvertible {
    /// The break as the end of a sentence about a line.
    package var description: String {
        switch self {
        case .malformed: "is not a line of the audit log"
        case .altered: "was changed after it was written: its hash does not fit"
        case .gap(let expected, let found):
            "has the sequence \(found) where \(expected) belongs: lines are missing or moved"
        case .unlinked: "does not have the hash of the line before: a line before it was changed or taken away"
        case .misnamed: "is not the one that the file is named after"
        case .unfinished: "ends in the middle"
        }
    }
}

/// The place in the chain behind a line.
struct AuditChain: Sendable, Equatable {
    /// The hash that stands in the first line of a log.
    static let origin = String(repeating: "0", count: 64)

    /// The sequence of the last line; 0 before the first.
    private(set) var sequence = 0
    /// The hash of the last line.
    private(set) var hash = AuditChain.origin

    /// The bytes between the hashed part of a line and its hash.
    private static let hashKey = Array(#","hash":""#.utf8)
    private static let lineEnd = Array("\"}".utf8)
    /// The bytes of a line behind its hashed part.
    private static let tailBytes = hashKey.count + 64 + lineEnd.count

    // MARK: Writing

    /// Returns the line of `entry`, with its end, and moves behind it.
    mutating func line(of entry: AuditEntry) -> [UInt8] {
        let body = entry.body(sequence: sequence + 1, after: hash)
        sequence += 1
        hash = SHA256.digest(body).hex
        return body + Self.hashKey + hash.utf8 + Self.lineEnd + [UInt8(ascii: "\n")]
    }

    /// Takes over the place behind `line`.
    mutating func begin(after line: Read) { (sequence, hash) = (line.sequence, line.hash) }

    /// Moves behind lines that cannot be read, so that new lines follow with later sequences.
    mutating func skip(_ lines: Int) { sequence += lines }

    // MARK: Reading

    /// A line as it was read.
    struct Read {
        let json: JSONValue
        let sequence: Int
        let previous: String
        /// The hash that the line claims.
        let hash: String
        /// Whether the claim is true.
        let isSound: Bool
    }

    /// Reads a line without its end; nil for anything that is not one.
    static func read(_ line: ArraySlice<UInt8>) -> Read? {
        guard line.count > tailBytes, line.count < AuditLimits.lineBytesMax,
            let json = try? JSONValue.parse(Array(line), limits: .request),
            let sequence = json["seq"]?.integer.flatMap(Int.init(exactly:)), sequence > 0,
            let previous = json["prev"]?.string, let hash = json["hash"]?.string, hash.utf8.count == 64
        else { return nil }
        let tail = line.suffix(tailBytes)
        guard tail.elementsEqual(hashKey + Array(hash.utf8) + lineEnd) else { return nil }
        let isSound = SHA256.digest(Array(line.dropLast(tailBytes))).hex == hash
        return Read(json: json, sequence: sequence, previous: previous, hash: hash, isSound: isSound)
    }

    /// Moves behind a line, and says what is wrong with it.
    ///
    /// After a break, the lines behind it are held to what it claims, so that one change is one break.
    mutating func follow(_ line: Read) -> AuditBreak? {
        defer { (sequence, hash) = (line.sequence, line.hash) }
        if !line.isSound { return .altered }
        guard line.sequence == sequence + 1 else { return .gap(expected: sequence + 1, found: line.sequence) }
        return line.previous == hash ? nil : .unlinked
    }

    /// Takes over the place before `line` without a check: the lines before it were dropped.
    mutating func begin(before line: Read) {
        sequence = line.sequence - 1
        hash = line.previous
    }
}
