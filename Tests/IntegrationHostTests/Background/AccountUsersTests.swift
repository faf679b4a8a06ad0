// The users of accounts: the index in memory over restarts and changes, and the stored lists that decide who ends a grant.

import DocumentStore
import Primitives
import ProviderSDK
import Storage
import TestSupport
import Testing
import Users

@testable import Background
@testable import ConnectionModel
@testable import Observability

@Suite("Users of accounts", .timeLimit(.minutes(1)))
struct AccountUsersTests {
    private final class Fixture: Sendable {
        let directory: TemporaryDirectory
        let data: DataDirectory
        let users: UserStore
        let accounts: AccountUsers
        let clock = ManualClock()

        init(_ directory: TemporaryDirectory? = nil, indexing services: Set<String> = ["acme"]) throws {
            self.directory = try directory ?? TemporaryDirectory()
            data = try DataDirectory(path: self.directory.path + "/data")
            users = UserStore(data.documents)
            accounts = AccountUsers(
                users: users, documents: data.documents, indexing: services, time: clock.source,
                log: Log(level: .error))
        }

        /// Connects an account of a user; the connection has a grant.
        func connect(
            _ user: String, _ account: String = "account", service: String = "acme", variant: String? = nil
        ) async throws -> Connection {
            try await users.update(user) { (user) throws(ServiceError) -> Connection in
                let id = try user.add(
                    service: service, variant: variant, status: .connected, shard: UserStore.shard(of: user.id),
                    random: String(repeating: "x", count: 21) + String(user.connections.count), at: .epoch)
                return try user.update(id) { (connection) throws(ServiceError) in
                    connection.stored.accountID = account
                    connection.stored.accessToken = "sealed"
                    return connection
                }
            }
        }

        func users(of account: String, service: String = "acme", variant: String? = nil) -> [String] {
            accounts.users(of: AccountKey(service: service, variant: variant, accountID: account))
        }
    }

    @Test("The index finds users after a restart and follows changes")
    func index() async throws {
        let first = try Fixture()
        for user in ["u", "v"] { _ = try await first.connect(user) }
        _ = try await first.connect("u", "other")
        _ = try await first.connect("w", service: "silent")
        #expect(first.users(of: "account") == ["u", "v"])
        #expect(!first.accounts.isComplete)
        first.data.close()
        let second = try Fixture(first.directory)
        #expect(second.users(of: "account").isEmpty)
        await second.accounts.read()
        #expect(second.accounts.isComplete)
        #expect(second.users(of: "account").sorted() == ["u", "v"])
        #expect(second.users(of: "other") == ["u"])
        #expect(second.users(of: "account", service: "silent").isEmpty)
        #expect(second.accounts.covers("acme") && !second.accounts.covers("silent"))
        _ = try await second.connect("x")
        #expect(second.users(of: "account").sorted() == ["u", "v", "x"])
        second.data.close()
    }

    @Test("Accounts with other bytes, variants or borders between the parts are other accounts")
    func keys() async throws {
        let fixture = try Fixture(indexing: ["acme", "a"])
        _ = try await fixture.connect("u", "\u{E9}")
        _ = try await fixture.connect("v", "e\u{301}")
        _ = try await fixture.connect("w", "\u{E9}", variant: "red")
        _ = try await fixture.connect("e\u{301}")
        _ = try await fixture.connect("\u{E9}")
        #expect(fixture.users(of: "\u{E9}") == ["u"])
        #expect(fixture.users(of: "e\u{301}") == ["v"])
        #expect(fixture.users(of: "\u{E9}", variant: "red") == ["w"])
        #expect(fixture.users(of: "account").count == 2, "users compare byte for byte, too")
        #expect(fixture.users(of: "\u{E9}", service: "a", variant: "cme").isEmpty)
        fixture.data.close()
    }

    @Test("A list is stored under the same id and in the same form as before")
    func storedForm() throws {
        let id = AccountKey.documentID(service: "plain", variant: "red", accountID: "account")
        #expect(String(decoding: id, as: UTF8.self) == "4-pR7f_2Zf8vhqWrEh7SPB1YB7HhviHxboIyvQ_qS7c")
        let text =
            #"{"users":[{"userId":"u","at":"2026-01-01T00:00:00.000Z"},"#
            + #"{"userId":"é","at":"2026-01-01T00:00:00.001Z"}]}"#
        let list = try AccountUserList(document: Array(text.utf8))
        #expect(list.entries.map(\.user) == ["u", "é"])
        #expect(String(decoding: list.document, as: UTF8.self) == text)
    }

    @Test(
        "The last user of an account is found with a list, with the index, and without both",
        arguments: [(true, true), (true, false), (false, true), (false, false)])
    func last(_ hasList: Bool, _ isIndexed: Bool) async throws {
        let fixture = try Fixture(indexing: isIndexed ? ["acme"] : [])
        var connections: [(user: String, connection: Connection)] = []
        for user in ["u", "v"] { connections.append((user, try await fixture.connect(user))) }
        if hasList {
            for (user, connection) in connections {
                try await fixture.accounts.add(connection, accountID: "account", user: user)
            }
        }
        await fixture.accounts.read()
        #expect(try await fixture.accounts.standing(of: connections[0].connection, user: "u") == .shared)
        try await fixture.users.update("v") { (user) throws(ServiceError) in
            try user.updateFirst { $0.stored.accessToken = nil }
        }
        fixture.clock.advance(by: AccountUsers.connectingTimeMax + .seconds(1))
        #expect(try await fixture.accounts.standing(of: connections[0].connection, user: "u") == .last)
        fixture.data.close()
    }

    @Test("A user who is about to connect the account counts for two minutes")
    func connecting() async throws {
        let fixture = try Fixture()
        let connection = try await fixture.connect("u")
        for user in ["u", "v"] { try await fixture.accounts.add(connection, accountID: "account", user: user) }
        #expect(try await fixture.accounts.standing(of: connection, user: "u") == .shared)
        fixture.clock.advance(by: AccountUsers.connectingTimeMax + .seconds(1))
        #expect(try await fixture.accounts.standing(of: connection, user: "u") == .last)
        fixture.data.close()
    }
}
