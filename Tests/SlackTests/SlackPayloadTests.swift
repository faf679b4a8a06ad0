// Bodies as Slack sends them: the project's own ones, and published ones where a folder of them is there.

import HostTesting
import Testing

@testable import Slack

@Suite("Slack payloads", .timeLimit(.minutes(1)))
struct SlackPayloadTests {
    @Test("Every delivery has its events and its answer")
    func deliveries() throws { #expect(try PayloadCases(of: SlackProvider()).checkDeliveries() > 1) }

    @Test("Every row of a list becomes its record")
    func lists() throws { #expect(try PayloadCases(of: SlackProvider()).checkLists() > 0) }

    @Test("Published payloads are read", .enabled(if: PayloadCases.hasOthers("slack"), "there are no others"))
    func others() throws { #expect(try PayloadCases(of: SlackProvider()).readOthers() > 0) }
}
