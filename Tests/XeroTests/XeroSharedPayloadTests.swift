// Xero's own published examples, when a folder of them lies beside the repository: every one is read and mapped.

import Foundation
import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Xero

@Suite("Xero shared payloads")
struct XeroSharedPayloadTests {
    static let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../../shared/fixtures/xero").standardized
    static let isPresent = FileManager.default.fileExists(atPath: folder.path)

    @Test("every payload is read, mapped and classified", .enabled(if: isPresent, "shared/fixtures/xero is not there"))
    func readsAll() async throws {
        let provider = XeroProvider()
        let now = Timestamp(iso8601: "2026-06-01") ?? .epoch
        var mapped = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path) where file.hasSuffix(".json")
        {
            let bytes = try [UInt8](Data(contentsOf: Self.folder.appending(path: file)))
            let payload = try JSONValue.parse(bytes)
            for dataType in provider.manifest.dataTypes {
                guard let list = dataType.list, list.items.first(in: payload)?.array != nil else { continue }
                let page = try list.page(payload, at: nil, now: now)
                for record in page.records {
                    let json = try JSONValue.parse(dataType.mapping.map(record.value, now: now).json)
                    #expect(json["status"]?.string != "unknown", "\(file)")
                    mapped += 1
                }
            }
            if file.hasPrefix("connections") {
                #expect(try !XeroTenants(payload).identity(authorizedBy: nil).name.isEmpty, "\(file)")
            } else if file.hasPrefix("webhook") {
                let outcome = try provider.outcome(of: WebhookDelivery(headers: [], body: bytes, receivedAt: now))
                #expect(outcome.events.isEmpty == file.contains("intent"), "\(file)")
            } else if file.hasPrefix("token"), case .oauth2(let oauth) = provider.manifest.auth {
                let isError = file.contains("error")
                let response = ProviderResponse(status: isError ? 400 : 200, body: bytes)
                #expect((oauth.tokenErrors.error(for: response, now: now) != nil) == isError, "\(file)")
            }
        }
        #expect(mapped > 0)
    }

    static let vectors = folder.appending(path: "../webhook_signature_vectors.json").standardized

    @Test(
        "signed deliveries carry the header of the scheme, and are answered",
        .enabled(if: FileManager.default.fileExists(atPath: vectors.path), "the shared vectors are not there"))
    func readsDeliveries() throws {
        let provider = XeroProvider()
        let scheme = try #require(provider.manifest.webhooks)
        let all = try JSONValue.parse([UInt8](Data(contentsOf: Self.vectors))).array ?? []
        let own = all.filter { $0["provider"] == "xero" }
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
