// Answers that Reddit's API never writes: what a proxy, a firewall or a page for people sends in its place.

import ProviderSDKTesting
import Testing

@testable import Reddit

@Suite("Reddit odd answers", .timeLimit(.minutes(1)))
struct RedditOddAnswerTests {
    let answers = OddAnswers(to: RedditProvider())

    @Test("None is taken for a page of records") func pages() async { #expect(await answers.takenForPages() == []) }

    @Test("None ends a grant or a permission") func ends() { #expect(answers.takenForEnds() == []) }
}
