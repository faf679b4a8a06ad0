// The readiness that a load balancer sees while the host stops.

import DocumentStore
import Foundation
import Storage
import Testing

@testable import IntegrationHost

@Suite("Readiness", .timeLimit(.minutes(2)))
struct ReadinessTests {
    @Test("A host is ready until it begins to stop, and then reports the reason")
    func draining() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "ready-\(UUID().uuidString)").path
        let data = try DataDirectory(path: path)
        defer {
            data.close()
            try? FileManager.default.removeItem(atPath: path)
        }
        let readiness = Readiness(data)
        #expect(readiness.reason == nil)
        readiness.drain()
        #expect(readiness.reason == "draining")
    }
}
