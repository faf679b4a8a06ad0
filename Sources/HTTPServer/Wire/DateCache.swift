// The Date field's value (RFC 9110 section 5.6.7), made once a second. It knows no response.

import CLinux
import Glibc

/// An IMF-fixdate kept as 29 bytes; refreshed when the second has changed.
struct DateCache: ~Copyable {
    private var text = ByteBuffer(capacity: 64)
    private var second = -1

    /// Reads the clock, coarsely, and renews the text when it has to.
    mutating func refresh() {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &now)
        set(second: now.tv_sec)
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

/// A day of the Gregorian calendar.
struct CivilDate {
    let year: Int
    let month: Int
    let day: Int

    /// The day `daysSince1970` days after 1 January 1970; for days from then on.
    init(daysSince1970 days: Int) {
        // Years that begin in March put the leap day last; 400 of them have 146 097 days.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension ByteBuffer {
    mutating func appendTwoDigits(_ number: Int) {
        append(UInt8(truncatingIfNeeded: 48 + number / 10))
        append(UInt8(truncatingIfNeeded: 48 + number % 10))
    }
}
