// The queue of the log: no caller waits for its reader, every line is whole, and dropped lines are counted and reported.

import CLinux
import Dispatch
import Glibc
import Primitives
import ProviderSDK
import Testing

@testable import Observability

@Suite("Log sink", .timeLimit(.minutes(2)))
struct LogSinkTests {
    /// A pipe that closes both ends when it is released.
    final class Pipe: Sendable {
        let reader: Int32
        let writer: Int32

        init() {
            var ends: (Int32, Int32) = (-1, -1)
            unsafe withUnsafeMutableBytes(of: &ends) { bytes in
                _ = unsafe pipe(bytes.bindMemory(to: Int32.self).baseAddress)
            }
            (reader, writer) = ends
        }

        deinit {
            close(reader)
            close(writer)
        }

        /// All bytes that are ready to read.
        func available() -> [UInt8] {
            _ = cl_fcntl(reader, F_SETFL, O_NONBLOCK)
            var found: [UInt8] = []
            while true {
                let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                    unsafe count = max(0, read(reader, buffer.baseAddress, 65536))
                }
                if chunk.isEmpty { return found }
                found += chunk
            }
        }
    }

    static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    static func append(_ number: Int, to sink: LogSink, isUrgent: Bool = false) {
        sink.append(isUrgent: isUrgent) {
            $0.bytes += Array("line \(number) \(String(repeating: ".", count: 90))\n".utf8)
        }
    }

    @Test("Characters that act on a terminal are escaped in every line")
    func visible() throws {
        let pipe = Pipe()
        let sink = LogSink(pipe.writer, dropped: Counter())
        let text = "a\u{202E}b\u{85}c\u{2028}d\u{7F}e\u{9B}2Jf\u{1B}[2J"
        sink.append(isUrgent: true) { Log.appendLine(to: &$0, at: .system, .info, text, ["fact": .text(text)]) }
        sink.append(isUrgent: true) {
            $0.bytes += Array("{\"userId\":".utf8)
            $0.append(quoted: "\u{2067}\u{7F}")
            $0.bytes += Array("}\n".utf8)
        }
        sink.flush()
        let lines = Self.lines(pipe.available())
        let event = try JSONValue.parse(Array(lines[0].utf8))
        #expect(event["msg"]?.string == text && event["fact"]?.string == text)
        #expect(lines[1] == #"{"userId":"\u2067\u007f"}"#)
        for line in lines { #expect(line.utf8.allSatisfy { 0x20...0x7E ~= $0 }, "\(line)") }
    }

    @Test("Lines are written whole and in order", arguments: [false, true])
    func order(isUrgent: Bool) {
        let pipe = Pipe()
        let counter = Counter()
        let sink = LogSink(pipe.writer, dropped: counter)
        for number in 0..<100 { Self.append(number, to: sink, isUrgent: isUrgent) }
        sink.flush(within: .seconds(20))
        let found = Self.lines(pipe.available())
        #expect(found.count == 100)
        for (number, line) in found.enumerated() { #expect(line.hasPrefix("line \(number) ")) }
        #expect(counter.value == 0)
    }

    @Test("Lines of several threads do not mix")
    func threads() {
        let pipe = Pipe()
        let sink = LogSink(pipe.writer, dropped: Counter())
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<50 { Self.append(thread * 50 + number, to: sink, isUrgent: number % 7 == 0) }
        }
        sink.flush(within: .seconds(20))
        let numbers = Self.lines(pipe.available()).compactMap {
            $0.split(separator: " ").dropFirst().first.map(String.init)
        }
        #expect(numbers.count == 400)
        #expect(Set(numbers).count == 400)
    }

    @Test("Without a reader, appending continues; dropped lines are counted and reported later")
    func unread() {
        let pipe = Pipe()
        let counter = Counter()
        let sink = LogSink(pipe.writer, bytesMax: 8 << 10, dropped: counter)
        for number in 0..<10_000 { Self.append(number, to: sink, isUrgent: true) }
        let dropped = counter.value
        #expect(dropped > 0)
        // The end of the process waits for a limited time.
        sink.flush(within: .milliseconds(10))
        var bytes: [UInt8] = []
        var told: Int64 = 0
        for _ in 0..<2000 where told < dropped {
            bytes += pipe.available()
            told = Self.lines(bytes).reduce(0) { sum, line in
                let event = (try? JSONValue.parse(Array(line.utf8))) ?? .null
                return sum + (event["msg"] == "Log lines were dropped." ? event["count"]?.integer ?? 0 : 0)
            }
            usleep(5000)
        }
        #expect(told == Int64(dropped))
        #expect(Self.lines(bytes).count { $0.hasPrefix("line ") } + Int(dropped) == 10_000)
    }

    @Test("With a closed pipe, lines are only counted")
    func closed() {
        signal(SIGPIPE, SIG_IGN)
        let counter = Counter()
        let sink = LogSink(-1, dropped: counter)
        for number in 0..<100 { Self.append(number, to: sink) }
        sink.flush(within: .seconds(20))
        #expect(counter.value == 100)
    }
}
