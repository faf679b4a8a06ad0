// Diagnoses of states that are hard to produce from outside, and the redaction of provider texts. Pure values.

import HostTesting
import ProviderSDK
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Connections
@testable import Observability
@testable import Providers
@testable import Sync

@Suite("Diagnosis", .timeLimit(.minutes(2)))
struct DiagnosisTests {
    static let now = Timestamp(milliseconds: 1_800_000_000_000) ?? .epoch

    /// A provider with OAuth and one data type that needs a scope.
    struct Acme: Provider {
        let manifest = ProviderManifest(id: "acme", name: "Acme") { manifest in
            manifest.auth = .oauth2(OAuth2())
            manifest.endpoints = [
                "authorize": "https://acme.example/a", "token": "https://acme.example/t", "api": "https://acme.example",
            ]
            manifest.dataTypes = [
                DataType("things", mapping: FieldMapping("thing", sourceID: ["id"], [])) { $0.scopes = ["things.read"] }
            ]
        }
    }

    static func provider(isConfigured: Bool = true) -> ConfiguredProvider {
        var configuration = ProviderConfiguration()
        if isConfigured {
            configuration.clientID = "id"
            configuration.clientSecret = Secret("secret")
        }
        return ConfiguredProvider(LoadedPlugin(provider: Acme(), path: ""), configuration: configuration)
    }

    /// A working connection.
    static func connection(_ status: ConnectionStatus = .connected) -> Connection {
        var connection = Connection(id: "conn-1", number: 1, service: "acme", status: status, at: now)
        connection.stored.connectedAt = now.advanced(by: .seconds(-86_400))
        connection.stored.accessToken = "sealed"
        connection.stored.refreshToken = "sealed"
        connection.stored.issuedAt = now.advanced(by: .seconds(-600))
        connection.stored.requestedScopes = ["things.read"]
        connection.stored.grantedScopes = ["things.read"]
        return connection
    }

    static func explain(
        _ connection: Connection, provider: ConfiguredProvider? = provider(), credential: CredentialState = .good,
        pause: Duration? = nil, progress: SyncProgress.Snapshot? = nil
    ) -> Explanation {
        let explanation = Diagnosis(
            connection: connection, provider: provider, credential: credential, pause: pause, progress: progress,
            now: now
        ).explanation
        // A list of connections by class must not pass over a user because of the summary.
        #expect(explanation.kind.mayHold(for: ConnectionKind(connection)), "\(explanation.kind)")
        return explanation
    }

    @Test("A disconnect whose revocation failed at the provider asks the user to act")
    func notRevoked() {
        var connection = Self.connection(.disconnected)
        (connection.stored.accessToken, connection.stored.refreshToken) = (nil, nil)
        for (outcome, by) in [(RevocationOutcome.revoked, Explanation.Actor.noOne), (.failed, .user)] {
            connection.stored.revocation = outcome
            let explanation = Self.explain(connection, credential: .none)
            #expect(explanation.kind == .disconnected)
            #expect(explanation.action.by == by)
            #expect(explanation.state.contains("could not be ended") == (by == .user))
        }
    }

    /// A change of a working connection, and its expected diagnosis.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let kind: DiagnosisClass
        let by: Explanation.Actor
        let says: String
        let change: @Sendable (inout Connection) -> Void

