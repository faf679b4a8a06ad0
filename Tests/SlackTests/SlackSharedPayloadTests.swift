// Slack's own published examples, when a folder of them lies beside the repository: every one is read and mapped.

import Foundation
import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Slack

@Suite("Slack shared payloads")
struct SlackSharedPayloadTests {
    static let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../../shared/fixtures/slack")
        .standardized
    static let isPresent = FileManager.default.fileExists(atPath: folder.path)

    @Test("every payload is read, mapped and classified", .enabled(if: isPresent, "shared/fixtures/slack is not there"))
    func readsAll() throws {
        let provider = SlackProvider()
        let now = Timestamp(iso8601: "2024-06-01") ?? .epoch
        let lists: [(member: String, dataType: String)] = [
            ("messages", "messages"), ("channels", "channels"), ("members", "users"),
        ]
        var mapped = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path) where file.hasSuffix(".json")
        {
            let bytes = try [UInt8](Data(contentsOf: Self.folder.appending(path: file)))
            let payload = try JSONValue.parse(bytes)
            for (member, dataType) in lists {
                let mapping = try #require(provider.manifest.dataType(dataType)?.mapping)
                for record in payload[member]?.array ?? [] {
                    let record = JSONValue.object((record.members ?? []) + [("channel", "C1")])
                    do throws(MappingFailure) {
                        _ = try mapping.map(record, now: now)
                        mapped += 1
                    } catch {
                        // A shape holds placeholders such as a time of all zeros.
                        #expect(file.contains(".shape."), "\(file): \(error)")
                    }
                }
            }
            if file.hasPrefix("event") {
                _ = try provider.outcome(of: WebhookDelivery(headers: [], body: bytes, receivedAt: now))
            } else if file.contains("error") {
                let response = ProviderResponse(status: file.contains("429") ? 429 : 200, body: bytes)
                #expect(provider.manifest.errors.error(for: response, now: now) != nil, "\(file)")
            } else if file.hasPrefix("oauth.v2.access"), !file.contains("shape") {
                #expect(payload.at("team.id")?.string != nil, "\(file)")
            }
        }
        #expect(mapped > 0)
    }

    static let vectors = folder.appending(path: "../webhook_signature_vectors.json").standardized

    @Test(
        "signed deliveries carry the header of the scheme, and are answered",
        .enabled(if: FileManager.default.fileExists(atPath: vectors.path), "the shared vectors are not there"))
    func readsDeliveries() throws {
        let provider = SlackProvider()
        let scheme = try #require(provider.manifest.webhooks)
        let all = try JSONValue.parse([UInt8](Data(contentsOf: Self.vectors))).array ?? []
        let own = all.filter { $0["provider"] == "slack" }
        #expect(!own.isEmpty)
        for vector in own {
            #expect(vector["headers"]?[scheme.header]?.string != nil)
            if let header = scheme.timestampHeader { #expect(vector["headers"]?[header]?.string != nil) }
            let body = Array((vector["body"]?.string ?? "").utf8)
            let outcome = try provider.outcome(of: WebhookDelivery(headers: [], body: body, receivedAt: .epoch))
            #expect(outcome.status == 200 && outcome.reply == nil)
            #expect(outcome.events.map(\.effect) == [])
        }
    }
}
