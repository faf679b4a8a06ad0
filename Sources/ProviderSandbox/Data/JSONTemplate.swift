// A JSON document with slots: most of a provider's object never changes, so it is kept as bytes and only the slots are
// written.

import ProviderSDK

/// A JSON text in which a string that begins with `$` is a slot for any value.
struct JSONTemplate: Sendable {
    private let pieces: [(literal: [UInt8], slot: String)]
    private let tail: [UInt8]

    /// The template `text`, which is the program's own: it traps where that is not JSON.
    init(_ text: String) {
        guard let document = try? JSONValue.parse(Array(text.utf8)) else {
            preconditionFailure("a template is not JSON: \(text.prefix(80))")
        }
        let bytes = document.serialized
        var pieces: [(literal: [UInt8], slot: String)] = []
        var start = 0
        var at = 0
        while at + 1 < bytes.count {
            guard bytes[at] == UInt8(ascii: "\""), bytes[at + 1] == UInt8(ascii: "$"),
                let end = bytes[(at + 1)...].firstIndex(of: UInt8(ascii: "\""))
            else {
                at += 1
                continue
            }
            pieces.append((Array(bytes[start..<at]), String(decoding: bytes[(at + 2)..<end], as: UTF8.self)))
            start = end + 1
            at = start
        }
        self.pieces = pieces
        tail = Array(bytes[start...])
    }

    /// The document with a value for every slot.
    func render(_ values: [String: JSONValue]) -> [UInt8] {
        var writer = JSONWriter(capacity: 2048)
        for piece in pieces {
            guard let value = values[piece.slot] else { preconditionFailure("the slot \(piece.slot) has no value") }
            writer.bytes += piece.literal
            writer.bytes += value.serialized
        }
        writer.bytes += tail
        return writer.bytes
    }
}

extension [[UInt8]] {
    /// A JSON array of values that are written already.
    var jsonArray: [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        bytes.reserveCapacity(reduce(2) { $0 + $1.count + 1 })
        for (number, row) in enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += row
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }
}

extension JSONValue {
    /// A string, or null for nil.
    static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    /// An integer, or null for nil.
    static func integer(_ value: (some BinaryInteger)?) -> JSONValue { value.map { .number(JSONNumber($0)) } ?? .null }

    /// Minor units as a decimal in major units: 1050 with two places is 10.5, or 10.50 where zeros are kept.
    static func decimal(_ minorUnits: Int, places: Int, keepsZeros: Bool = false) -> JSONValue {
        var coefficient = minorUnits
        var places = places
        while !keepsZeros, places > 0, coefficient % 10 == 0 {
            coefficient /= 10
            places -= 1
        }
        guard let decimal = ExactDecimal(coefficient: Int128(coefficient), places: places),
            let number = JSONNumber(decimal.description)
        else { return .null }
        return .number(number)
    }
}
