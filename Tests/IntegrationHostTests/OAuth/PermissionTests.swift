// Which permissions an authorization asks for when it names none.

import ProviderSDK
import Testing
import Users

@testable import ConnectionModel
@testable import OAuth

@Suite("Permissions of authorizations", .timeLimit(.minutes(1)))
struct PermissionTests {
    @Test("Permissions that were changed count at the next authorization, unless it names its own")
    func changedPermissions() async throws {
        let server = try CallbackTests.server()
        let fixture = try OAuthFixture(server.url) { _ in
        } manifest: { manifest in
            manifest.scopes = ScopeTable([Scope("one"), Scope("two"), Scope("three")]) { $0.standard = ["one"] }
        }
        func scopes(_ permissions: [String] = []) async throws -> String? {
            let begun = try await fixture.oauth.authorize(
                .init(service: "plain", permissions: permissions), for: OAuthFixture.principal)
            return begun.url.split(separator: "&").first { $0.hasPrefix("scope=") }.map { String($0.dropFirst(6)) }
        }
        #expect(try await scopes() == "one")
        let id = try await CallbackTests.bring(try await CallbackTests.begin(fixture).state, to: fixture).connectionID
        try await fixture.users.update("u") { (user) throws(ServiceError) in
            try user.update(id) { (connection) throws(ServiceError) in
                var change = SettingsChange()
                change.permissions = ["one", "two"]
                try connection.settingsChanged(change, newSecret: { "" }, at: fixture.time.now)
            }
        }
        #expect(try await scopes() == "one%20two")
        #expect(try await scopes(["three"]) == "three")
        server.stop()
        fixture.stop()
    }
}
