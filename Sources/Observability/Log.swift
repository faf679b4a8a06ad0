// One line of JSON per event on standard error. Callers pass facts, never secrets; nothing here decides what to log.

package import Primitives
import ProviderSDK

/// Writes log lines.
///
/// Lines are written whole and in order. Callers never wait for the reader of the log.
package struct Log: Sendable {
    /// A fact of an event.
    package enum Value: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
        ExpressibleByStringInterpolation
    {
        case text(String?)
        case integer(Int)
        case boolean(Bool)

        package init(stringLiteral value: String) { self = .text(value) }
        package init(integerLiteral value: Int) { self = .integer(value) }
    }

    private let threshold: LogThreshold
    private let time: TimeSource

    package init(level: LogLevel, time: TimeSource = .system) {
        threshold = LogThreshold(level)
        self.time = time
    }

    /// The least severe level that is written.
    package var level: LogLevel { threshold.level }

    /// Changes the least severe level that is written, also for all copies of this log.
    package func setLevel(_ level: LogLevel) { threshold.set(level) }

    /// Writes an event with its facts.
    package func log(_ level: LogLevel, _ message: String, _ facts: KeyValuePairs<String, Value> = [:]) {
        guard level >= self.level else { return }
        LogSink.standardError.append(isUrgent: true) { buffer in
            Self.appendLine(to: &buffer, at: time, level, message, facts)
        }
    }

    /// Appends an event as a line.
    static func appendLine(
        to buffer: inout LogBuffer, at time: TimeSource, _ level: LogLevel, _ message: String,
        _ facts: KeyValuePairs<String, Value>
    ) {
        var writer = JSONWriter(capacity: 256)
        writer.object { writer in
            let now = Timestamp(milliseconds: time.millisecondsSince1970) ?? .epoch
            writer.member("ts", now.text(withMilliseconds: true))
            writer.member("level", level.rawValue)
            writer.member("msg", message)
            for (name, value) in facts {
                switch value {
                case .text(let text): writer.member(name, text)
                case .integer(let integer): writer.member(name, integer)
                case .boolean(let boolean): writer.member(name, boolean)
                }
            }
        }
        buffer.bytes += writer.bytes
        buffer.bytes.append(UInt8(ascii: "\n"))
    }

    package func debug(_ message: String, _ facts: KeyValuePairs<String, Value> = [:]) { log(.debug, message, facts) }
    package func info(_ message: String, _ facts: KeyValuePairs<String, Value> = [:]) { log(.info, message, facts) }
    package func warning(_ message: String, _ facts: KeyValuePairs<String, Value> = [:]) {
        log(.warning, message, facts)
    }
    package func error(_ message: String, _ facts: KeyValuePairs<String, Value> = [:]) { log(.error, message, facts) }
}
