// Lines of the log as messages to the journal of systemd.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import Observability

@Suite("Journal", .timeLimit(.minutes(1)))
struct JournalTests {
    private func message(_ line: String) -> String {
        String(decoding: JournalSocket.message(Array(line.utf8)[...]), as: UTF8.self)
    }

    @Test("A line becomes its message, its priority, and a field for each fact")
    func fields() {
        let line =
            #"{"ts":"2026-05-01T10:00:00.000Z","level":"warning","msg":"Slow.","connectionId":"c 1","count":3,"none":null}"#
        #expect(
            message(line) == """
                IH_CONNECTION_ID=c 1
                IH_COUNT=3
                MESSAGE=Slow.
                PRIORITY=4
                SYSLOG_IDENTIFIER=integration-host

                """)
    }

    @Test(
        "Levels are the priorities of syslog",
        arguments: [("error", 3), ("warning", 4), ("info", 6), ("debug", 7), ("other", 6)])
    func priorities(level: String, priority: Int) {
        #expect(message(#"{"level":"\#(level)","msg":"m"}"#).contains("PRIORITY=\(priority)\n"))
    }

    @Test("A fact with a line feed has its length in front, so that it adds no field")
    func lineFeeds() {
        let bytes = JournalSocket.message(Array(#"{"msg":"m","reason":"a\nPRIORITY=0"}"#.utf8)[...])
        let expected = Array("IH_REASON\n".utf8) + [12, 0, 0, 0, 0, 0, 0, 0] + Array("a\nPRIORITY=0\n".utf8)
        #expect(bytes.starts(with: expected))
    }

    @Test("A line that is no JSON is a message as it is; a key that cannot be a field is left out")
    func odd() {
        #expect(message("plain text").hasPrefix("MESSAGE=plain text\n"))
        #expect(message(#"{"msg":"m","a-b":"x"}"#) == "MESSAGE=m\nPRIORITY=6\nSYSLOG_IDENTIFIER=integration-host\n")
        #expect(!message("{\"msg\":\"m\",\"\(String(repeating: "a", count: 70))\":1}").contains("IH_"))
    }

    @Test("Lines arrive at the socket; without a listener the sender says so")
    func socket() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/journal"
        let journal = try #require(JournalSocket(path: path))
        let line = Array(#"{"level":"info","msg":"hello"}"#.utf8)
        #expect(!journal.send(line[...]))
        let listener = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        #expect(journal.send(line[...]))
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(listener, $0.baseAddress, $0.count, 0) }
        #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self).hasPrefix("MESSAGE=hello\n"))
    }

    @Test("Only the stream that the service manager names leads to the journal")
    func stream() throws {
        var status = stat()
        #expect(unsafe fstat(STDERR_FILENO, &status) == 0)
        #expect(JournalSocket(behind: STDERR_FILENO, stream: "\(status.st_dev):\(status.st_ino)", path: "/x") != nil)
        #expect(
            JournalSocket(behind: STDERR_FILENO, stream: "\(status.st_dev):\(status.st_ino + 1)", path: "/x") == nil)
        #expect(JournalSocket(behind: STDERR_FILENO, stream: nil, path: "/x") == nil)
    }
}
