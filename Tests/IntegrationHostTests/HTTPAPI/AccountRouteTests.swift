// Accounts with several connections, variants in answers, and how many connections and reported integrations a user can have.

import HostTesting
import ProviderSDK
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import HTTPAPI
@testable import Requests

@Suite("Accounts in routes", .timeLimit(.minutes(1)))
struct AccountRouteTests {
    @Test("An account with a connection to each variant: disconnecting names the choices, and takes one of them")
    func ambiguous() async throws {
        let user = try RouteFixture.shared.get().caller("ambiguous", .memory)
        try await user.expect(
            200, from: "PATCH", "/api/v1/users/ambiguous/integrations/typed", #"{"red":"a","blue":"a"}"#)
        let path = "/api/integrations/disconnect/typed/a"
        try await user.expect(409, "CONFLICT", "?variant=red, ?variant=blue", from: "DELETE", path)
        try await user.expect(409, from: "POST", "/api/integrations/refresh/typed/a")
        try await user.expect(404, from: "DELETE", path + "?variant=green")
        try await user.expect(404, from: "DELETE", path + "?connectionId=conn-1")
        let list = try await user.expect(200, from: "GET", "/api/integrations/status")
        #expect(list.text.contains(#"Z","variant":"red"}"#), "behind the members of the document: \(list.text)")
        let connections = try await user.expect(200, from: "GET", "/api/integrations/connections")
        #expect(
            connections.text.contains(#""expiresAt":null,"variant":"red","accountName":"a"}"#), "\(connections.text)")
        try await user.expect(200, from: "DELETE", path + "?variant=red")
        try await user.expect(
            200, #"{"red":null,"blue":{"#, from: "GET", "/api/v1/users/ambiguous/integrations/typed")
        // One is left, so nothing is ambiguous.
        try await user.expect(200, from: "DELETE", path)
    }

    @Test("Two connections to one account without variants are named by their ids")
    func ambiguousIDs() async throws {
        let fixture = try RouteFixture.shared.get()
        let user = try fixture.caller("twins", .memory)
        for _ in 0..<2 {
            try await user.expect(
                200, from: "POST", "/api/integrations/connections",
                #"{"service":"typed","variant":"red","accountId":"b"}"#)
        }
        let path = "/api/integrations/disconnect/typed/b"
        let refused = try await user.expect(409, "?connectionId=conn-", from: "DELETE", path)
        let id = try #require(refused.text.split(separator: "?connectionId=").last?.prefix(30))
        try await user.expect(200, from: "DELETE", path + "?connectionId=\(id)")
        try await user.expect(200, from: "DELETE", path)
    }

    @Test("Integrations that are only reported, connections, and unfinished authorizations count apart")
    func counts() async throws {
        let now = Timestamp(seconds: 1_000_000) ?? .epoch
        var user = User(id: "u")
        func add(_ status: ConnectionStatus, isReported: Bool = false, to user: inout User) throws {
            let id = try user.add(
                service: "s", variant: nil, status: status, isReported: isReported, shard: "000",
                random: "\(user.nextNumber)", at: now)
            try user.update(id) { (connection) throws(ServiceError) in
                if status == .connected, !isReported { try connection.linked(to: "\(connection.number)", at: now) }
                guard status == .pending else { return }
                let authorization = PendingAuthorization(
                    nonce: "n", redirectURI: "", verifier: nil, callerState: nil, sessionBinding: "",
                    requestedScopes: [], expiresAt: now.advanced(by: .seconds(600)))
                connection.authorizationBegan(authorization, permissions: [])
            }
        }
        for _ in 0..<200 { try add(.disconnected, isReported: true, to: &user) }
        #expect(throws: ServiceError.self) { try add(.connected, isReported: true, to: &user) }
        for _ in 0..<20 { try add(.pending, to: &user) }
        for _ in 0..<200 { try add(.connected, to: &user) }
        #expect(throws: ServiceError.self) { try add(.connected, to: &user) }
        #expect(user.connections.count { $0.status == .pending } == 10)
        #expect(throws: ServiceError.self) { try add(.pending, to: &user) }
    }

    @Test("A refusal whose words the document fixes has its reason in the log only")
    func hiddenReasons() {
        let error = ServiceError.limit("A user can have at most 200 integrations.")
        #expect(
            UserIntegrationErrors.document.hiddenReason(of: .service(error))?.reason.contains("at most 200") == true)
        #expect(IntegrationsErrors.document.hiddenReason(of: .service(error)) == nil)
        #expect(V1UsersErrors.document.hiddenReason(of: .service(.invalid(field: "f", message: "why"))) == nil)
        #expect(UserIntegrationErrors.document.hiddenReason(of: .service(.notFound)) == nil)
    }
}
