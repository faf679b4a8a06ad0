// A response as a value, so that faults can be worked into it before it is sent. It knows no provider.

import HTTPServer
import ProviderSDK

struct Answer: Sendable {
    var status: UInt16
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    init(_ status: UInt16, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON document made beforehand.
    static func json(_ status: UInt16 = 200, bytes: [UInt8], type: String = "application/json") -> Answer {
        Answer(status, headers: [("Content-Type", type)], body: bytes)
    }

    /// A JSON document.
    static func json(_ status: UInt16 = 200, _ value: JSONValue) -> Answer { json(status, bytes: value.serialized) }

    /// A page of rows that are written already, under `_items`, with the `_links` of the page.
    static func items(_ rows: [[UInt8]], links: JSONValue) -> Answer {
        json(
            bytes: Array("{\"_links\":".utf8) + links.serialized + Array(",\"_items\":".utf8) + rows.jsonArray + [0x7D])
    }

    static func text(_ status: UInt16, _ text: String, type: String = "text/plain; charset=utf-8") -> Answer {
        Answer(status, headers: [("Content-Type", type)], body: Array(text.utf8))
    }

    static func redirect(to location: String) -> Answer {
        Answer(
            302, headers: [("Location", location), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")])
    }

    /// The same with one more header field.
    func with(_ name: String, _ value: String) -> Answer {
        var answer = self
        answer.headers.append((name, value))
        return answer
    }

    func with(_ fields: [(name: String, value: String)]) -> Answer {
        var answer = self
        answer.headers += fields
        return answer
    }

    var response: HTTPResponse { HTTPResponse(status: HTTPStatus(status), headers: headers, body: body) }
}
