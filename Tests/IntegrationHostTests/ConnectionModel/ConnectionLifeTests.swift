// The states of a connection as a table: every status, kept or being ended, against every event, impossible events included.

import ProviderSDK
import Testing
import Users

@testable import ConnectionModel

@Suite("Connection states", .timeLimit(.minutes(2)))
struct ConnectionLifeTests {
    /// The outcome of each event for a connection that is kept, in the order of ``ConnectionStatus/allCases``.
    ///
    /// The resulting status; `+event` is an event for the application, `erase` erases the grant; `ignored` and `refused`.
    private static let kept: [(event: LifeEvent, outcomes: [String])] = [
        (.linked, ["connected", "connected"] + [String](repeating: "connected +connection.connected", count: 4)),
        (
            .authorizationFailed,
            ["error +connection.error", "ignored", "ignored", "ignored", "ignored", "ignored"]
        ),
        (.authorized, ["pending", "connected", "expired", "revoked", "error", "refused"]),
        (
            .abandoned,
            [
                "error erase +connection.error", "error erase +connection.error", "error erase +connection.error",
                "error erase +connection.error", "error erase +connection.error", "refused",
            ]
        ),
        (.identified, [String](repeating: "connected +connection.connected", count: 6)),
        (.renewed, ["pending", "connected", "connected +connection.connected", "revoked", "error", "refused"]),
        (
            .grantRefused,
            ["ignored", "expired +connection.expired", "ignored", "ignored", "ignored", "ignored"]
        ),
        (.grantDoubted, ["ignored", "expired", "ignored", "ignored", "ignored", "ignored"]),
        (
            .doubtConfirmed,
            [
                "ignored", "expired +connection.expired", "expired +connection.expired", "ignored", "ignored",
                "ignored",
            ]
        ),
        (.doubtResolved, ["pending", "connected", "connected", "revoked", "error", "refused"]),
        (
            .revokedAtProvider,
            [
                "revoked erase +connection.revoked", "revoked erase +connection.revoked",
                "revoked erase +connection.revoked", "revoked erase +connection.revoked",
                "revoked erase +connection.revoked", "refused",
            ]
        ),
        (.noted, [String](repeating: "connected", count: 6)),
        (.unnoted, [String](repeating: "disconnected", count: 6)),
        (
            .disconnectRequested,
            [
                "pending/disconnect revoke", "connected/disconnect revoke", "expired/disconnect revoke",
                "revoked/disconnect revoke", "error/disconnect revoke", "disconnected/disconnect revoke",
            ]
        ),
        (
            .deletionRequested,
            [
                "pending/delete +connection.revoked revoke", "connected/delete +connection.revoked revoke",
                "expired/delete +connection.revoked revoke", "revoked/delete +connection.revoked revoke",
                "error/delete +connection.revoked revoke", "disconnected/delete +connection.revoked revoke",
            ]
        ),
        (
            .disconnected(hadGrant: true),
            [String](repeating: "disconnected erase +connection.revoked", count: 5) + ["ignored"]
        ),
        (
            .disconnected(hadGrant: false),
            [
                "disconnected erase", "disconnected erase +connection.revoked", "disconnected erase",
                "disconnected erase", "disconnected erase", "ignored",
            ]
        ),
        (.removed, [String](repeating: "gone erase records", count: 6)),
    ]

    /// The outcome of each event for a connection that is being ended; `=` keeps its status.
    private static let ending: [(event: LifeEvent, disconnect: String, delete: String)] = [
        (.linked, "refused", "refused"), (.authorizationFailed, "ignored", "ignored"),
        (.authorized, "refused", "refused"), (.abandoned, "refused", "refused"), (.identified, "refused", "refused"),
        (.renewed, "refused", "refused"), (.grantRefused, "ignored", "ignored"),
        (.grantDoubted, "ignored", "ignored"), (.doubtConfirmed, "ignored", "ignored"),
        (.doubtResolved, "refused", "refused"),
        (.revokedAtProvider, "refused", "refused"), (.noted, "ignored", "ignored"), (.unnoted, "ignored", "ignored"),
        (.disconnectRequested, "=/disconnect revoke", "=/delete revoke"),
        (.deletionRequested, "=/delete +connection.revoked revoke", "=/delete revoke"),
        (.disconnected(hadGrant: true), "disconnected erase +connection.revoked", "refused"),
        (.removed, "gone erase records", "gone erase records"),
    ]

