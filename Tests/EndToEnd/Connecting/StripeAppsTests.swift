// Stripe Apps beside Connect in the real executable: another client, short tokens, a refresh token that rolls, no name to read.

import HostTesting
import ProviderSDK
import Testing

@Suite("Stripe Apps", .timeLimit(.minutes(3)))
struct StripeAppsTests {
    static let connections = "/api/integrations/connections"

    @Test("An app's connection outlives its tokens, refresh after refresh, and Connect's stays beside it")
    func rolls() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "u")
        let app = try await installation.connect("stripe", client, body: #"{"service":"stripe","variant":"apps"}"#)
        let platform = try await installation.connect("stripe", client)
        #expect(app != platform)

        // The app may not read its account: the id stands for the name.
        let status = try await client.get("/api/integrations/status").json.at("data.integrations")?.array ?? []
        let connected = try #require(status.first { $0["variant"] == "apps" }, "\(status)")
        let other = try #require(status.first { $0["variant"] != "apps" }, "\(status)")
        #expect(
            connected["accountId"]?.string?.hasPrefix("acct_") == true && connected["accountId"] == other["accountId"])
        #expect(connected["accountName"] == connected["accountId"], "\(connected)")
        #expect(other["accountName"] != other["accountId"], "\(other)")
        // No answer states the life of the token, and it is known all the same.
        #expect(connected["expiresAt"]?.string != nil && other["expiresAt"]?.isNull == true, "\(status)")

        for _ in 0..<3 {
            let moved = try await client.with(token: nil).post(
                installation.sandbox.url + "/_sandbox/clock", #"{"advanceSeconds":3601}"#)
            #expect(moved.status == 200, "\(moved.text)")
            // The host's clock did not move: the refused token is refreshed, and the request sent once more.
            let sync = try await installation.sync(app, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
            #expect(sync["status"] == "completed", "\(sync) \(installation.host.log)")
            let refreshed = try await client.post(
                "/api/integrations/oauth/stripe/refresh", "{\"connectionId\":\"\(app)\"}")
            #expect(refreshed.status == 200, "\(refreshed.text)")
        }
        #expect(try await client.get("\(Self.connections)/\(app)").json.at("connection.status") == "connected")
        let state = try await client.with(token: nil).get(installation.sandbox.url + "/_sandbox/state").json
        let counts = state["providers"]?["stripe/apps"]?["tokenCalls"]
        // Each round: one refresh for the refused token, one by hand. No refused token was ever sent twice.
        #expect(counts?["refreshes"] == 6 && counts?["refused"] == 0, "\(state)")

        #expect(try await client.send("DELETE", "\(Self.connections)/\(app)").status == 200)
        #expect(try await client.get("\(Self.connections)/\(platform)").json.at("connection.status") == "connected")
        let sync = try await installation.sync(
            platform, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        #expect(sync["status"] == "completed", "Ending the app's connection must not end Connect's: \(sync)")
    }

    @Test("A year without use ends the grant, and the user connects again")
    func lapses() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "u")
        let app = try await installation.connect("stripe", client, body: #"{"service":"stripe","variant":"apps"}"#)
        _ = try await client.with(token: nil).post(
            installation.sandbox.url + "/_sandbox/clock", #"{"advanceSeconds":31536001}"#)
        let sync = try await installation.sync(app, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        #expect(sync["status"] == "failed", "\(sync)")
        let again = try await installation.connect("stripe", client, body: #"{"service":"stripe","variant":"apps"}"#)
        #expect(again == app)
        #expect(try await client.get("\(Self.connections)/\(app)").json.at("connection.status") == "connected")
    }
}
