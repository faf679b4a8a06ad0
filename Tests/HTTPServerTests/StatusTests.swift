// Statuses and methods: the small tables.

import HTTPServer
import Testing

@Suite("Status", .timeLimit(.minutes(2)))
struct StatusTests {
    @Test(
        "A code that cannot end a response becomes 500",
        arguments: [(200, 200), (599, 599), (199, 500), (600, 500), (100, 500), (0, 500)] as [(UInt16, UInt16)])
    func codeCannotEndResponseBecomes(code: UInt16, expected: UInt16) {
        #expect(HTTPStatus(code).code == expected)
    }

    @Test("Only 204 and 304 forbid a body")
    func only204304ForbidBody() {
        #expect((200...599).filter { HTTPStatus($0).forbidsBody } == [204, 304])
    }

    @Test("Every status that has a name has a phrase")
    func everyStatusNamePhrase() {
        #expect("\(HTTPStatus.ok)" == "200 OK")
        #expect("\(HTTPStatus.contentTooLarge)" == "413 Content Too Large")
        #expect("\(HTTPStatus(299))" == "299 ")
    }

    @Test("A set of methods is written as an Allow field")
    func setMethodsWrittenAllowField() {
        #expect(HTTPMethodSet.all.fieldValue == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
        #expect(HTTPMethodSet([HTTPMethodSet(.post), HTTPMethodSet(.get)]).fieldValue == "GET, POST")
        #expect(HTTPMethodSet().fieldValue == "")
    }

    @Test("Every refusal has a client or server error status and its own name")
    func everyRefusalClientServerError() {
        for reason in RequestRejection.allCases {
            #expect((400...599).contains(reason.status.code))
            #expect(reason.status.reasonPhrase.utf8CodeUnitCount > 0)
        }
        #expect(Set(RequestRejection.allCases.map(\.name)).count == RequestRejection.allCases.count)
        #expect(RequestRejection.bodyTooLarge.name == "bodyTooLarge")
    }
}
