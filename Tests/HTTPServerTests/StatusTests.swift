// Statuses and methods: the small tables.

import HTTPServer
import Testing

@Suite struct StatusTests {
    @Test(arguments: [(200, 200), (599, 599), (199, 500), (600, 500), (100, 500), (0, 500)] as [(UInt16, UInt16)])
    func `a code that cannot end a response becomes 500`(code: UInt16, expected: UInt16) {
        #expect(HTTPStatus(code).code == expected)
    }

    @Test func `only 204 and 304 forbid a body`() {
        #expect((200...599).filter { HTTPStatus($0).forbidsBody } == [204, 304])
    }

    @Test func `every status that has a name has a phrase`() {
        #expect("\(HTTPStatus.ok)" == "200 OK")
        #expect("\(HTTPStatus.contentTooLarge)" == "413 Content Too Large")
        #expect("\(HTTPStatus(299))" == "299 ")
    }

    @Test func `a set of methods is written as an Allow field`() {
        #expect(HTTPMethodSet.all.fieldValue == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
        #expect(HTTPMethodSet([HTTPMethodSet(.post), HTTPMethodSet(.get)]).fieldValue == "GET, POST")
        #expect(HTTPMethodSet().fieldValue == "")
    }

    @Test func `every refusal has a client or server error status and its own name`() {
        for reason in RequestRejection.allCases {
            #expect((400...599).contains(reason.status.code))
            #expect(reason.status.reasonPhrase.utf8CodeUnitCount > 0)
        }
        #expect(Set(RequestRejection.allCases.map(\.name)).count == RequestRejection.allCases.count)
        #expect(RequestRejection.bodyTooLarge.name == "bodyTooLarge")
    }
}
