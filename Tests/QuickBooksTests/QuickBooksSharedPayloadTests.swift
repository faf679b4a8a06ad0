// Published examples of QuickBooks payloads, when a folder of them lies beside the repository: every one is read and mapped.

import Foundation
import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import QuickBooks

@Suite("QuickBooks shared payloads")
struct QuickBooksSharedPayloadTests {
    static let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../../shared/fixtures/quickbooks")
        .standardized
    static let isPresent = FileManager.default.fileExists(atPath: folder.path)

    @Test(
        "every payload is read, mapped and classified",
        .enabled(if: isPresent, "shared/fixtures/quickbooks is not there"))
    func readsAll() async throws {
        let provider = QuickBooksProvider()
        let now = Timestamp(iso8601: "2026-06-01") ?? .epoch
        var read = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path) where file.hasSuffix(".json")
        {
            let bytes = try [UInt8](Data(contentsOf: Self.folder.appending(path: file)))
            let payload = try JSONValue.parse(bytes)
            read += 1
            if file.hasPrefix("query_") {
                try map(payload["QueryResponse"] ?? .null, with: provider, file: file, now: now)
            } else if file.hasPrefix("cdc") {
                let http = ScriptedHTTP(provider.manifest, now: now) { _ in ProviderResponse(status: 200, body: bytes) }
                let page = try await provider.page(
                    PageRequest(dataType: "invoices", cursor: ["deletions": true], since: now),
                    in: .testing(http, accountID: "1", now: now))
                #expect(page.records.count == (file.contains("deleted") ? 1 : 0), "\(file)")
            } else if file.hasPrefix("fault") {
                let status = file.contains("401") ? 401 : file.contains("429") ? 429 : 400
                for status in [status, 200] {
                    let error = provider.manifest.errors.error(
                        for: ProviderResponse(status: status, body: bytes), now: now)
                    #expect(error?.code != nil, "\(file) at \(status)")
                }
            } else if file.hasPrefix("webhook") {
                let delivery = WebhookDelivery(headers: [], body: bytes, receivedAt: now)
                #expect(try !provider.outcome(of: delivery).events.isEmpty, "\(file)")
            } else if file.hasPrefix("token"), case .oauth2(let oauth) = provider.manifest.auth {
                let isError = file.contains("error")
                let response = ProviderResponse(status: isError ? 400 : 200, body: bytes)
                #expect((oauth.tokenErrors.error(for: response, now: now) != nil) == isError, "\(file)")
            }
        }
        #expect(read > 0)
    }

    private func map(_ response: JSONValue, with provider: QuickBooksProvider, file: String, now: Timestamp) throws {
        for (dataType, entity) in QuickBooksDataTypes.entities {
            let mapping = try #require(provider.manifest.dataType(dataType)?.mapping)
            for row in response[entity.name]?.array ?? [] {
                let record = try JSONValue.parse(mapping.map(row, now: now).json)
                #expect(record["status"]?.string != "unknown", "\(file)")
            }
        }
    }

    static let vectors = folder.appending(path: "../webhook_signature_vectors.json").standardized

    @Test(
        "signed deliveries carry the header of the scheme, and are answered",
        .enabled(if: FileManager.default.fileExists(atPath: vectors.path), "the shared vectors are not there"))
    func readsDeliveries() throws {
        let provider = QuickBooksProvider()
        let scheme = try #require(provider.manifest.webhooks)
        let all = try JSONValue.parse([UInt8](Data(contentsOf: Self.vectors))).array ?? []
        let own = all.filter { $0["provider"] == "quickbooks" }
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
