// Every failure in every document's format: one table for each document in Tests/Vectors/errors, with a line for each failure.

import Foundation
import Primitives
import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import HTTPAPI
@testable import Requests
@testable import SystemAPI

@Suite("Error documents", .timeLimit(.minutes(1)))
struct ErrorDocumentTests {
    private static let failures: [RouteFailure] =
        [
            .noSuchPath, .methodNotAllowed(allowed: "GET"), .unsupportedMediaType, .foreignOrigin,
            .rejected(status: 400, detail: "no HTTP"), .rejected(status: 413, detail: "too large"),
        ]
        + [
            .unauthenticated, .forbidden("why"), .notFound, .invalid(field: "field", message: "why"), .limit("why"),
            .conflict("why"), .rateLimited(retryAfterSeconds: 7),
            .provider(ProviderError(.transient, "away", code: "c")),
            .provider(ProviderError(.rateLimited(after: .seconds(9)), "slow", code: "c", status: 429)),
            .provider(ProviderError(.misconfigured, "wrong", code: "c", status: 401)),
            .provider(ProviderError(.authRevoked, "ended", code: "c", status: 400)),
            .provider(ProviderError(.permanent, "no", code: "c", status: 500)), .notConfigured("missing"),
            .unavailable("full", retryAfterSeconds: 5), .damaged("damaged"), .internalFault("secret"),
        ].map { RouteFailure.service($0) }

    /// The answers to all failures, one line for each: status, header fields, body.
    private func table(_ document: ErrorDocument) -> String {
        Self.failures.map { failure in
            let reply = document.reply(to: failure, Exchange(time: .system))
            let headers = reply.headers.map { "\($0.name): \($0.value)" }
            let body = String(decoding: reply.body, as: UTF8.self).replacing(#/"duration":\d+/#, with: #""duration":0"#)
            return ([String(reply.status)] + headers + [body.filter { $0 != "\n" }]).joined(
                separator: " ")
        }.joined(separator: "\n")
    }

    private static let documents: [(name: String, document: ErrorDocument)] = [
        ("integrations", IntegrationsErrors.document), ("status", StatusErrors.document),
        ("external-accounts", ExternalAccountsErrors.document), ("v1-users", V1UsersErrors.document),
        ("userIntegration", UserIntegrationErrors.document), ("system", SystemErrors.document),
        ("webhooks", WebhookRoutes.errors), ("demo", DemoRoutes.errors),
    ]

    @Test("No answer tells a caller to wait for more than a day", arguments: documents.map(\.name))
    func wait(of name: String) throws {
        let document = try #require(Self.documents.first { $0.name == name }).document
        let long = Duration(secondsComponent: .max, attosecondsComponent: 0)
        let failures: [ServiceError] = [
            .rateLimited(retryAfterSeconds: .max), .unavailable("full", retryAfterSeconds: 86_401),
            .provider(ProviderError(.rateLimited(after: long), "slow", status: 429)),
            .provider(ProviderError(.rateLimited(after: .seconds(1_000_000)), "slow", status: 429)),
            .rateLimited(retryAfterSeconds: .min),
        ]
        for failure in failures {
            let reply = document.reply(to: .service(failure), Exchange(time: .system))
            let fields = reply.headers.filter { $0.name == "Retry-After" }.map(\.value)
            #expect(fields.allSatisfy { Int($0).map { 0...86_400 ~= $0 } == true }, "\(failure): \(fields)")
            let body = try? JSONValue.parse(reply.body)
            #expect((body?["retryAfter"]?.integer ?? 0) <= 86_400)
        }
    }

    @Test("Each document answers every failure as in its table", arguments: documents.map(\.name))
    func words(of name: String) throws {
        let document = try #require(Self.documents.first { $0.name == name }).document
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.deletingLastPathComponent().appending(path: "Vectors/errors/\(name).txt")
        #expect(table(document) + "\n" == (try String(contentsOf: file, encoding: .utf8)))
    }
}
