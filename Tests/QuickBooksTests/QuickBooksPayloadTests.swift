// Bodies as QuickBooks sends them: the project's own ones, and published ones where a folder of them is there.

import HostTesting
import Testing

@testable import QuickBooks

@Suite("QuickBooks payloads", .timeLimit(.minutes(1)))
struct QuickBooksPayloadTests {
    @Test("Every delivery has its events and its answer")
    func deliveries() throws { #expect(try PayloadCases(of: QuickBooksProvider()).checkDeliveries() > 1) }

    @Test("Every row of a list becomes its record")
    func lists() throws { #expect(try PayloadCases(of: QuickBooksProvider()).checkLists() > 0) }

    @Test("Published payloads are read", .enabled(if: PayloadCases.hasOthers("quickbooks"), "there are no others"))
    func others() throws { #expect(try PayloadCases(of: QuickBooksProvider()).readOthers() > 0) }
}
