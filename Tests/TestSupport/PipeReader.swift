// The reading end of a pipe, with a deadline on every wait and a bound on what is kept.

import CLinux
import Glibc
import Synchronization

/// Reads what a process writes into a pipe.
package final class PipeReader: Sendable {
    /// The most bytes that are kept unread.
    package static let bytesMax = 64 << 20

    private let descriptor: Int32
    private let unread = Mutex<[UInt8]>([])

    /// Takes over `descriptor`, and closes it at its end.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// The text up to and with the first line that contains `text`.
    ///
    /// - Throws: ``ChildProcess/Failure`` when the stream ends before, or the time is over.
    package func lines(through text: String, within limit: Duration = .seconds(60)) throws -> String {
        let deadline = ContinuousClock.now + limit
        var found: [UInt8] = []
        while true {
            let line = try line(until: deadline)
            guard let line, line.last == UInt8(ascii: "\n") else {
                found += line ?? []
                throw ChildProcess.Failure(description: "no “\(text)” in: \(String(decoding: found, as: UTF8.self))")
            }
            found += line
            if String(decoding: line, as: UTF8.self).contains(text) { return String(decoding: found, as: UTF8.self) }
        }
    }

    /// The next line without its end; nil at the end of the stream.
    package func line(within limit: Duration = .seconds(60)) throws -> String? {
        let line = try line(until: ContinuousClock.now + limit)
        return line.map { String(decoding: $0.last == UInt8(ascii: "\n") ? $0.dropLast() : $0[...], as: UTF8.self) }
    }

    /// What is left up to the end of the stream.
    package func rest(within limit: Duration = .seconds(60)) throws -> String {
        guard Self.fillToEnd([self], until: ContinuousClock.now + limit) else {
            throw ChildProcess.Failure(description: "the stream has not ended within \(limit): \(takeText())")
        }
        return takeText()
    }

    /// Takes what was read and not yet given out.
    func takeText() -> String {
        unread.withLock { bytes in
            defer { bytes = [] }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Reads several streams at once up to their ends.
    ///
    /// - Returns: false when the time was over before.
    static func fillToEnd(_ readers: [PipeReader], until deadline: ContinuousClock.Instant) -> Bool {
        var open = readers
        while !open.isEmpty {
            var polled = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            let milliseconds = Self.milliseconds(until: deadline)
            guard unsafe milliseconds > 0 && poll(&polled, nfds_t(polled.count), milliseconds) >= 0 || errno == EINTR
            else { return false }
            open = zip(open, polled).filter { $1.revents == 0 || $0.fill() }.map(\.0)
        }
        return true
    }

    private func line(until deadline: ContinuousClock.Instant) throws -> [UInt8]? {
        while true {
            if let line = takeLine() { return line }
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = Self.milliseconds(until: deadline)
            guard milliseconds > 0 else {
                throw ChildProcess.Failure(description: "no line came in time; so far: \(takeText())")
            }
            guard unsafe poll(&polled, 1, milliseconds) > 0 else { continue }
            if !fill() {
                let last = Array(takeText().utf8)
                return last.isEmpty ? nil : last
            }
        }
    }

    private func takeLine() -> [UInt8]? {
        unread.withLock { bytes in
            guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { bytes.removeFirst(end + 1) }
            return Array(bytes[...end])
        }
    }

    /// Reads once.
    ///
    /// - Returns: false at the end of the stream, or when more came than is kept.
    private func fill() -> Bool {
        var part = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(descriptor, &part, part.count)
        if count < 0 { return errno == EINTR }
        return unread.withLock { bytes in
            bytes += part[..<count]
            return count > 0 && bytes.count <= Self.bytesMax
        }
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
        let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
        return Int32(max(0, min(left.rounded(.up), 1_000_000)))
    }
}
