// What a response looks like on the wire, whatever is put into it.

import Testing

@testable import HTTPServer

@Suite("Response writer", .timeLimit(.minutes(2)))
struct ResponseWriterTests {
    private static func sent(
        _ framing: ResponseFraming = ResponseFraming(), _ write: (inout ResponseWriter) -> Void
    ) -> String {
        var writer = ResponseWriter()
        var output = ByteBuffer()
        var date = DateCache()
        date.set(second: 784_111_777)
        write(&writer)
        writer.finish(into: &output, framing, date: date)
        return String(decoding: output.array, as: UTF8.self)
    }

    private static let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

    @Test("An empty answer has a length of 0")
    func emptyAnswerLength0() {
        #expect(Self.sent { _ in } == "HTTP/1.1 200 OK\r\n\(Self.date)Content-Length: 0\r\n\r\n")
    }

    @Test("Status, fields and body may come in any order")
    func statusFieldsBodyMayCome() {
        let text = Self.sent {
            $0.body.append("hel")
            $0.header("A", "b")
            $0.status = .created
            $0.body.append("lo")
            $0.header("C", 12)
        }
        #expect(text == "HTTP/1.1 201 Created\r\n\(Self.date)A: b\r\nC: 12\r\nContent-Length: 5\r\n\r\nhello")
    }

    @Test("HEAD has the length of the body and not the body")
    func headLengthBodyBody() {
        let text = Self.sent(ResponseFraming(isHead: true)) { $0.body.append("hello") }
        #expect(text.hasSuffix("Content-Length: 5\r\n\r\n"))
    }

    @Test("204 and 304 have neither body nor length", arguments: [HTTPStatus.noContent, .notModified])
    func case204304NeitherBodyNor(status: HTTPStatus) {
        let text = Self.sent {
            $0.status = status
            $0.body.append("hello")
        }
        #expect(!text.contains("Content-Length") && text.hasSuffix("\r\n\r\n"))
    }

    @Test("The connection is described by the server")
    func connectionDescribedServer() {
        #expect(Self.sent(ResponseFraming(closes: true)) { _ in }.contains("\r\nConnection: close\r\n"))
        #expect(Self.sent(ResponseFraming(saysKeepAlive: true)) { _ in }.contains("\r\nConnection: keep-alive\r\n"))
        let both = Self.sent(ResponseFraming(closes: true, saysKeepAlive: true)) { _ in }
        #expect(both.contains("\r\nConnection: close\r\n") && !both.contains("keep-alive"))
    }

    @Test(
        "No value can end its line",
        arguments: ["b\r\nInjected: c", "b\nInjected: c", "b\rInjected: c", "b\u{0}c", "b\u{7F}", "\r\n\r\n<html>"])
    func valueCanEndLine(value: String) {
        let texts = [
            Self.sent { $0.header("A", value) }, Self.sent { $0.header(name: "A", value: value) },
            Self.sent { $0.header("A", Array(value.utf8).span) },
            Self.sent { $0.write(HTTPResponse(status: .ok, headers: [("A", value)])) },
        ]
        for text in texts {
            let head = Array(text.utf8)
            #expect(!head.contains(0) && !head.contains(127))
            #expect(text.components(separatedByLineEnds: "\r\n").count == 6, "\(text)")
            #expect(!text.contains("\nInjected") && !text.contains("\rInjected"))
            #expect(text.contains("A: "))
        }
    }

    @Test(
        "A name that is not a token is dropped",
        arguments: ["", "A B", "A:", "A\r\nB", "A\n", "é", "A\u{0}", "(", "\"A\""])
    func nameTokenDropped(name: String) {
        #expect(Self.sent { $0.header(name: name, value: "b") } == Self.sent { _ in })
    }

    @Test(
        "Fields that frame the message are the server's",
        arguments: [
            "Content-Length", "content-length", "TRANSFER-ENCODING", "Connection", "Keep-Alive", "Date", "Upgrade",
            "Trailer",
        ])
    func fieldsFrameMessageServerS(name: String) {
        #expect(Self.sent { $0.header(name: name, value: "0") } == Self.sent { _ in })
    }

    @Test("405 always says what is allowed")
    func case405AlwaysSaysAllowed() {
        let own = Self.sent {
            $0.status = .methodNotAllowed
            $0.header("allow", "GET")
        }
        #expect(own.contains("allow: GET\r\n") && !own.contains("Allow: "))
        #expect(Self.sent { $0.status = .methodNotAllowed }.contains("Allow: \r\n"), "what is not known is not claimed")
    }

    @Test("A reset restores the initial state")
    func resetBeginsAnew() {
        let text = Self.sent {
            $0.status = .badRequest
            $0.header("A", "b")
            $0.body.append("hello")
            $0.reset()
        }
        #expect(text == Self.sent { _ in })
    }

    @Test(
        "Dates are IMF-fixdate",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ])
    func datesIMFFixdate(second: Int, expected: String) {
        var date = DateCache()
        date.set(second: second)
        var output = ByteBuffer()
        date.append(to: &output)
        #expect(String(decoding: output.array, as: UTF8.self) == expected)
    }

    @Test(
        "Numbers are written in decimal",
        arguments: [0, 1, 9, 10, 99, 100, 12345, .max, .min, -1, -10, 999_999_999_999, 1_000_000_000_000_000_000])
    func numbersWrittenDecimal(number: Int) {
        var buffer = ByteBuffer()
        buffer.append(decimal: number)
        #expect(String(decoding: buffer.array, as: UTF8.self) == String(number))
    }

    @Test("A buffer grows and keeps what was written")
    func bufferGrowsKeepsWritten() {
        var buffer = ByteBuffer(capacity: 1)
        var expected: [UInt8] = []
        for index in 0..<1000 {
            let piece = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index % 17)
            buffer.append(piece)
            expected += piece
        }
        #expect(buffer.array == expected)
        buffer.truncate(to: 10)
        #expect(buffer.array == Array(expected[..<10]))
        buffer.append(atMost: 5) { $0.append(repeating: 7, count: 3) }
        #expect(buffer.array == Array(expected[..<10]) + [7, 7, 7])
        buffer.removeAll(keepingAtMost: 100)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }
}

extension String {
    /// The pieces between `separator`, compared as bytes: CR LF is one `Character`.
    func components(separatedByLineEnds separator: String) -> [[UInt8]] {
        var pieces: [[UInt8]] = [[]]
        let bytes = Array(utf8)
        let end = Array(separator.utf8)
        var at = 0
        while at < bytes.count {
            if bytes[at...].starts(with: end) {
                pieces.append([])
                at += end.count
            } else {
                pieces[pieces.count - 1].append(bytes[at])
                at += 1
            }
        }
        return pieces
    }
}