        init(
            _ name: String, _ kind: DiagnosisClass, _ by: Explanation.Actor, _ says: String,
            _ change: @escaping @Sendable (inout Connection) -> Void
        ) {
            testDescription = name
            self.kind = kind
            self.by = by
            self.says = says
            self.change = change
        }
    }

    static func failed(
        _ operation: ConnectionOperation, _ kind: FailureKind, code: String? = nil, secondsAgo: Int64 = 60
    ) -> @Sendable (inout Connection) -> Void {
        {
            $0.stored.failure = ConnectionFailure(
                operation: operation, kind: kind, code: code, message: "It did not work.",
                at: now.advanced(by: .seconds(-secondsAgo)))
        }
    }

    static let cases: [Case] = [
        Case("nothing is wrong", .working, .noOne, "works") { _ in },
        Case("a refresh whose answer was lost", .unknown, .noOne, "was lost", failed(.refresh, .unknown)),
        Case("a timeout", .transient, .noOne, "could not be reached", failed(.refresh, .transient)),
        Case(
            "a scope that the app may not have", .misconfigured, .operator, "a scope",
            failed(.authorize, .permanent, code: "invalid_scope")),
        Case("a token that was refused", .revoked, .user, "ended the access", failed(.sync, .authExpired)),
        Case("a failure before the last good sync", .working, .noOne, "works") { connection in
            failed(.sync, .transient)(&connection)
            connection.stored.syncs = [
                SyncRun(
                    id: "sync-1", type: .full, dataTypes: [], status: .completed,
                    startedAt: now.advanced(by: .seconds(-9)), completedAt: now.advanced(by: .seconds(-1)))
            ]
        },
        Case("the user left out a permission", .scopeLost, .user, "things.read") { $0.stored.grantedScopes = [] },
        Case("the grant has passed its end", .ended, .user, "reached its end") {
            $0.stored.grantExpiresAt = now.advanced(by: .seconds(-1))
        },
        Case("an access token that nobody can renew has passed its end", .ended, .user, "reached its end") {
            $0.stored.refreshToken = nil
            $0.stored.expiresAt = now
        },
        Case("the grant ends within a week", .working, .user, "ends soon") {
            $0.stored.issuedAt = now.advanced(by: .seconds(-90 * 86_400))
            $0.stored.refreshExpiresAt = now.advanced(by: .seconds(6 * 86_400))
        },
        Case("a notification that waits", .working, .noOne, "works") {
            $0.stored.webhookURL = "https://app.example/hook"
            $0.stored.outbox = [ConnectionEvent(id: "evt-1", kind: .syncCompleted, at: now, data: [:])]
        },
        Case("an endpoint that takes nothing", .notificationsFailing, .user, "answers with status 500. Check") {
            $0.stored.webhookURL = "https://app.example/hook"
            $0.stored.outbox = [ConnectionEvent(id: "evt-1", kind: .syncCompleted, at: now, data: [:])]
            $0.stored.endpointFailingSince = now.advanced(by: .seconds(-300))
            $0.stored.outbox[0].delivery.note(.init(at: now, outcome: .serverError, status: 500, milliseconds: 3))
        },
        Case("an endpoint with a private address", .notificationsFailing, .user, "the endpoint cannot be reached") {
            $0.stored.webhookURL = "https://app.example/hook"
            $0.stored.outbox = [ConnectionEvent(id: "evt-1", kind: .syncCompleted, at: now, data: [:])]
            $0.stored.endpointFailingSince = now.advanced(by: .seconds(-300))
            $0.stored.outbox[0].delivery.note(.init(at: now, outcome: .addressRefused, milliseconds: 3))
        },
        Case(
            "a signing secret that does not open", .notificationsFailing, .operator,
            "cannot be opened. Restore the key ring"
        ) {
            $0.stored.webhookURL = "https://app.example/hook"
            $0.stored.outbox = [ConnectionEvent(id: "evt-1", kind: .syncCompleted, at: now, data: [:])]
            $0.stored.endpointFailingSince = now.advanced(by: .seconds(-900))
            $0.stored.outbox[0].delivery.note(.init(at: now, outcome: .secretUnreadable, status: nil, milliseconds: 0))
        },
        Case("an endpoint that has just failed once", .working, .noOne, "works") {
            $0.stored.webhookURL = "https://app.example/hook"
            $0.stored.endpointFailingSince = now.advanced(by: .seconds(-299))
        },
        Case("an endpoint that is gone", .notificationsFailing, .user, "is gone. Set the webhook URL") {
            $0.stored.webhookURL = "https://app.example/hook"
            $0.stored.endpointDisabledAt = now
        },
        Case("an endpoint that failed and was taken away", .working, .noOne, "works") {
            $0.stored.endpointFailingSince = now.advanced(by: .seconds(-900))
        },
        Case("an authorization that was given up", .lapsed, .user, "from the beginning") { $0 = connection(.pending) },
        Case("the user ended the grant", .revoked, .user, "ended the access") { $0.stored.status = .revoked },
    ]

    @Test("Every state has its class, actor and text", arguments: cases)
    func table(_ item: Case) {
        var connection = Self.connection()
        item.change(&connection)
        let found = Self.explain(connection)
        #expect(found.kind == item.kind)
        #expect(found.action.by == item.by)
        #expect("\(found.state) \(found.action.what)".contains(item.says), "\(found)")
    }

    @Test("A diagnosis considers settings, keys, limits and a running sync")
    func surroundings() throws {
        let connection = Self.connection()
        #expect(Self.explain(connection, provider: Self.provider(isConfigured: false)).kind == .misconfigured)
        #expect(Self.explain(connection, provider: nil).kind == .pluginMissing)
        #expect(Self.explain(connection, credential: .damaged).action.by == .user)
        let lost = Self.explain(connection, credential: .keyMissing(id: "ab12"))
        #expect(lost.kind == .credentialUnreadable && lost.action.by == .operator && lost.state.contains("ab12"))
        let paused = Self.explain(connection, pause: .seconds(90))
        #expect(paused.kind == .rateLimited)
        #expect(paused.nextRetry == .init(at: Self.now.advanced(by: .seconds(90)), isAutomatic: false))
        let until = Self.now.advanced(by: .seconds(30))
        let waiting = Self.explain(connection, progress: .init(wait: .retry, waitsUntil: until))
        #expect(waiting.kind == .transient && waiting.nextRetry == .init(at: until, isAutomatic: true))
        #expect(waiting.action.what.contains("by itself"))
    }

    @Test("The next try is at the later of the provider's and the schedule's moments")
    func retries() {
        var connection = Self.connection()
        connection.stored.failure = ConnectionFailure(
            operation: .sync, kind: .rateLimited, code: nil, message: "", at: Self.now,
            retryAt: Self.now.advanced(by: .seconds(7200)))
        #expect(
            Self.explain(connection).nextRetry == .init(at: Self.now.advanced(by: .seconds(7200)), isAutomatic: false))
        connection.stored.syncFrequency = .hourly
        let retry = Self.explain(connection).nextRetry
        #expect(retry?.isAutomatic == true)
        #expect(retry.map { $0.at >= Self.now.advanced(by: .seconds(7200)) } == true)
        connection.stored.failure = nil
        connection.stored.status = .expired
        #expect(Self.explain(connection).nextRetry == nil)
    }

    @Test(
        "A code is shown only if it looks like a code",
        arguments: [
            ("invalid_grant", true), ("AUTHENTICATION_FAILURE_401", true), ("50001", true), ("ThrottleExceeded", true),
            ("", false), ("sk_live_51Hq8b2eZvKYlo2C0aBcDeFgH", false), ("eyJhbGciOiJIUzI1NiJ9", false),
            ("<script>", false), ("a\nb", false), (String(repeating: "x", count: 65), false),
        ])
    func codes(code: String, isShown: Bool) {
        #expect((Redaction.code(code) != nil) == isShown)
    }

    @Test(
        "A redacted text contains no possible secret",
        arguments: [
            ("The token xoxb-1234567890-abcdefGHIJKL1234567890 is bad.", "xoxb"),
            ("code=4/0AX4XfWjY1a2b3c4d5e6f7g8h9 expired", "0AX4"),
            ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlMTIz", "eyJ"),
            ("key 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ])
    func texts(text: String, secret: String) {
        #expect(!Redaction.text(text).contains(secret), "\(Redaction.text(text))")
    }

    @Test("A plain sentence is kept, up to its length limit")
    func sentences() {
        let sentence = "No connection to quickbooks.api.intuit.com could be opened; it refuses or cannot be reached."
        #expect(Redaction.text(sentence) == sentence)
        #expect(Redaction.text(String(repeating: "word ", count: 200)).utf8.count <= Redaction.textBytesMax + 3)
    }
}
