// Many requests of one user at the same time: each is carried out, none is lost, and none is told that the store is away.

import HostTesting
import ProviderSDK
import Testing

@Suite("Requests at the same time", .timeLimit(.minutes(5)))
struct ConcurrencyTests {
    private func statuses(
        _ count: Int, _ request: @escaping @Sendable (Int) async throws -> TestResponse
    ) async throws -> [Int] {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<count { group.addTask { try await request(number).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test("Concurrent changes of one user are all made, one after another")
    func oneUser() async throws {
        let installation = try await TestInstallation()
        let user = try await installation.client(user: "1")
        let bot = try await installation.client(user: "bot", flags: ["--kind", "bot"])
        let made = try await statuses(150) { number in
            try await user.post(
                "/api/userIntegration", #"{"isconnected":false,"userId":"1","integrationId":"i\#(number)"}"#)
        }
        #expect(made == Array(repeating: 200, count: 150))
        let list = try await user.get("/api/userIntegration?page=1&limit=1000").json["data"]?.array ?? []
        #expect(Set(list.compactMap { $0["integrationId"]?.string }).count == 150)
        let changed = try await statuses(60) { number in
            try await user.send("PATCH", "/api/v1/users/1/integrations/arc", body: #"{"iidx":"a\#(number)"}"#)
        }
        #expect(changed == Array(repeating: 200, count: 60))
        #expect(try await user.get("/api/integrations/connections?service=arc").json["connections"]?.count == 1)
        // A token is taken once, and becomes one user's.
        let added = try await statuses(40) { _ in
            try await bot.post("/external-accounts", #"{"token":"t","attributes":{"discordId":"d"}}"#)
        }
        #expect(added.filter { $0 == 201 }.count == 1 && added.filter { $0 == 409 }.count == 39)
        var users: [TestClient] = []
        for number in 0..<8 { users.append(try await installation.client(user: "user-\(number)")) }
        let owners = users
        let linked = try await statuses(8) { try await owners[$0].send("PATCH", "/external-accounts/link/t") }
        #expect(linked.filter { $0 == 204 }.count == 1 && linked.filter { $0 == 404 }.count == 7)
    }
}
