// Answers that Instagram's API never writes: what a proxy, a firewall or a page for people sends in its place.

import ProviderSDKTesting
import Testing

@testable import Instagram

@Suite("Instagram odd answers", .timeLimit(.minutes(1)))
struct InstagramOddAnswerTests {
    let answers = OddAnswers(to: InstagramProvider())

    @Test("None is taken for a page of records") func pages() async { #expect(await answers.takenForPages() == []) }

    @Test("None ends a grant or a permission") func ends() { #expect(answers.takenForEnds() == []) }
}
