// Moments in UTC, read from the forms that providers write and written in one. No calendar library: days are counted with the
// proleptic Gregorian rule.

/// A moment in time with millisecond precision.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// The years a timestamp can fall into.
    public static let years = 0...9999
    private static let millisecondsRange = -62_167_219_200_000...253_402_300_799_999 as ClosedRange<Int64>

    /// The moment `milliseconds` after the epoch; nil outside the years 0 to 9999.
    public init?(milliseconds: Int64) {
        guard Timestamp.millisecondsRange ~= milliseconds else { return nil }
        self.milliseconds = milliseconds
    }

    /// The moment `seconds` after the epoch; nil outside the years 0 to 9999.
    public init?(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return nil }
        self.init(milliseconds: product)
    }

    /// Whole seconds since the epoch, rounded down.
    public var seconds: Int64 { milliseconds >= 0 ? milliseconds / 1000 : -((-milliseconds + 999) / 1000) }

    /// Earlier or later.
    public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool { lhs.milliseconds < rhs.milliseconds }

    /// The moment `duration` later; saturates at the ends of the range.
    public func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let delta = seconds.multipliedReportingOverflow(by: 1000)
        let sum = milliseconds.addingReportingOverflow(delta.partialValue &+ attoseconds / 1_000_000_000_000_000)
        let range = Timestamp.millisecondsRange
        guard !delta.overflow, !sum.overflow else {
            return Timestamp(clamped: seconds < 0 ? range.lowerBound : range.upperBound)
        }
        return Timestamp(clamped: min(max(sum.partialValue, range.lowerBound), range.upperBound))
    }

    private init(clamped milliseconds: Int64) { self.milliseconds = milliseconds }

    /// 1970-01-01T00:00:00Z.
    public static let epoch = Timestamp(clamped: 0)

    /// How long after `earlier` this is; negative when it is before.
    public func duration(since earlier: Timestamp) -> Duration { .milliseconds(milliseconds - earlier.milliseconds) }

    /// ISO 8601 in UTC with whole seconds: `2024-01-01T00:00:00Z`.
    public var description: String { text(withMilliseconds: false) }

    /// ISO 8601 in UTC, with three decimals of the second if asked for: `2025-12-31T23:59:59.000Z`.
    public func text(withMilliseconds: Bool) -> String {
        unsafe String(unsafeUninitializedCapacity: 24) { text in
            var count = 0
            forEachByte(withMilliseconds: withMilliseconds) { byte in
                unsafe text[count] = byte
                count += 1
            }
            return count
        }
    }

    /// Passes the bytes of ``text(withMilliseconds:)`` to `append`, in order: 20 or 24.
    @inline(__always)
    func forEachByte(withMilliseconds: Bool, _ append: (UInt8) -> Void) {
        let (year, month, day) = CivilDate.from(days: Int(seconds.dividedFloor(by: 86_400)))
        let second = Int(seconds.moduloFloor(by: 86_400))
        func digit(_ value: Int) { append(UInt8(truncatingIfNeeded: value % 10) &+ 0x30) }
        func two(_ value: Int) {
            digit(value / 10)
            digit(value)
        }
        two(year / 100)
        two(year)
        append(UInt8(ascii: "-"))
        two(month)
        append(UInt8(ascii: "-"))
        two(day)
        append(UInt8(ascii: "T"))
        two(second / 3600)
        append(UInt8(ascii: ":"))
        two(second / 60 % 60)
        append(UInt8(ascii: ":"))
        two(second % 60)
        if withMilliseconds {
            let millisecond = Int(milliseconds.moduloFloor(by: 1000))
            append(UInt8(ascii: "."))
            digit(millisecond / 100)
            two(millisecond)
        }
        append(UInt8(ascii: "Z"))
    }
}

extension Int64 {
    func dividedFloor(by divisor: Int64) -> Int64 { (self - moduloFloor(by: divisor)) / divisor }
    func moduloFloor(by divisor: Int64) -> Int64 { (self % divisor + divisor) % divisor }
}

/// Days of the proleptic Gregorian calendar, counted from 1970-01-01.
enum CivilDate {
    /// The days from the epoch to a date; nil when there is no such date.
    static func days(year: Int, month: Int, day: Int) -> Int? {
        guard Timestamp.years ~= year, 1...12 ~= month, 1...daysIn(month, of: year) ~= day else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The date `days` after the epoch.
    static func from(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthShifted = (5 * dayOfYear + 2) / 153
        let month = monthShifted < 10 ? monthShifted + 3 : monthShifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthShifted + 2) / 5 + 1)
    }

    private static func daysIn(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
