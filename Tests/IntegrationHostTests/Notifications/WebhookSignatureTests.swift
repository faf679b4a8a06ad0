// The signature and the body of notifications, against the published vectors of Standard Webhooks.

import Cryptography
import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import HTTPAPI
@testable import HTTPClient
@testable import Notifications
@testable import Requests

@Suite("Webhook signatures", .timeLimit(.minutes(2)))
struct WebhookSignatureTests {
    static let now = Timestamp(milliseconds: 1_731_705_121_900) ?? .epoch
    static let body = Array(#"{"event_type":"ping","data":{"success":true}}"#.utf8)

    @Test("The published vector of Standard Webhooks has the published signature")
    func vector() throws {
        let secret = try #require(SigningSecret(Secret("whsec_plJ3nmyCDGBKInavdOK15jsl")))
        let id = "msg_loFOjxBNrRLzqYUf"
        let expected = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
        #expect(secret.signature(id: id, timestamp: 1_731_705_121, body: Self.body) == expected)
        let fields = WebhookHeaders.fields(id: id, body: Self.body, at: Self.now, secrets: [secret, secret])
        #expect(
            fields.map { "\($0.name): \($0.value)" } == [
                "Content-Type: application/json", "webhook-id: \(id)", "webhook-timestamp: 1731705121",
                "webhook-signature: \(expected) \(expected)",
            ])
    }

    @Test("The vector of the Standard Webhooks libraries has the published signature")
    func libraries() throws {
        let secret = try #require(SigningSecret(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")))
        #expect(
            secret.signature(
                id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8)
            )
                == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test("A new secret is unique, has the whsec_ format and is hidden in descriptions")
    func secrets() throws {
        let first = try SigningSecret.generate()
        let second = try SigningSecret.generate()
        #expect(first != second)
        #expect(first.value.hasPrefix("whsec_"))
        #expect(try Base64.decode(String(first.value.dropFirst(6))).count == 32)
        #expect("\(first)" == "•••")
        for text in ["", "whsec_", "whsec_AAAA", "whsec_!", String(first.value.dropFirst(6)), "whsec_\(first.value)"] {
            #expect(SigningSecret(Secret(text)) == nil, "\(text)")
        }
    }

    @Test("The body has the standard members and those of the event, each once")
    func message() throws {
        let connection = Connection(id: "conn-1", number: 1, service: "acme", status: .connected, at: Self.now)
        let event = ConnectionEvent(
            id: "evt-1", kind: .syncCompleted, at: Self.now, data: ["errors": 0, "userId": "somebody else"])
        #expect(
            String(decoding: event.body(of: connection, user: "u \"1\""), as: UTF8.self)
                == #"{"type":"sync.completed","timestamp":"2024-11-15T21:12:01.900Z","data":{"connectionId":"conn-1","#
                + #""provider":"acme","userId":"u \"1\"","errors":0}}"#)
    }

    @Test("A provider's text is sent without possible secrets")
    func redaction() throws {
        let connection = Connection(id: "conn-1", number: 1, service: "acme", status: .connected, at: Self.now)
        let event = ConnectionEvent(
            id: "evt-1", kind: .expired, at: Self.now,
            data: ["reason": "The token c4n4ryT0k3n9f8e7d6c5b4a is dead.", "syncId": "sync-0123456789abcdefghijkl"])
        let body = try JSONValue.parse(event.body(of: connection, user: "u"))
        #expect(body.at("data.reason") == "The token … is dead.")
        #expect(body.at("data.syncId") == "sync-0123456789abcdefghijkl")
    }

    @Test(
        "Each status has its outcome",
        arguments: [
            (200, DeliveryOutcome.delivered), (204, .delivered), (299, .delivered), (300, .redirected),
            (307, .redirected), (304, .redirected), (400, .rejected), (401, .rejected), (404, .rejected),
            (408, .rejected), (410, .gone), (429, .rateLimited), (500, .serverError), (503, .serverError),
            (600, .serverError),
        ])
    func statuses(_ item: (status: Int, outcome: DeliveryOutcome)) {
        #expect(DeliveryOutcome(status: item.status) == item.outcome)
    }

    @Test(
        "Each client failure has its outcome, and failures caused by the host have none",
        arguments: [
            (.invalidRequest(.notHTTPS), .urlRefused), (.invalidRequest(.port(25)), .urlRefused),
            (.addressRefused, .addressRefused), (.resolution, .unreachable), (.connect, .unreachable),
            (.connectionLost, .unreachable), (.tls(.certificate), .tls), (.tls(.handshake), .tls),
            (.timeout(.connect), .timeout), (.timeout(.firstByte), .timeout), (.timeout(.total), .timeout),
            (.responseTooLarge(.body, bytesMax: 1), .invalidAnswer), (.protocolError, .invalidAnswer),
            (.timeout(.queue), nil), (.cancelled, nil), (.queueFull, nil), (.shutdown, nil), (.library(code: 1), nil),
        ] as [(HTTPClientError.Kind, DeliveryOutcome?)])
    func failures(_ item: (kind: HTTPClientError.Kind, outcome: DeliveryOutcome?)) {
        #expect(DeliveryOutcome(HTTPClientError(item.kind, host: "app.example.com")) == item.outcome)
    }

    @Test("A name that is unknown, private or refuses looks the same in the delivery log")
    func alike() {
        let at = Timestamp(seconds: 1_000_000) ?? .epoch
        var answers: Set<String> = []
        for (kind, milliseconds) in [
            (HTTPClientError.Kind.resolution, 40), (.addressRefused, 2), (.connect, 7), (.connectionLost, 3),
        ] {
            var event = ConnectionEvent(id: "evt-1", kind: .test, at: at, data: [:])
            guard let outcome = DeliveryOutcome(HTTPClientError(kind, host: nil)) else { continue }
            event.delivery.note(.init(at: at, outcome: outcome, milliseconds: milliseconds))
            answers.insert(String(decoding: DeliveryRendering.delivery(event).body, as: UTF8.self))
        }
        #expect(answers.count == 1, "\(answers)")
        #expect(DeliveryOutcome.addressRefused.isSilence == DeliveryOutcome.unreachable.isSilence)
    }
}
