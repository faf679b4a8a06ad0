// Every failure in every document's format: one table for each document in Tests/Vectors/errors, with a line for each failure.

import Foundation
import Primitives
import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import HTTPAPI
@testable import Requests

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

    @Test("Each document answers every failure as in its table", arguments: documents.map(\.name))
    func words(of name: String) throws {
        let document = try #require(Self.documents.first { $0.name == name }).document
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.deletingLastPathComponent().appending(path: "Vectors/errors/\(name).txt")
        #expect(table(document) + "\n" == (try String(contentsOf: file, encoding: .utf8)))
    }
}
