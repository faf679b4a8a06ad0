// What a page of a provider takes in memory, foreseen from its bytes.

import Testing

@testable import ProviderSDK
@testable import Providers

@Suite("Memory of answers", .timeLimit(.minutes(1)))
struct AnswerMemoryTests {
    @Test(
        "The memory foreseen for an answer is at least that of its bytes, its parsed values and its records",
        arguments: [
            #"{"data":[]}"#, #"{"data":[{"id":"t1","size":1},{"id":"t2","size":[1,2,[3]],"x":{"y":{}}}]}"#,
            "{\"data\":[[\(String(repeating: "1,", count: 5000))1]]}", #"{"a":{},"b":[[],[]],"c":null}"#, "1",
        ])
    func foreseen(text: String) throws {
        let bytes = Array(text.utf8)
        let nodes = try JSONParser.parse(bytes, limits: .provider).nodes
        let values = nodes.count * MemoryLayout<JSONNode>.stride
        let foreseen = AnswerMemory.bytes(of: bytes.span)
        #expect(foreseen + MemoryLayout<JSONNode>.stride >= 2 * bytes.count + values)
        #expect(foreseen <= 2 * bytes.count + 2 * values, "Honest pages do not wait for memory that none takes.")
    }

    @Test("An answer in pieces takes what it takes as a whole")
    func pieces() {
        let bytes = Array(#"{"data":[{"id":"t1","size":1},{"id":"t2"}]}"#.utf8)
        for cut in bytes.indices {
            let pieces = [bytes[..<cut], bytes[cut...]].map { AnswerMemory.bytes(of: $0.span) }
            #expect(pieces[0] + pieces[1] == AnswerMemory.bytes(of: bytes.span))
        }
    }
}
