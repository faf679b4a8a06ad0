// One line of JSON per request on standard error, written in batches: a line costs a copy of some bytes, not a system call. Knows no
// route and decides nothing.

import Glibc
import HTTPServer
import ProviderSDK
import Synchronization

/// Writes a line for every request.
///
/// Lines are gathered for at most a tenth of a second and then written whole. When standard error takes no more, lines beyond
/// ``bufferBytesMax`` are dropped and their number is told.
final class RequestLog: Sendable {
    /// Bytes that wait for standard error at most.
    static let bufferBytesMax = 4 << 20
    /// Bytes after which a batch is written at once.
    private static let batchBytes = 64 << 10

    fileprivate struct State {
        var buffer: [UInt8] = []
        var isScheduled = false
        var dropped = 0
        /// The second whose text is in `clock`.
        var second: Int64 = .min
        var clock: [UInt8] = []
    }

    private let state = Mutex(State())
    private let writing = Mutex(())
    private let isEnabled: Bool

    init(level: LogLevel) { isEnabled = level <= .info }

    /// Notes a request that has been answered.
    func record(
        _ exchange: borrowing Exchange, method: StaticString, route: String, status: Int, userID: String?,
        facts: ReplyFacts
    ) {
        guard isEnabled else { return }
        let now = WallClock.now
        let duration = exchange.durationMilliseconds
        let isFirst = exchange.withCorrelationID { correlationID in
            state.withLock { state in
                guard state.buffer.count < Self.bufferBytesMax else {
                    state.dropped += 1
                    return false
                }
                state.appendTime(now)
                state.append("\",\"level\":\"info\",\"msg\":\"request\",\"correlationId\":\"")
                for index in correlationID.indices { state.buffer.append(correlationID[index]) }
                state.append("\",\"userId\":")
                state.append(quoted: userID)
                state.append(",\"method\":\"")
                state.append(method)
                state.append("\",\"route\":")
                state.append(quoted: route)
                state.append(",\"status\":")
                state.append(decimal: status)
                state.append(",\"durationMs\":")
                state.append(decimal: duration)
                if let count = facts.integrationCount {
                    state.append(",\"integrationCount\":")
                    state.append(decimal: count)
                }
                if let count = facts.expiredCount {
                    state.append(",\"expiredCount\":")
                    state.append(decimal: count)
                }
                state.append("}\n")
                let isFirst = !state.isScheduled
                state.isScheduled = true
                return isFirst
            }
        }
        guard isFirst else { return }
        Task.detached { [self] in
            try? await Task.sleep(for: .milliseconds(100))
            flush()
        }
    }

    /// Writes what waits.
    func flush() {
        writing.withLock { _ in
            let (bytes, dropped) = state.withLock { state in
                state.isScheduled = false
                defer {
                    state.buffer.removeAll(keepingCapacity: state.buffer.count <= Self.batchBytes)
                    state.dropped = 0
                }
                return (state.buffer, state.dropped)
            }
            Self.write(bytes)
            if dropped > 0 { Log(level: .warning).warning("Request lines were dropped.", ["count": .integer(dropped)]) }
        }
    }

    private static func write(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress.map { unsafe $0 + start }, bytes.count - start)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            start += written
        }
    }
}

extension RequestLog.State {
    fileprivate mutating func append(_ text: StaticString) {
        unsafe buffer.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    fileprivate mutating func append(decimal number: Int) {
        var rest = number.magnitude
        let start = buffer.count
        repeat {
            buffer.append(UInt8(truncatingIfNeeded: rest % 10) &+ 0x30)
            rest /= 10
        } while rest > 0
        if number < 0 { buffer.append(UInt8(ascii: "-")) }
        buffer[start...].reverse()
    }

    /// A JSON string, or null; control characters, which ids do not have, become spaces.
    fileprivate mutating func append(quoted text: String?) {
        guard let text else { return append("null") }
        buffer.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { buffer.append(UInt8(ascii: "\\")) }
            buffer.append(byte < 0x20 ? 0x20 : byte)
        }
        buffer.append(UInt8(ascii: "\""))
    }

    fileprivate mutating func appendTime(_ now: Timestamp) {
        if now.seconds != second {
            second = now.seconds
            clock = Array("{\"ts\":\"".utf8) + Array(now.description.utf8.dropLast()) + [UInt8(ascii: ".")]
        }
        buffer.append(contentsOf: clock)
        let millisecond = Int(now.milliseconds - now.seconds * 1000)
        for divisor in [100, 10, 1] { buffer.append(UInt8(truncatingIfNeeded: millisecond / divisor % 10) &+ 0x30) }
        buffer.append(UInt8(ascii: "Z"))
    }
}
