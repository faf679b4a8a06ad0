// The stored form of a user: a document of version 0.1.0 is decoded and encoded again without changing a byte.

import ProviderSDK
import Testing
import Users

@testable import ConnectionModel

@Suite("Stored form of users", .timeLimit(.minutes(2)))
struct StoredFormatTests {
    /// A connection with every member that version 0.1.0 writes, and some of a later version.
    private static let full = [
        #"{"id":"conn-0a1AAAAAAAAAAAAAAAAAAAAAA","number":7,"service":"acme","variant":"eu","accountId":"acct_1","#,
        #""accountName":"Acme Ltd","mode":"live","status":"connected","permissions":["read:things"],"#,
        #""requestedScopes":["things.read","offline"],"grantedScopes":["things.read"],"#,
        #""settings":{"webhookUrl":"https://app.example/hook","syncFrequency":"daily"},"#,
        #""createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-02T00:00:00.001Z","#,
        #""connectedAt":"2026-01-01T00:00:01.000Z","expiresAt":"2026-01-02T01:00:00.000Z","#,
        #""lastSyncAt":"2026-01-02T00:00:00.000Z","syncStatus":"partial","#,
        #""scheduledSyncAt":"2026-01-01T12:00:00.000Z","changes":[{"dataType":"things","syncId":null},"#,
        #"{"dataType":"others","syncId":"sync-1","failures":2,"notBefore":"2026-01-02T00:30:00.000Z"}],"#,
        #""callback":{"realmId":"123"},"credentials":{"accessToken":"v1:k:a","refreshToken":"v1:k:r","#,
        #""issuedAt":"2026-01-02T00:00:00.000Z","refreshExpiresAt":"2026-04-01T00:00:00.000Z","#,
        #""grantExpiresAt":"2027-01-01T00:00:00.000Z"},"authorizations":[{"nonce":"n","#,
        #""redirectUri":"https://host.example/cb","verifier":"v1:k:v","callerState":null,"session":"s","#,
        #""scopes":["things.read"],"expiresAt":"2026-01-01T00:10:00.000Z"}],"grant":3,"#,
        #""refresh":{"generation":5,"intent":{"generation":5,"at":"2026-01-02T00:00:00.000Z","attempt":2},"#,
        #""unknownSince":"2026-01-01T23:00:00.000Z","failures":1,"lastFailure":"unknown","#,
        #""nextAttemptAt":"2026-01-02T00:01:00.000Z","lastAttemptAt":"2026-01-02T00:00:00.000Z"},"#,
        #""held":{"answer":"v1:k:h","scopes":["things.read"],"requestedScopes":["things.read"],"#,
        #""at":"2026-01-01T00:00:00.000Z","exchange":true,"attempts":1,"nextAttemptAt":"2026-01-01T00:01:00.000Z"},"#,
        #""ending":"disconnect","revocation":"failed","#,
        #""deadlineTold":{"reason":"unused","at":"2026-04-01T00:00:00.000Z"},"#,
        #""failure":{"operation":"refresh","kind":"rateLimited","code":"429","message":"Too many.","#,
        #""at":"2026-01-02T00:00:00.000Z","retryAt":"2026-01-02T00:01:00.000Z","scopes":["things.write"]},"#,
        #""syncs":[{"id":"sync-2","type":"full","dataTypes":["things"],"status":"running","#,
        #""startedAt":"2026-01-02T00:00:00.000Z","completedAt":null,"recordsProcessed":0,"recordsSynced":0,"errors":0,"#,
        #""message":null,"trigger":"webhook","idempotency":"aa.bb","joined":["cc.dd"]},"#,
        #"{"id":"sync-1","type":"incremental","dataTypes":["things","others"],"status":"partial","#,
        #""startedAt":"2026-01-01T00:00:00.000Z","completedAt":"2026-01-01T00:01:00.000Z","recordsProcessed":5,"#,
        #""recordsSynced":4,"errors":1,"message":"others: no"}],"#,
        #""outbox":[{"id":"evt-1","type":"sync.partial","at":"2026-01-01T00:01:00.000Z","data":{"syncId":"sync-1"},"#,
        #""failures":1,"nextAttemptAt":"2026-01-01T00:02:00.000Z","#,
        #""attempts":[["2026-01-01T00:01:00.000Z","serverError",500,12],["2026-01-01T00:01:05.000Z","timeout",null,15000]]}],"#,
        #""eventsDropped":4,"webhook":{"secret":"v1:k:w","retiring":{"secret":"v1:k:o","#,
        #""until":"2026-01-03T00:00:00.000Z"},"disabledAt":"2026-01-01T00:00:00.000Z","#,
        #""failingSince":"2026-01-01T00:00:00.000Z","restsUntil":"2026-01-01T00:00:09.000Z","#,
        #""deliveries":[{"id":"evt-0","type":"connection.connected","at":"2026-01-01T00:00:01.000Z","data":{},"#,
        #""end":"delivered","attempts":[["2026-01-01T00:00:02.000Z","delivered",200,9]]}]},"#,
        #""later":{"a":[1,2.50]},"alsoLater":null}"#,
    ].joined()

