// How providers write the end of a pause in a header field.

/// How a header field says when requests are taken again.
public enum ResetFormat: Sendable, Equatable {
    /// Seconds from now, with or without a fraction.
    case seconds
    /// Seconds since the epoch.
    case epochSeconds
    /// Milliseconds since the epoch.
    case epochMilliseconds
    /// A moment as ISO 8601.
    case iso8601
    /// A date of HTTP (RFC 9110 section 5.6.7).
    case httpDate

    /// The pause that `text` asks for at the time `now`; nil when it cannot be read, or is longer than some months.
    public func pause(in text: String, now: Timestamp) -> Duration? {
        switch self {
        case .seconds: return JSONNumber(text).flatMap { Self.pause(ofCheckedSeconds: $0.double) }
        case .epochSeconds: return pause(until: JSONNumber(text)?.integer.flatMap(Timestamp.init(seconds:)), now)
        case .epochMilliseconds:
            return pause(until: JSONNumber(text)?.integer.flatMap(Timestamp.init(milliseconds:)), now)
        case .iso8601: return pause(until: Timestamp(iso8601: text), now)
        case .httpDate: return pause(until: Timestamp(httpDate: text), now)
        }
    }

    private func pause(until moment: Timestamp?, _ now: Timestamp) -> Duration? {
        guard let moment else { return nil }
        guard moment > now else { return .zero }
        let pause = moment.duration(since: now)
        return pause < .seconds(10_000_000) ? pause : nil
    }

    private static func pause(ofCheckedSeconds seconds: Double) -> Duration? {
        seconds >= 0 && seconds < 1e7 ? pause(ofSeconds: seconds) : nil
    }

    /// Rounded up, because a request a moment too early counts against the limit again.
    static func pause(ofSeconds seconds: Double) -> Duration { .milliseconds(Int64((seconds * 1000).rounded(.up))) }
}

/// A header field with a pause.
public struct RetryAfterHeader: Sendable, Equatable, ExpressibleByStringLiteral {
    /// The name of the field, in any case.
    public var header: String
    /// How the pause is written.
    public var format: ResetFormat

    /// The field `header`.
    public init(header: String, format: ResetFormat = .seconds) {
        self.header = header
        self.format = format
    }

    /// The field `value`, in seconds.
    public init(stringLiteral value: String) { self.init(header: value) }
}
