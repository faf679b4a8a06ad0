// Reading the forms in which providers write moments. Bytes only; a form that is not exactly right is nil, never a guess.

extension Timestamp {
    /// Reads ISO 8601: `2024-01-01`, `2024-01-01T00:00:00`, with a fraction, with `Z` or an offset such as `-07:00`.
    ///
    /// A text without zone is taken as UTC. Digits beyond milliseconds are cut off.
    public init?(iso8601 text: String) {
        var reader = DigitReader(Array(text.utf8))
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), let days = CivilDate.days(year: year, month: month, day: day)
        else { return nil }
        var milliseconds = Int64(days) * 86_400_000
        if !reader.isAtEnd {
            guard reader.skip("T") || reader.skip(" "), let hour = reader.number(2), hour < 24, reader.skip(":"),
                let minute = reader.number(2), minute < 60
            else { return nil }
            var second = 0
            if reader.skip(":") {
                guard let number = reader.number(2), number <= 60 else { return nil }
                second = min(number, 59)
            }
            milliseconds += Int64(hour * 3600 + minute * 60 + second) * 1000
            if reader.skip(".") {
                guard let fraction = reader.fraction() else { return nil }
                milliseconds += Int64(fraction)
            }
            guard let offset = reader.zoneMinutes() else { return nil }
            milliseconds -= Int64(offset) * 60_000
        }
        guard reader.isAtEnd else { return nil }
        self.init(milliseconds: milliseconds)
    }

    /// Reads seconds since the epoch with an optional fraction, as in Slack's `1503435956.000247`.
    public init?(epochText text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let seconds = JSONNumber(String(Substring(parts[0])))?.integer else {
            return nil
        }
        var fraction = 0
        if parts.count == 2 {
            var reader = DigitReader(Array(parts[1]))
            guard let value = reader.fraction(), reader.isAtEnd else { return nil }
            fraction = value
        }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return nil }
        self.init(milliseconds: product + Int64(seconds < 0 ? -fraction : fraction))
    }

    /// Reads `/Date(1539993600000+0000)/`: milliseconds since the epoch; the offset changes only how it would be shown.
    public init?(dotNetDate text: String) {
        var utf8 = Array(text.utf8)
        guard utf8.starts(with: "/Date(".utf8), utf8.suffix(2).elementsEqual(")/".utf8) else { return nil }
        utf8 = Array(utf8.dropFirst(6).dropLast(2))
        if let zone = utf8.lastIndex(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }), zone > 0 {
            guard utf8.count - zone == 5, utf8[(zone + 1)...].allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
            utf8 = Array(utf8[..<zone])
        }
        guard let milliseconds = JSONNumber(String(decoding: utf8, as: UTF8.self))?.integer else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

/// Reads fixed-width digits from bytes.
private struct DigitReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: byte) else { return false }
        at += 1
        return true
    }

    mutating func number(_ width: Int) -> Int? {
        guard at + width <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[at..<(at + width)] {
            guard byte &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        at += width
        return value
    }

    /// The milliseconds of a decimal fraction of a second; further digits are read and dropped.
    mutating func fraction() -> Int? {
        var value = 0
        var count = 0
        while at < bytes.count, bytes[at] &- 0x30 < 10 {
            if count < 3 { value = value * 10 + Int(bytes[at] - 0x30) }
            count += 1
            at += 1
        }
        guard count > 0 else { return nil }
        for _ in min(count, 3)..<3 { value *= 10 }
        return value
    }

    /// The offset from UTC in minutes; 0 at the end of the text and for `Z`.
    mutating func zoneMinutes() -> Int? {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let isEast = skip("+")
        guard isEast || skip("-"), let hours = number(2), hours < 24 else { return nil }
        _ = skip(":")
        let minutes = number(2) ?? 0
        guard minutes < 60 else { return nil }
        return (isEast ? 1 : -1) * (hours * 60 + minutes)
    }
}
