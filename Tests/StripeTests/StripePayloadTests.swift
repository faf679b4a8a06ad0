// Bodies as Stripe sends them: the project's own ones, and published ones where a folder of them is there.

import HostTesting
import Testing

@testable import Stripe

@Suite("Stripe payloads", .timeLimit(.minutes(1)))
struct StripePayloadTests {
    @Test("Every delivery has its events and its answer")
    func deliveries() throws { #expect(try PayloadCases(of: StripeProvider()).checkDeliveries() > 1) }

    @Test("Every row of a list becomes its record")
    func lists() throws { #expect(try PayloadCases(of: StripeProvider()).checkLists() > 0) }

    @Test("Published payloads are read", .enabled(if: PayloadCases.hasOthers("stripe"), "there are no others"))
    func others() throws { #expect(try PayloadCases(of: StripeProvider()).readOthers() > 0) }
}
