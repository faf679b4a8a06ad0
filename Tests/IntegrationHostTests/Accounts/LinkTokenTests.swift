// Link tokens over a real store: how long an expired one is remembered.

import DocumentStore
import Foundation
import ProviderSDK
import Testing

@testable import IntegrationHost

@Suite("Link tokens")
struct LinkTokenTests {
    @Test("a token that expired long ago is removed; a young one, one without end and one in use stay")
    func sweep() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path
        let data = try DataDirectory(path: path)
        defer {
            data.close()
            try? FileManager.default.removeItem(atPath: path)
        }
        let tokens = LinkTokenStore(data.documents)
        let now = SessionFixtures.now
        func days(_ count: Int) -> Timestamp { now.advanced(by: .seconds(86_400 * count)) }
        func add(_ token: String, expires: Timestamp?, created: Timestamp) async throws {
            try await tokens.add(
                token, LinkToken(attributes: ["discordId": "d"], expiresAt: expires, createdAt: created))
        }
        try await add("old", expires: days(-31), created: days(-40))
        try await add("young", expires: days(-29), created: days(-40))
        try await add("came expired", expires: days(-400), created: days(-1))
        try await add("endless", expires: nil, created: days(-400))
        try await add("good", expires: days(1), created: days(-400))
        #expect(try await tokens.removeForgotten(at: now) == 1)
        #expect(try await tokens.find("old") == nil)
        for token in ["young", "came expired", "endless", "good"] {
            #expect(try await tokens.find(token) != nil, "\(token)")
        }
        #expect(try await tokens.removeForgotten(at: days(60)) == 3)
        #expect(try await tokens.find("endless") != nil)
    }
}
