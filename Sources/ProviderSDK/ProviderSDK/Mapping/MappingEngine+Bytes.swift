// Moments and amounts written straight into the record's bytes, digit by digit, where a String would only be copied and dropped.
// Knows no transforms.

extension JSONWriter {
    /// Writes `moment` as its ISO 8601 text in UTC with whole seconds.
    mutating func value(_ moment: Timestamp) {
        let days = moment.seconds.dividedFloor(by: 86_400)
        let (year, month, day) = CivilDate.from(days: Int(days))
        let second = Int(moment.seconds - days * 86_400)
        separate()
        bytes.append(UInt8(ascii: "\""))
        pair(year / 100)
        pair(year % 100)
        bytes.append(UInt8(ascii: "-"))
        pair(month)
        bytes.append(UInt8(ascii: "-"))
        pair(day)
        bytes.append(UInt8(ascii: "T"))
        pair(second / 3600)
        bytes.append(UInt8(ascii: ":"))
        pair(second / 60 % 60)
        bytes.append(UInt8(ascii: ":"))
        pair(second % 60)
        bytes.append(UInt8(ascii: "Z"))
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes `amount` as its decimal text with all places.
    mutating func value(_ amount: ExactDecimal) {
        guard let coefficient = Int64(exactly: amount.coefficient) else { return raw(amount.description.utf8) }
        value(coefficient, places: amount.places)
    }

    /// Writes `coefficient` as a decimal with `places` digits after the point.
    mutating func value(_ coefficient: Int64, places: Int) {
        separate()
        if coefficient < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = coefficient.magnitude
        var written = 0
        // Backwards, because the last digit is known first; the point has at least one digit before it.
        repeat {
            if written == places, written > 0 { bytes.append(UInt8(ascii: ".")) }
            bytes.append(UInt8(truncatingIfNeeded: rest % 10) &+ 0x30)
            rest /= 10
            written += 1
        } while rest > 0 || written <= places
        bytes[start...].reverse()
        needsComma = true
    }

    @inline(__always) private mutating func pair(_ number: Int) {
        bytes.append(UInt8(truncatingIfNeeded: number / 10) &+ 0x30)
        bytes.append(UInt8(truncatingIfNeeded: number % 10) &+ 0x30)
    }
}
