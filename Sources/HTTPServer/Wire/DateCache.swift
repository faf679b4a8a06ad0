// The Date field's value (RFC 9110 section 5.6.7), made once a second. It knows no response.

import Primitives

/// An IMF-fixdate kept as 29 bytes; refreshed when the second has changed.
struct DateCache: ~Copyable {
    private var text = ByteBuffer(capacity: 64)
    private var second = -1

    /// Reads the clock, coarsely, and renews the text when it has to.
    mutating func refresh() {
        set(second: SystemClock.coarseSecondsSince1970)
    }

    /// Makes the text that of `second` seconds since 1970.
    mutating func set(second: Int) {
        if second == self.second { return }
        self.second = second
        text.removeAll()
        let days = second / 86_400
        let time = second % 86_400
        let date = CivilDate(daysSince1970: days)
        // 1 January 1970 was a Thursday.
        text.append(Self.weekdays[(days + 4) % 7])
        text.append(", ")
        text.appendTwoDigits(date.day)
        text.append(32 as UInt8)
        text.append(Self.months[date.month - 1])
        text.append(32 as UInt8)
        text.append(decimal: date.year)
        text.append(32 as UInt8)
        text.appendTwoDigits(time / 3600)
        text.append(58 as UInt8)
        text.appendTwoDigits(time / 60 % 60)
        text.append(58 as UInt8)
        text.appendTwoDigits(time % 60)
        text.append(" GMT")
    }

    func append(to output: inout ByteBuffer) { output.append(text) }

    private static let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}

extension ByteBuffer {
    mutating func appendTwoDigits(_ number: Int) {
        append(UInt8(truncatingIfNeeded: 48 + number / 10))
        append(UInt8(truncatingIfNeeded: 48 + number % 10))
    }
}
