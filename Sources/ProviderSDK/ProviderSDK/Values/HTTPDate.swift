// Dates as HTTP writes them, in the three forms that a recipient must read (RFC 9110 section 5.6.7). Knows no header.

extension Timestamp {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads an HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete `Sunday, 06-Nov-94 08:49:37 GMT` and
    /// `Sun Nov  6 08:49:37 1994`.
    ///
    /// A year of two digits stands for the one that is not more than 50 years after 2020: 00–70 are in this century.
    public init?(httpDate text: String) {
        let parts = Self.split(text, at: " ")
        let day: String
        let month: String
        var year: String
        let time: String
        switch parts.count {
        case 6 where parts[5] == "GMT": (day, month, year, time) = (parts[1], parts[2], parts[3], parts[4])
        case 4 where parts[3] == "GMT":
            let date = Self.split(parts[1], at: "-")
            guard date.count == 3, date[2].utf8.count == 2 else { return nil }
            (day, month, year, time) = (date[0], date[1], date[2], parts[2])
            year = (year <= "70" ? "20" : "19") + year
        case 5: (month, day, time, year) = (parts[1], parts[2], parts[3], parts[4])
        default: return nil
        }
        guard let number = Self.months.firstIndex(of: month) else { return nil }
        self.init(iso8601: "\(year)-\(Self.twoDigits(String(number + 1)))-\(Self.twoDigits(day))T\(time)Z")
    }

    private static func split(_ text: String, at separator: Unicode.Scalar) -> [String] {
        text.utf8.split(separator: UInt8(ascii: separator)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func twoDigits(_ text: String) -> String { text.utf8.count == 1 ? "0" + text : text }
}
