// A sync that dies: after the restart it comes to its end by itself, with every record once and none missing.

import HostTesting
import ProviderSDK
import Testing

@Suite("A crash in a sync", .timeLimit(.minutes(10)))
struct SyncCrashTests {
    private static let connections = "/api/integrations/connections"

    private struct Prepared: Sendable {
        let id: String
        /// The ids of the records that the provider holds.
        let wanted: Set<String>
    }

    @Test("A full sync ends with every record once, wherever it was killed", arguments: [false, true])
    func full(torn: Bool) async throws {
        let type = "subscriptions"
        let sweep = CrashSweep(extra: RefreshCrashTests.noLimits, torn: torn)
        let kills = try await sweep.runOnCopies { installation in
            let wanted = try await Self.held(type, installation)
            #expect(wanted.count > 300, "a sync of several pages")
            let id = try await installation.connect("stripe", try await installation.client(user: "user-1"))
            return Prepared(id: id, wanted: wanted)
        } act: { installation, prepared in
            try await Self.sync(prepared.id, "full", type, installation)
        } check: { installation, prepared, calls in
            try await Self.expectSame(prepared, of: "full", type, installation, calls)
        }
        #expect(kills > 20)
    }

    @Test("An incremental sync applies every change once, wherever it was killed")
    func incremental() async throws {
        let type = "customers"
        let sweep = CrashSweep(extra: RefreshCrashTests.noLimits)
        let kills = try await sweep.runOnCopies { installation in
            let client = try await installation.client(user: "user-1")
            let id = try await installation.connect("stripe", client)
            try await Self.sync(id, "full", type, installation)
            // More than a page of the provider's events has.
            for (change, count) in [("update", 90), ("create", 30), ("delete", 15)] {
                let changed = try await client.with(token: nil).post(
                    installation.sandbox.url + "/_sandbox/data",
                    "{\"provider\":\"stripe\",\"type\":\"\(type)\",\"action\":\"\(change)\",\"count\":\(count)}"
                )
                #expect(changed.status == 200, "\(changed.text)")
            }
            return Prepared(id: id, wanted: try await Self.held(type, installation))
        } act: { installation, prepared in
            try await Self.sync(prepared.id, "incremental", type, installation)
        } check: { installation, prepared, calls in
            try await Self.expectSame(prepared, of: "incremental", type, installation, calls)
        }
        #expect(kills > 8)
    }

    /// Starts a sync and waits for its end.
    private static func sync(
        _ id: String, _ kind: String, _ type: String, _ installation: TestInstallation
    ) async throws {
        let client = try await installation.client(user: "user-1")
        _ = try await client.post(
            "\(connections)/\(id)/sync", "{\"syncType\":\"\(kind)\",\"dataTypes\":[\"\(type)\"]}")
        _ = try await installation.finishedSync(id, client)
    }

    /// The ids that the provider holds.
    private static func held(_ type: String, _ installation: TestInstallation) async throws -> Set<String> {
        let data = try await installation.client(user: nil).get(
            "\(installation.sandbox.url)/_sandbox/data/stripe/\(type)?ids=true"
        ).json
        return Set((data["ids"]?.array ?? []).compactMap(\.string))
    }

    /// Lets the sync end, and compares what a reader finds with what the provider holds.
    private static func expectSame(
        _ prepared: Prepared, of kind: String, _ type: String, _ installation: TestInstallation, _ calls: [String]
    ) async throws {
        let (id, wanted) = (prepared.id, prepared.wanted)
        let client = try await installation.client(user: "user-1")
        let place: Comment = "killed at \(calls.count): \(calls.suffix(3)) \(installation.host.log)"
        var sync = try await installation.finishedSync(id, client)
        if sync["syncType"]?.string ?? sync["type"]?.string != kind {
            // It died before the sync was acknowledged: then there must be none, and it can be asked for again.
            try await Self.sync(id, kind, type, installation)
            sync = try await installation.finishedSync(id, client)
        }
        #expect(sync["status"] == "completed", place)
        #expect(
            sync["recordsProcessed"]?.integer == (sync["recordsSynced"]?.integer ?? 0) + (sync["errors"]?.integer ?? 0))
        if kind == "full" { #expect(sync["recordsSynced"]?.integer == Int64(wanted.count), place) }
        var present: Set<String> = []
        var lastChange: [String: String] = [:]
        for record in try await installation.records(id, client) {
            guard let source = record["sourceId"]?.string, let change = record["change"]?.string else { continue }
            #expect(
                change != "added" || lastChange[source] == nil || lastChange[source] == "deleted", "\(source) twice")
            lastChange[source] = change
            if change == "deleted" { present.remove(source) } else { present.insert(source) }
        }
        let (missing, stray) = (wanted.subtracting(present).count, present.subtracting(wanted).count)
        #expect(missing == 0 && stray == 0, place)
    }
}
