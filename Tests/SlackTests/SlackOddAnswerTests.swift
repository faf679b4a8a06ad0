// Answers that Slack's API never writes: what a proxy, a firewall or a page for people sends in its place.

import ProviderSDKTesting
import Testing

@testable import Slack

@Suite("Slack odd answers", .timeLimit(.minutes(1)))
struct SlackOddAnswerTests {
    let answers = OddAnswers(to: SlackProvider())

    @Test("None is taken for a page of records") func pages() async { #expect(await answers.takenForPages() == []) }

    @Test("None ends a grant or a permission") func ends() { #expect(answers.takenForEnds() == []) }
}
