// Accounts that are linked by tokens: what the provider does then, and which users its list of members archives.

import Observability
import ProviderSDK
import Storage
import Synchronization
import Testing
import Users

@testable import ConnectionModel
@testable import Connections

@Suite("Linked accounts", .timeLimit(.minutes(1)))
struct LinkedAccountTests {
    /// A provider whose bot hands out tokens, with an action after linking.
    private static func linked(_ manifest: inout ProviderManifest) {
        manifest.actions = [
            ProviderAction(
                "takeRole", "Takes a role.", request(.delete, "/members/{input.userId}/{setting.role}")
            ) {
                $0.toleratedCodes = ["gone"]
                $0.idleWithout = ["role"]
            }
        ]
        manifest.errors = ErrorClassification([]) { $0.code = ["code"] }
        manifest.linking = AccountLinking(accountIDAttribute: "plainId") { linking in
            linking.actionsOnLink = ["takeRole"]
            linking.memberDataType = "members"
        }
        manifest.dataTypes = [
            DataType(
                "members",
                mapping: FieldMapping(
                    "member", sourceID: ["id"],
                    [
                        Field("accountId", from: "id", as: .text, isRequired: true),
                        Field("joinedAt", from: "joined", as: .iso8601),
                    ])
            ) {
                $0.list = ListRequest(request(.get, "/members"), items: "", paging: .none)
            }
        ]
    }

    private static func request(_ method: ProviderRequest.Method, _ path: String) -> ProviderRequest {
        ProviderRequest(method, path) { $0.authorization = .none }
    }

    private static func fixture(
        _ server: TokenServer, role: String? = nil
    ) throws -> (OAuthFixture, ExternalAccountService) {
        let fixture = try OAuthFixture(server.url) { _ in
        } manifest: { manifest in
            linked(&manifest)
            manifest.settings = [
                role.map { ProviderSetting("role", "A role.", defaultValue: $0) } ?? ProviderSetting("role", "A role.")
            ]
        }
        let service = ExternalAccountService(
            users: fixture.users, tokens: LinkTokenStore(fixture.data.documents), registry: fixture.registry,
            gateway: fixture.gateway, time: fixture.time, log: Log(level: .error))
        return (fixture, service)
    }

    private static func link(
        _ account: String, to user: String, _ service: ExternalAccountService
    ) async throws -> ExternalAccountService.LinkOutcome {
        try await service.add(
            "token-\(account)", attributes: .object([("plainId", .string(account))]), expiresAt: nil)
        return try await service.link(
            "token-\(account)", to: Principal(userID: user, kind: .session, sessionBinding: "s"))
    }

    private static func account(of user: String, _ fixture: OAuthFixture) async throws -> ExternalAccount {
        try #require(ExternalAccount(try await fixture.users.user(user).externalAccount))
    }

    @Test(
        "An action fails where its object is missing, is needless where its subject is gone, and is left out without its setting",
        arguments: [
            (nil, 200, "", LinkActionOutcome.leftOut), ("9", 204, "", .done),
            ("9", 404, #"{"code":"gone"}"#, .needless), ("9", 404, #"{"code":"norole"}"#, .failed),
        ] as [(String?, Int, String, LinkActionOutcome)])
    func actions(role: String?, status: Int, body: String, outcome: LinkActionOutcome) async throws {
        let server = try TokenServer { _ in .json(status, body) }
        let (fixture, service) = try Self.fixture(server, role: role)
        let before = outcome.count
        let result = try await Self.link("a", to: "u", service)
        #expect(result == (outcome == .failed ? .actionFailed("takeRole") : .linked))
        #expect(outcome.count > before)
        #expect(server.requests("/api/members/a/9").count == (role == nil ? 0 : 1))
        let account = try await Self.account(of: "u", fixture)
        #expect(account.accountID == "a" && account.isMember && !account.isArchived)
        #expect(account.actions.map(\.outcome) == [outcome])
        let notes = fixture.provider.notes(on: account)
        #expect(notes.isEmpty == (outcome == .done || outcome == .needless))
        if outcome == .leftOut {
            #expect(notes == ["Linking the account did not perform “takeRole”, because “role” is not configured."])
        }
        fixture.stop()
        server.stop()
    }

    @Test("One malformed member does not stop the others, and archives no one whom it could be")
    func malformedMembers() async throws {
        let list = Mutex("")
        let server = try TokenServer { request in
            request.path == "/api/members" ? .json(200, list.withLock { $0 }) : .json(204, "")
        }
        let (fixture, service) = try Self.fixture(server)
        for user in ["here", "gone", "odd"] { _ = try await Self.link(user, to: user, service) }
        func sync(_ members: String) async throws -> ExternalAccountService.MemberSync {
            list.withLock { $0 = members }
            return try await service.syncMembers(of: fixture.provider)
        }
        // Its id can be read, so it is a member; the one without an id could be anyone.
        let first = try await sync(
            #"[{"id":"here","joined":"2024-01-01T00:00:00Z"},{"id":"odd","joined":"yesterday"},{"joined":null}]"#)
        #expect(first.members == 3 && first.users == 3 && first.archived == 0)
        let second = try await sync(#"[{"id":"here"},{"id":"odd","joined":"yesterday"}]"#)
        #expect(second.archived == 1)
        #expect(try await Self.account(of: "gone", fixture).isArchived)
        #expect(try await Self.account(of: "odd", fixture).isMember)
        #expect(try await Self.account(of: "here", fixture).joinedAt?.hasPrefix("2024-01-01T00:00:00") == true)
        let third = try await sync(#"[{"id":"gone"},{"id":"here"},{"id":5.5},null]"#)
        #expect(third.unarchived == 1 && third.archived == 0)
        await #expect(throws: ServiceError.self) { _ = try await sync("[{},null]") }
        fixture.stop()
        server.stop()
    }
}
