// Answers that Stripe's API never writes: what a proxy, a firewall or a page for people sends in its place.

import ProviderSDKTesting
import Testing

@testable import Stripe

@Suite("Stripe odd answers", .timeLimit(.minutes(1)))
struct StripeOddAnswerTests {
    let answers = OddAnswers(to: StripeProvider())

    @Test("None is taken for a page of records") func pages() async { #expect(await answers.takenForPages() == []) }

    @Test("None ends a grant or a permission") func ends() { #expect(answers.takenForEnds() == []) }
}
