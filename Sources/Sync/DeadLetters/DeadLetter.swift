// A stored record that could not be mapped or stored: where it failed, why, and the record itself. The record is kept
// sealed, and in a redacted form that may be shown. Knows no files and no routes.

import Cryptography
package import ProviderSDK

/// A record that could not be mapped or stored.
package struct DeadLetter: Sendable, Equatable {
    /// The data type of the record stream that holds the letters of a connection; no provider has one of this name.
    static let storedDataType = "~dead-letters"

    /// `letter-` and 32 hex digits.
    ///
    /// The id is the same for every failure of the same record.
    package let id: String
    package let dataType: String
    /// The provider's id of the record; nil when the id is missing.
    package let sourceID: String?
    package let change: SourceRecord.Change
    /// The field and rule that failed, and the problem.
    package let failure: RecordFailure
    package let pluginID: String
    package let pluginVersion: String
    /// The last sync that met the record.
    package let syncID: String
    package let at: Timestamp
    /// The redacted record, as JSON.
    package let redacted: [UInt8]
    /// The size of the record as the provider sent it.
    package let payloadBytes: Int
    /// The sealed record; nil when it was too large to keep, so it cannot be replayed.
    package let sealed: String?

    /// Returns the id of the letter of a record.
    ///
    /// - Parameters:
    ///   - sourceID: nil when the record has none; the id then depends on the record's content.
    ///   - payload: the record as JSON.
    package static func id(dataType: String, sourceID: String?, payload: @autoclosure () -> [UInt8]) -> String {
        var hash = SHA256()
        hash.update(dataType)
        hash.update([0, sourceID == nil ? 0 : 1])
        if let sourceID { hash.update(sourceID) } else { hash.update(payload()) }
        return "letter-" + hash.digest().description.prefix(32)
    }
}

/// The facts of a letter that are known without reading it.
///
/// They are stored beside the letter's id.
struct DeadLetterNote: Sendable, Equatable {
    let dataType: String
    /// The last full read that met the record; `-` for reads of changes.
    let reading: String
    /// Whether the record has a source id.
    let isIdentified: Bool

    init(dataType: String, reading: String, isIdentified: Bool) {
        self.dataType = dataType
        self.reading = reading
        self.isIdentified = isIdentified
    }

    /// The note as it is stored; the first two parts have no spaces.
    var encoded: [UInt8] { Array("\(isIdentified ? "id" : "no-id") \(reading) \(dataType)".utf8) }

    init?(_ bytes: some Collection<UInt8>) {
        let parts = bytes.split(separator: 0x20, maxSplits: 2)
        guard parts.count == 3 else { return nil }
        isIdentified = parts[0].elementsEqual("id".utf8)
        reading = String(decoding: parts[1], as: UTF8.self)
        dataType = String(decoding: parts[2], as: UTF8.self)
    }
}

extension DeadLetter {
    /// The letter as it is stored.
    package var encoded: [UInt8] {
        var writer = JSONWriter(capacity: redacted.count + (sealed?.utf8.count ?? 0) + 512)
        writer.object { writer in
            writer.member("dataType", dataType)
            writer.member("sourceId", sourceID)
            writer.member("change", change == .deleted ? "deleted" : "upserted")
            writer.member("field", failure.field)
            writer.member("rule", failure.rule)
            writer.member("problem", failure.problem)
            writer.member("plugin", pluginID)
            writer.member("pluginVersion", pluginVersion)
            writer.member("sync", syncID)
            writer.member("at", at.text(withMilliseconds: true))
            writer.member("payloadBytes", payloadBytes)
            writer.key("redacted")
            writer.raw(redacted)
            writer.member("sealed", sealed)
        }
        return writer.bytes
    }

    /// Reads a stored letter; nil when the bytes are not a letter.
    package init?(id: [UInt8], _ bytes: [UInt8]) {
        // Earlier versions wrote redacted records whose names could look alike.
        var limits = JSONLimits()
        limits.duplicateKeys = .keepLast
        guard let value = try? JSONValue.parse(bytes, limits: limits), let dataType = value["dataType"]?.string,
            let field = value["field"]?.string, let rule = value["rule"]?.string,
            let problem = value["problem"]?.string, let pluginID = value["plugin"]?.string,
            let syncID = value["sync"]?.string, let at = value["at"]?.string.flatMap(Timestamp.init(iso8601:))
        else { return nil }
        self.id = String(decoding: id, as: UTF8.self)
        self.dataType = dataType
        sourceID = value["sourceId"]?.string
        change = value["change"]?.string == "deleted" ? .deleted : .upserted
        failure = RecordFailure(sourceID: sourceID, field: field, rule: rule, problem: problem)
        self.pluginID = pluginID
        pluginVersion = value["pluginVersion"]?.string ?? ""
        self.syncID = syncID
        self.at = at
        payloadBytes = value["payloadBytes"]?.integer.map(Int.init) ?? 0
        var writer = JSONWriter()
        writer.value(value["redacted"] ?? .null)
        redacted = writer.bytes
        sealed = value["sealed"]?.string
    }
}