    /// A connection with only the required members.
    private static let bare = [
        #"{"id":"conn-0a1BBBBBBBBBBBBBBBBBBBBBB","number":8,"service":"integration-123","variant":null,"accountId":null,"#,
        #""accountName":null,"status":"pending","permissions":[],"requestedScopes":[],"grantedScopes":[],"#,
        #""settings":{"webhookUrl":null,"syncFrequency":"manual"},"createdAt":"2026-01-01T00:00:00.000Z","#,
        #""updatedAt":"2026-01-01T00:00:00.000Z","connectedAt":null,"expiresAt":null,"lastSyncAt":null,"#,
        #""syncStatus":null,"callback":{},"credentials":{"accessToken":null,"refreshToken":null,"issuedAt":null,"#,
        #""refreshExpiresAt":null,"grantExpiresAt":null},"authorizations":[],"grant":0,"syncs":[],"outbox":[]}"#,
    ].joined()

    private static func document(_ connections: [String]) -> [UInt8] {
        let head =
            #"{"userId":"u","externalAccount":{"provider":"chat","accountId":"1"},"connections":["#
        let tail = #"],"nextNumber":9,"erasures":["conn-0a1CCCCCCCCCCCCCCCCCCCCCC"],"laterStill":true}"#
        return Array((head + connections.joined(separator: ",") + tail).utf8)
    }

    @Test("A stored user is encoded again without changing a byte")
    func unchanged() throws {
        let stored = Self.document([Self.full, Self.bare])
        let user = try User(decoding: stored)
        #expect(String(decoding: user.encoded, as: UTF8.self) == String(decoding: stored, as: UTF8.self))
        let minimal = Array(#"{"userId":"u","connections":[],"nextNumber":1}"#.utf8)
        #expect(try User(decoding: minimal).encoded == minimal)
        // Version 0.1.0 wrote this member earlier.
        let earlier = Array(#"{"userId":"u","nextNumber":1,"connections":[]}"#.utf8)
        #expect(try User(decoding: earlier).encoded == minimal)
    }

    @Test("A changed connection is written again, and what it was keeps its text")
    func changedConnections() throws {
        var user = try User(decoding: Self.document([Self.full, Self.bare]))
        let before = user
        let first = user.encoded
        try user.updateFirst { $0.changesNoted(of: ["more"]) }
        let changed = user.encoded
        #expect(changed != first && before.encoded == first && user.encoded == changed)
        #expect(user.connections[1].isIdentical(to: before.connections[1]))
        #expect(!user.connections[0].isIdentical(to: before.connections[0]))
        #expect(try User(decoding: changed).encoded == changed)
    }

    @Test(
        "Values that a later version stored are kept",
        arguments: [
            (#""operation":"refresh""#, #""operation":"proxy""#), (#""kind":"rateLimited""#, #""kind":"quotaUsedUp""#),
            (#""syncStatus":"partial""#, #""syncStatus":"paused""#),
        ])
    func laterWords(_ known: String, _ later: String) throws {
        let stored = Self.full.split(separator: known, maxSplits: 1).joined(separator: later)
        #expect(stored != Self.full)
        let document = Self.document([stored])
        #expect(try User(decoding: document).encoded == document)
    }

    @Test("A connection without its required members is refused")
    func damaged() {
        let document = Self.document([Self.bare.split(separator: #""number":8,"#).joined()])
        #expect(throws: UserCodingError.self) { try User(decoding: document) }
    }
}
