// What each document answers while the store or the provider cannot be reached.

import HTTPServer
import ProviderSDK
import Testing

@testable import IntegrationHost

@Suite("Unavailable stores and providers")
struct UnavailableStoreTests {
    private func text(_ reply: Reply) -> String { String(decoding: reply.body, as: UTF8.self) }

    private func header(_ name: String, _ reply: Reply) -> String? { reply.headers.first { $0.name == name }?.value }

    @Test(
        "a read-only or full store is 503 with Retry-After at the external accounts, and so is a provider that is away")
    func externalAccounts() {
        for error in [
            ServiceError.unavailable("read-only", retryAfterSeconds: 5), .provider(ProviderError(.transient, "away")),
        ] {
            let reply = ExternalAccountsRendering.error(.service(error))
            #expect(reply.status == 503)
            #expect(header("Retry-After", reply) != nil)
            #expect(
                text(reply)
                    == #"{"statusCode":503,"error":"Service Unavailable","message":"Something went wrong. Please try again or contact admin"}"#
            )
        }
    }

    @Test("the status document knows one answer for it: 500 with Retry-After 60")
    func status() {
        let reply = StatusRendering.error(.service(.unavailable("read-only", retryAfterSeconds: 5)), Exchange())
        #expect(reply.status == 500)
        #expect(header("Retry-After", reply) == "60")
        #expect(
            text(reply).hasPrefix(
                #"{"success":false,"error":{"code":"INTERNAL_ERROR","message":"Failed to fetch integrations"},"duration":"#
            )
        )
    }

    @Test("all errors of the status document say when to come back")
    func retryAfter() {
        for failure in [
            RouteFailure.service(.unauthenticated), .service(.invalid(field: StatusRendering.userField, message: "")),
            .service(.rateLimited(retryAfterSeconds: 7)), .service(.internalFault("")),
        ] {
            let reply = StatusRendering.error(failure, Exchange())
            let isLimited = failure == .service(.rateLimited(retryAfterSeconds: 7))
            #expect(header("Retry-After", reply) == (isLimited ? "7" : "60"))
        }
    }
}
