// The record stream as an application reads it: pages, cursors, times, other people's connections, and a damaged file.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("The record stream", .serialized, .timeLimit(.minutes(5)))
struct RecordStreamTests {
    private static let connections = "/api/integrations/connections"
    private static let full = #"{"syncType":"full","dataTypes":["invoices"]}"#

    /// An installation with a connected and synced user.
    private func installation(_ user: String) async throws -> (TestInstallation, TestClient, String) {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: user)
        let id = try await installation.connect("stripe", client)
        #expect(try await installation.sync(id, client, body: Self.full)["status"] == "completed")
        return (installation, client, id)
    }

    @Test("Records can be read from a time on, together with a cursor")
    func since() async throws {
        let (installation, client, id) = try await installation("reader")
        let path = "\(Self.connections)/\(id)/records"
        let all = try await installation.records(id, client)
        let first = try #require(all.first?["updatedAt"]?.string)
        #expect(
            all.allSatisfy {
                Set($0.members?.map(\.key) ?? []) == ["id", "dataType", "change", "sourceId", "updatedAt", "data"]
            })
        #expect(try await installation.records(id, client, query: "limit=100&since=\(first)").count == all.count)
        #expect(try await installation.records(id, client, query: "limit=100&since=2000-01-01").count == all.count)
        let later = try await client.get("\(path)?since=2999-01-01T00:00:00Z").json
        #expect(later["records"]?.count == 0 && later["hasMore"] == false && later["success"] == true)
        // Its cursor is at the end: without a time nothing is new either, until something changes.
        let cursor = try #require(later["nextCursor"]?.string)
        #expect(try await client.get("\(path)?cursor=\(cursor)").json["records"]?.count == 0)
        // Times of one form and zone are ordered as their texts are; the first sync may have taken seconds.
        let times = all.compactMap { $0["updatedAt"]?.string }
        let last = try #require(times.max())
        let noon = try #require(Timestamp(iso8601: last)).advanced(by: .seconds(1)).text(withMilliseconds: true)
        // What is written from now on is later than that moment.
        let moment = try #require(Timestamp(iso8601: noon))
        try await waitUntil("the next second") { Date().timeIntervalSince1970 > Double(moment.seconds) + 1 }
        #expect(
            try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["payments"]}"#)["status"]
                == "completed")
        let payments = try await installation.records(id, client, query: "limit=500&since=\(noon)")
        #expect(!payments.isEmpty && payments.allSatisfy { $0["dataType"] == "payments" })
        #expect(try await installation.records(id, client, query: "since=\(noon)&dataType=invoices").isEmpty)
        let page = try await client.get("\(path)?cursor=\(cursor)&limit=1000").json["records"]?.array ?? []
        #expect(page == Array(payments.prefix(page.count)) && !page.isEmpty)
    }

    @Test("Invalid query fields of a page are refused by name")
    func bounds() async throws {
        let (installation, client, id) = try await installation("asker")
        let path = "\(Self.connections)/\(id)/records"
        for (query, field) in [
            ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=-1", "limit"), ("limit=1.0", "limit"),
            ("limit=ten", "limit"), ("limit=%2B5", "limit"), ("since=yesterday", "since"), ("since=", "since"),
            ("cursor=x", "cursor"), ("dataType=nothing", "dataType"), ("dataType=~dead-letters", "dataType"),
        ] {
            let answer = try await client.get("\(path)?\(query)")
            #expect(
                answer.status == 400 && answer.json.at("details.field")?.string == field, "\(query): \(answer.text)")
        }
        #expect(try await client.get("\(path)?limit=1").json["records"]?.count == 1)
        #expect(await installation.host.terminate() == 0)
    }

    @Test("A cursor fits its own stream only, over restarts, and ends with the connection")
    func cursors() async throws {
        let (installation, client, id) = try await installation("owner")
        let other = try await installation.client(user: "other")
        let otherID = try await installation.connect("stripe", other)
        _ = try await installation.sync(otherID, other, body: Self.full)
        let page = try await client.get("\(Self.connections)/\(id)/records?limit=7").json
        let cursor = try #require(page["nextCursor"]?.string)
        let rest = try await client.get("\(Self.connections)/\(id)/records?limit=1000&cursor=\(cursor)")
        // In a stream of somebody else's it is none, and the stream itself is not there for others.
        #expect(try await other.get("\(Self.connections)/\(otherID)/records?cursor=\(cursor)").status == 400)
        let foreign = try await other.get("\(Self.connections)/\(id)/records?cursor=\(cursor)")
        let missing = try await other.get("\(Self.connections)/conn-000aaaaaaaaaaaaaaaaaaaaaa/records?cursor=\(cursor)")
        #expect(foreign.status == 404 && foreign.body == missing.body)

        installation.host.kill()
        try await installation.restart()
        let again = try await installation.client(user: "owner")
        #expect(try await again.get("\(Self.connections)/\(id)/records?limit=1000&cursor=\(cursor)").body == rest.body)
        #expect(try await again.send("DELETE", "\(Self.connections)/\(id)").status == 200)
        #expect(try await again.get("\(Self.connections)/\(id)/records?cursor=\(cursor)").status == 404)
    }

    @Test("A damaged record stream is reported and set aside; only this stream is read again")
    func damage() async throws {
        let (installation, client, id) = try await installation("unlucky")
        let lucky = try await installation.client(user: "lucky")
        let luckyID = try await installation.connect("stripe", lucky)
        _ = try await installation.sync(luckyID, lucky, body: Self.full)
        let wanted = try await installation.records(id, client)
        let others = try await installation.records(luckyID, lucky)
        let cursor = try #require(
            try await client.get("\(Self.connections)/\(id)/records?limit=9").json["nextCursor"]?.string)
        #expect(await installation.host.terminate() == 0)

        // The stream that was written first is the unlucky one's.
        let root = installation.data + "/records"
        let segments = (FileManager.default.subpaths(atPath: root) ?? []).filter { $0.hasSuffix(".seg") }
        #expect(segments.count == 2)
        let inodes = try segments.map { path in
            let made = try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")[.modificationDate] as? Date
            return (path, made ?? .distantPast)
        }
        let file = URL(fileURLWithPath: root + "/" + (inodes.min { $0.1 < $1.1 }?.0 ?? ""))
        var bytes = try Data(contentsOf: file)
        // An id in the table of a frame, which stands before the records themselves.
        bytes[try #require(bytes.range(of: Data("invoice-".utf8))).lowerBound] ^= 0x20
        try bytes.write(to: file)

        let check = try await HostProcess.run(["check", "--data", installation.data])
        #expect(
            check.code == 1 && check.output.contains(file.deletingLastPathComponent().lastPathComponent), "\(check)")
        try await installation.restart()
        let damaged = try await installation.client(user: "unlucky")
        let refused = try await damaged.get("\(Self.connections)/\(id)/records?limit=1000")
        #expect(refused.status == 500 && refused.text.contains("check --repair"), "\(refused.text)")
        #expect(
            try await damaged.get("/metrics").text.contains("integration_host_record_stream_damaged_reads_total 1"))
        #expect(try await installation.sync(id, damaged, body: Self.full)["status"] == "failed")
        #expect(try await installation.records(luckyID, try await installation.client(user: "lucky")) == others)
        #expect(await installation.host.terminate() == 0)

        #expect(try await HostProcess.run(["check", "--repair", "--data", installation.data]).code == 0)
        try await installation.restart()
        let repaired = try await installation.client(user: "unlucky")
        // The place in the old stream means nothing in the new one: the reader is told to begin again.
        #expect(try await repaired.get("\(Self.connections)/\(id)/records?cursor=\(cursor)").status == 400)
        let sync = try await installation.sync(
            id, repaired, body: #"{"syncType":"incremental","dataTypes":["invoices"]}"#)
        #expect(sync["status"] == "completed" && sync["recordsSynced"]?.integer == Int64(wanted.count))
        #expect(
            Set(try await installation.records(id, repaired).compactMap { $0["id"]?.string })
                == Set(wanted.compactMap { $0["id"]?.string }))
        #expect(try await installation.records(luckyID, try await installation.client(user: "lucky")) == others)
        #expect(try await HostProcess.run(["providers", "--data", installation.data]).code == 0)
    }
}
