// Answers that Discord's API never writes: what a proxy, a firewall or a page for people sends in its place.

import ProviderSDKTesting
import Testing

@testable import Discord

@Suite("Discord odd answers", .timeLimit(.minutes(1)))
struct DiscordOddAnswerTests {
    let answers = OddAnswers(to: DiscordProvider(), settings: ["guildId": "1"])

    @Test("None is taken for a page of records") func pages() async { #expect(await answers.takenForPages() == []) }

    @Test("None ends a grant or a permission") func ends() { #expect(answers.takenForEnds() == []) }
}
