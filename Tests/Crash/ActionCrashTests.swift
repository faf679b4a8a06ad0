// A host that dies while it runs an action: the provider carries it out at most once, and every run ends in a status that is true.

import HostTesting
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@Suite("A crash in an action", .timeLimit(.minutes(5)))
struct ActionCrashTests {
    /// What the host is killed in, and what it is compared with.
    private final class Prepared: Sendable {
        let id: String
        let harness: ActionHarness
        let before: Int
        let inputs: JSONValue
        /// What the host answered, where it answered.
        let answer = Mutex<JSONValue?>(nil)

        init(id: String, harness: ActionHarness, before: Int, inputs: JSONValue) {
            self.id = id
            self.harness = harness
            self.before = before
            self.inputs = inputs
        }
    }

    /// How the runs of a sweep ended.
    private struct Tally {
        var statuses: [String: Int] = [:]
        var executed = 0
    }

    /// Kills a host at every call while it runs an action.
    private func sweep(
        _ service: String, _ action: String, permissions: String, allowsUnknown: Bool,
        inputs: @escaping @Sendable (_ sandbox: String) async throws -> JSONValue
    ) async throws -> (kills: Int, statuses: [String: Int]) {
        let tally = Mutex(Tally())
        // The lanes have one key each, and a run has the key of its connection.
        let sweep = CrashSweep(extra: RefreshCrashTests.noLimits)
        let kills = try await sweep.run { installation in
            let client = try await installation.client(user: "user-1")
            let id = try await installation.connect(
                service, client, body: "{\"service\":\"\(service)\",\"permissions\":\(permissions)}")
            let harness = try await ActionHarness(installation)
            return Prepared(
                id: id, harness: harness, before: try await harness.executions(service, action),
                inputs: try await inputs(installation.sandbox.url))
        } act: { _, prepared in
            let answer = try await prepared.harness.run(
                action, prepared.inputs, key: "order-1", connection: prepared.id)
            prepared.answer.withLock { $0 = answer.json["run"] }
        } check: { installation, prepared, calls in
            let place: Comment = "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)"
            let harness = try await ActionHarness(installation)
            let runs = try await harness.settled(prepared.id)
            let executed = try await harness.executions(service, action) - prepared.before
            #expect(executed <= 1, place)
            #expect(runs.count <= 1, place)
            let status = runs.first?["status"]?.string ?? "none"
            switch status {
            case "none": #expect(executed == 0, place)
            case "succeeded": #expect(executed == 1, place)
            case "failed":
                #expect(executed == 0, place)
                #expect(runs.first?.at("error.reason") == "notSent", "\(runs)")
            case "unknown": #expect(allowsUnknown, place)
            default: Issue.record("The status is \(status).")
            }
            if let answered = prepared.answer.withLock({ $0 }) { #expect(answered["id"] == runs.first?["id"], place) }
            tally.withLock { tally in
                tally.statuses[status, default: 0] += 1
                tally.executed += executed
            }
            // The same key gives the same outcome, and nothing is carried out once more.
            if status == "succeeded" || status == "failed" {
                let again = try await harness.run(action, prepared.inputs, key: "order-1", connection: prepared.id)
                #expect(again.json.at("run.status")?.string == status, place)
                #expect(try await harness.executions(service, action) - prepared.before == executed, place)
            }
            let client = try await installation.client(user: "user-1")
            let deleted = try await client.send("DELETE", "/api/integrations/connections/\(prepared.id)")
            #expect(deleted.status == 200, place)
        }
        return (kills, tally.withLock { $0.statuses })
    }

    @Test("With a provider that takes a key no run is carried out twice and none stays unknown")
    func keyed() async throws {
        let (kills, statuses) = try await sweep(
            "stripe", "createCustomer", permissions: #"["read:payments","write:invoices"]"#, allowsUnknown: false
        ) { _ in ["email": "ada@example.com"] }
        #expect(kills > 8)
        #expect(statuses["unknown"] == nil && (statuses["succeeded"] ?? 0) > 0, "\(statuses)")
    }

    @Test("With a provider that takes no key no run is carried out twice, and what is not known is called unknown")
    func unkeyed() async throws {
        let (kills, statuses) = try await sweep(
            "slack", "sendMessage", permissions: #"["chat:write","channels:read"]"#, allowsUnknown: true
        ) { sandbox in
            let channels = try await TestClient(sandbox).get("/_sandbox/data/slack/channels?ids=true").json
            return ["channelId": channels["ids"]?[0] ?? .null, "text": "The build is green."]
        }
        #expect(kills > 8)
        #expect((statuses["succeeded"] ?? 0) > 0, "\(statuses)")
    }
}
