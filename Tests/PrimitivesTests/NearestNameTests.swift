// Suggestions for misspelled names.

import Primitives
import Testing

@Suite("Nearest names", .timeLimit(.minutes(1)))
struct NearestNameTests {
    private static let known = ["serve", "demo", "keys", "--listen", "clientId", "clientSecret", "dataDirectory"]

    @Test(
        "A misspelled name stands for the nearest known one",
        arguments: [
            ("sevre", "serve"), ("server", "serve"), ("dem", "demo"), ("key", "keys"), ("--liste", "--listen"),
            ("clientID", "clientId"), ("client_id", "clientId"), ("client-secret", "clientSecret"),
            ("datadir", "dataDirectory"),
        ])
    func near(given: String, expected: String) { #expect(NearestName.of(given, in: Self.known) == expected) }

    @Test("A name that is near to nothing has no suggestion", arguments: ["", "x", "-", "quarantine", "日本"])
    func far(given: String) {
        #expect(NearestName.of(given, in: Self.known) == nil)
        #expect(NearestName.question(given, in: Self.known).isEmpty)
    }

    @Test("Names longer than the limit are not compared; one of exactly its length is")
    func long() {
        let name = String(repeating: "a", count: NearestName.bytesMax)
        #expect(NearestName.of(name, in: [name]) == name)
        #expect(NearestName.of(name + "a", in: [name]) == nil)
        #expect(NearestName.of(name, in: [name + "a"]) == nil)
    }
}
