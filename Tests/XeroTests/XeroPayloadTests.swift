// Bodies as Xero sends them: the project's own ones, and published ones where a folder of them is there.

import HostTesting
import Testing

@testable import Xero

@Suite("Xero payloads", .timeLimit(.minutes(1)))
struct XeroPayloadTests {
    @Test("Every delivery has its events and its answer")
    func deliveries() throws { #expect(try PayloadCases(of: XeroProvider()).checkDeliveries() > 1) }

    @Test("Every row of a list becomes its record")
    func lists() throws { #expect(try PayloadCases(of: XeroProvider()).checkLists() > 0) }

    @Test("Published payloads are read", .enabled(if: PayloadCases.hasOthers("xero"), "there are no others"))
    func others() throws { #expect(try PayloadCases(of: XeroProvider()).readOthers() > 0) }
}