    /// An outcome in the words of the tables.
    private static func words(_ outcome: ConnectionLife.Outcome) -> String {
        func words(_ consequences: [Consequence]) -> [String] {
            consequences.map { consequence in
                switch consequence {
                case .notify(let kind): "+\(kind.rawValue)"
                case .eraseGrant: "erase"
                case .revokeGrant: "revoke"
                case .eraseRecords: "records"
                }
            }
        }
        switch outcome {
        case .becomes(let life, let consequences):
            let ending = life.disconnection.map { "/\($0.rawValue)" } ?? ""
            return ([life.status.rawValue + ending] + words(consequences)).joined(separator: " ")
        case .ends(let consequences): return (["gone"] + words(consequences)).joined(separator: " ")
        case .ignored: return "ignored"
        case .refused: return "refused"
        }
    }

    @Test("The tables contain every event")
    func complete() {
        #expect(Self.kept.map(\.event) == LifeEvent.allCases)
        // The other input of the last row is tested separately.
        #expect(Set(Self.ending.map(\.event)).union([.disconnected(hadGrant: false)]) == Set(LifeEvent.allCases))
    }

    @Test(
        "Every event in every status has its outcome in the table", arguments: LifeEvent.allCases,
        ConnectionStatus.allCases)
    func kept(_ event: LifeEvent, _ status: ConnectionStatus) throws {
        let row = try #require(Self.kept.first { $0.event == event })
        let column = try #require(ConnectionStatus.allCases.firstIndex(of: status))
        #expect(Self.words(ConnectionLife(status).outcome(of: event)) == row.outcomes[column])
    }

    @Test(
        "No event restores a connection that is being ended", arguments: LifeEvent.allCases, ConnectionStatus.allCases)
    func ending(_ event: LifeEvent, _ status: ConnectionStatus) {
        guard let row = Self.ending.first(where: { $0.event == event }) else {
            // Without a grant, only a connection that worked sends an event.
            let told = status == .connected ? " +connection.revoked" : ""
            #expect(event == .disconnected(hadGrant: false))
            #expect(Self.words(ConnectionLife(status, .disconnect).outcome(of: event)) == "disconnected erase\(told)")
            #expect(ConnectionLife(status, .delete).outcome(of: event) == .refused)
            return
        }
        for (disconnection, expected) in [(Disconnection.disconnect, row.disconnect), (.delete, row.delete)] {
            let found = Self.words(ConnectionLife(status, disconnection).outcome(of: event))
            #expect(found == (expected.first == "=" ? status.rawValue + expected.dropFirst() : expected))
        }
    }
}

@Suite("Connection transitions", .timeLimit(.minutes(2)))
struct ConnectionTransitionTests {
    private static let now = Timestamp(seconds: 1_700_000_000) ?? .epoch
    private static let tokens = SealedTokens(accessToken: "a", refreshToken: "r")

    /// A connection with a grant, in this status, that sends all events to the application.
    private static func connection(_ status: ConnectionStatus = .connected) -> Connection {
        var connection = Connection(id: "conn-1", number: 1, service: "acme", status: .connected, at: now)
        connection.stored.webhookURL = "https://app.example/hook"
        connection.stored.accessToken = "a"
        connection.stored.refreshToken = "r"
        connection.stored.expiresAt = now
        connection.stored.connectedAt = now
        connection.refreshBegan(at: now)
        connection.stored.status = status
        return connection
    }

    /// Whether no part of a grant is left.
    private static func isErased(_ connection: Connection) -> Bool {
        connection.credentials.isEmpty && connection.refresh == RefreshState() && connection.expiresAt == nil
            && connection.grant.unidentified == nil && connection.grant.deadline == nil
    }

