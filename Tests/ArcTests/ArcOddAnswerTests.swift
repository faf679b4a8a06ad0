// Answers that Arc's API never writes: what a proxy, a firewall or a page for people sends in its place.

import ProviderSDKTesting
import Testing

@testable import Arc

@Suite("Arc odd answers", .timeLimit(.minutes(1)))
struct ArcOddAnswerTests {
    let answers = OddAnswers(to: ArcProvider())

    @Test("None is taken for a page of records") func pages() async { #expect(await answers.takenForPages() == []) }

    @Test("None ends a grant or a permission") func ends() { #expect(answers.takenForEnds() == []) }
}
