// Stripe's own published examples, when a folder of them lies beside the repository: every one is read, mapped or classified.

import Foundation
import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Stripe

@Suite("Stripe shared payloads")
struct StripeSharedPayloadTests {
    static let folder = URL(fileURLWithPath: #filePath).appending(path: "../../../../shared/fixtures/stripe")
        .standardized
    static let isPresent = FileManager.default.fileExists(atPath: folder.path)

    static let dataTypes = [
        "payment_intent": "payments", "invoice": "invoices", "customer": "customers", "subscription": "subscriptions",
    ]

    @Test(
        "every payload is read, mapped and classified", .enabled(if: isPresent, "shared/fixtures/stripe is not there"))
    func readsAll() throws {
        let manifest = StripeProvider().manifest
        let now = Timestamp(iso8601: "2026-06-01") ?? .epoch
        var mapped = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path) where file.hasSuffix(".json")
        {
            let bytes = try [UInt8](Data(contentsOf: Self.folder.appending(path: file)))
            let payload = try JSONValue.parse(bytes)
            if let name = payload["object"]?.string.flatMap({ Self.dataTypes[$0] }), let type = manifest.dataType(name)
            {
                let record = try JSONValue.parse(type.mapping.map(payload, now: now).json)
                #expect(record["status"] != "unknown", "\(file)")
                #expect(!record.description.contains("client_secret"), "\(file)")
                mapped += 1
            }
            if file.hasPrefix("error_"), let status = file.split(separator: ".").first.flatMap({ Int($0.suffix(3)) }) {
                #expect(
                    manifest.errors.error(for: ProviderResponse(status: status, body: bytes), now: now) != nil,
                    "\(file)")
            }
            if file.hasPrefix("oauth_"), case .oauth2(let oauth) = manifest.auth {
                let isError = file.contains("error")
                let error = oauth.tokenErrors.error(
                    for: ProviderResponse(status: isError ? 400 : 200, body: bytes), now: now)
                #expect(isError ? error?.kind == .authRevoked : error == nil, "\(file)")
            }
        }
        #expect(mapped > 0)
    }

    @Test(
        "amounts of the derived examples",
        .enabled(if: isPresent, "shared/fixtures/stripe is not there"),
        arguments: [("jpy", "500"), ("kwd", "5.12"), ("ugx", "5")])
    func amounts(currency: String, expected: String) throws {
        let file = Self.folder.appending(path: "payment_intent_\(currency).derived.json")
        let payload = try JSONValue.parse([UInt8](Data(contentsOf: file)))
        let mapping = try #require(StripeProvider().manifest.dataType("payments")?.mapping)
        let amount = try JSONValue.parse(mapping.map(payload, now: .epoch).json)["amount"]?.number?.decimal
        let wanted = try #require(ExactDecimal(expected))
        #expect(amount?.isSameAmount(as: wanted) == true)
    }

    static let vectors = folder.appending(path: "../webhook_signature_vectors.json").standardized

    @Test(
        "signed deliveries carry the header of the scheme, and are answered",
        .enabled(if: FileManager.default.fileExists(atPath: vectors.path), "the shared vectors are not there"))
    func readsDeliveries() throws {
        let provider = StripeProvider()
        let scheme = try #require(provider.manifest.webhooks)
        let all = try JSONValue.parse([UInt8](Data(contentsOf: Self.vectors))).array ?? []
        let own = all.filter { $0["provider"] == "stripe" }
        #expect(!own.isEmpty)
        for vector in own {
            #expect(vector["headers"]?[scheme.header]?.string != nil)
            if let header = scheme.timestampHeader { #expect(vector["headers"]?[header]?.string != nil) }
            let body = Array((vector["body"]?.string ?? "").utf8)
            let outcome = try provider.outcome(of: WebhookDelivery(headers: [], body: body, receivedAt: .epoch))
            #expect(outcome.status == 200 && outcome.reply == nil)
            #expect(outcome.events.map(\.effect) == [.revoked])
        }
    }
}