    @Test("Erasing a grant removes all its members, for every way to end it")
    func erasure() throws {
        let error = ProviderError(.permanent, "No such account.")
        var (disconnected, revoked, abandoned) = (Self.connection(), Self.connection(), Self.connection())
        let before = disconnected.grant.number
        #expect(try disconnected.disconnected(.revoked, at: Self.now) == [.eraseGrant, .notify(.revoked)])
        #expect(try revoked.revokedAtProvider(at: Self.now) == [.eraseGrant, .notify(.revoked)])
        #expect(try abandoned.abandoned(.failed, error, at: Self.now) == [.eraseGrant, .notify(.failed)])
        for connection in [disconnected, revoked, abandoned] {
            #expect(Self.isErased(connection))
            #expect(connection.grant.number == before + 1)
            #expect(connection.outbox.count == 1)
        }
        #expect(disconnected.connectedAt == nil && revoked.connectedAt == Self.now)
        #expect(disconnected.revocation == .revoked && abandoned.revocation == .failed)
    }

    @Test("A refused refresh and a refused sync end the grant in the same way")
    func refused() throws {
        let error = ProviderError(.authRevoked, "The grant was ended.")
        var (refreshed, synced) = (Self.connection(), Self.connection())
        for seconds in [0, 2, 602] as [Int64] {
            try refreshed.refreshFailed(RefreshFailure(.revoked, error), at: Self.now.advanced(by: .seconds(seconds)))
            #expect(refreshed.outbox.isEmpty == (seconds < 602))
        }
        synced.syncBegan(SyncRun(id: "sync-1", type: .full, dataTypes: ["a"], startedAt: Self.now))
        let outcome = SyncOutcome(status: .failed, failures: [SyncFailure(dataType: "a", error: error)])
        try synced.syncEnded("sync-1", outcome, counts: (0, 0, 0), read: [], grant: nil, at: Self.now)
        #expect(refreshed.status == .expired && synced.status == .expired)
        #expect(refreshed.outbox.map(\.kind) == [.expired])
        #expect(synced.outbox.map(\.kind) == [.syncFailed, .expired])
        // The event is sent once.
        try refreshed.refreshFailed(RefreshFailure(.revoked, error), at: Self.now)
        #expect(refreshed.outbox.count == 1)
        try refreshed.refreshed(Self.tokens, at: Self.now)
        #expect(refreshed.status == .connected && refreshed.failure == nil)
    }

    @Test("An impossible transition throws and leaves the connection unchanged")
    func impossible() throws {
        var connection = Connection(id: "conn-1", number: 1, service: "acme", status: .disconnected, at: Self.now)
        let held = UnidentifiedGrant(answer: "h", scopes: nil, requestedScopes: [], at: Self.now)
        #expect(throws: ServiceError.self) { try connection.refreshed(Self.tokens, at: Self.now) }
        #expect(throws: ServiceError.self) { try connection.authorized(Self.tokens, held) }
        #expect(throws: ServiceError.self) { try connection.revokedAtProvider(at: Self.now) }
        #expect(connection.status == .disconnected && connection.credentials.isEmpty)
        try connection.endRequested(.delete, at: Self.now)
        #expect(throws: ServiceError.self) { try connection.disconnected(nil, at: Self.now) }
        #expect(connection.disconnection == .delete)
    }

    @Test("Reconnecting an account keeps the earlier connection, its settings and its refresh token")
    func reconnected() throws {
        var earlier = Self.connection()
        earlier.stored.accountID = "1"
        var begun = Connection(id: "conn-2", number: 2, service: "acme", status: .pending, at: Self.now)
        try begun.authorized(
            SealedTokens(accessToken: "new"),
            UnidentifiedGrant(answer: "h", scopes: ["s"], requestedScopes: ["s", "t"], at: Self.now))
        var user = try User(id: "u", [earlier, begun])
        let account = AccountIdentity(id: "1", name: "One")
        let id = try user.identified("conn-2", as: account, callback: [:], at: Self.now) { text, _, target in
            "\(text) for \(target)"
        }
        #expect(id == "conn-1" && user.connections.count == 1)
        let connection = try #require(user.connection(id))
        #expect(connection.credentials.accessToken == "new for conn-1")
        #expect(connection.credentials.refreshToken == "r")
        #expect(connection.grantedScopes == ["s"])
        #expect(connection.settings.webhookURL != nil)
    }
}
