// Link tokens over a real store: when an expired or used token is removed.

import DocumentStore
import Foundation
import ProviderSDK
import Storage
import Testing
import Users

@testable import ConnectionModel
@testable import Connections

@Suite("Link tokens", .timeLimit(.minutes(2)))
struct LinkTokenTests {
    private func withTokens(_ body: (LinkTokenStore) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tokens-\(UUID().uuidString)").path
        let data = try DataDirectory(path: path)
        defer {
            data.close()
            try? FileManager.default.removeItem(atPath: path)
        }
        try await body(LinkTokenStore(data.documents))
    }

    private let now = SessionFixtures.now
    private func days(_ count: Int) -> Timestamp { now.advanced(by: .seconds(86_400 * count)) }

    @Test("A used token without an expiry is removed after a month, and an unused one is kept")
    func used() async throws {
        try await withTokens { tokens in
            for token in ["used", "again", "unused", "ends"] {
                try await tokens.add(
                    token,
                    LinkToken(
                        attributes: ["discordId": "d"], expiresAt: token == "ends" ? days(400) : nil,
                        createdAt: days(-400)))
            }
            for token in ["used", "again", "ends"] { try await tokens.claim(token, for: "1", at: days(-31)) }
            // Claiming a token again does not extend its time.
            try await tokens.claim("again", for: "1", at: now)
            #expect(try await tokens.find("used")?.linkedAt == days(-31))
            #expect(try await tokens.removeForgotten(at: days(-2)) == 0)
            #expect(try await tokens.removeForgotten(at: now) == 2)
            #expect(try await tokens.find("used") == nil)
            #expect(try await tokens.find("unused") != nil)
            #expect(try await tokens.find("ends") != nil)
            #expect(try await tokens.removeForgotten(at: days(431)) == 1)
        }
    }

    @Test("A used token is visible to its user, compared by bytes, and to bots and services")
    func owner() {
        var token = LinkToken(attributes: ["discordId": "d"], expiresAt: nil, createdAt: now)
        func principal(_ id: String, _ kind: PrincipalKind = .session, roles: [String] = []) -> Principal {
            Principal(userID: id, roles: roles, kind: kind, sessionBinding: "s")
        }
        let others = [principal("e\u{301}"), principal("2", .apiKey), principal("root", roles: ["superuser"])]
        for other in others { #expect(token.mayBeSeen(by: other)) }
        token.linkedBy = "\u{E9}"
        for other in others { #expect(!token.mayBeSeen(by: other)) }
        for kind in [PrincipalKind.session, .apiKey] { #expect(token.mayBeSeen(by: principal("\u{E9}", kind))) }
        for kind in [PrincipalKind.bot, .service] { #expect(token.mayBeSeen(by: principal("bot", kind))) }
    }

    @Test("A token is removed a month after its expiry; newer, endless and valid tokens are kept")
    func sweep() async throws {
        try await withTokens { tokens in try await sweep(tokens) }
    }

    private func sweep(_ tokens: LinkTokenStore) async throws {
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
