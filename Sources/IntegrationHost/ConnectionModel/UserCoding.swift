// Reads and writes a user as the JSON of its document. Members that this version does not know are kept.

import ProviderSDK

/// Why a stored user could not be read.
struct UserCodingError: Error, CustomStringConvertible {
    let problem: String
    var description: String { "The stored user document cannot be read: \(problem)." }
}

extension User {
    /// The user as JSON, one connection a line.
    var encoded: [UInt8] {
        var writer = JSONWriter(capacity: 1024 * (connections.count + 1))
        writer.object { writer in
            writer.member("userId", id)
            writer.member("nextNumber", nextNumber)
            if let externalAccount { writer.member("externalAccount", externalAccount) }
            writer.key("connections")
            writer.array { writer in
                for connection in connections { connection.write(to: &writer) }
            }
            if !erasures.isEmpty { writer.member("erasures", erasures) }
            for (key, value) in unknown { writer.member(key, value) }
        }
        return writer.bytes
    }

    /// The user stored as `bytes`.
    init(decoding bytes: [UInt8]) throws(UserCodingError) {
        let value: JSONValue
        do { value = try JSONValue.parse(bytes) } catch { throw UserCodingError(problem: "\(error)") }
        guard let id = value["userId"]?.string, let connections = value["connections"]?.array else {
            throw UserCodingError(problem: "it has no userId or connections")
        }
        self.init(id: id)
        nextNumber = value["nextNumber"]?.integer.map(Int.init) ?? 1
        externalAccount = value["externalAccount"]
        for connection in connections { self.connections.append(try Connection(decoding: connection)) }
        erasures = value.texts("erasures")
        let known: Set = ["userId", "nextNumber", "externalAccount", "connections", "erasures"]
        unknown = (value.members ?? []).filter { !known.contains($0.key) }
    }
}

extension Connection {
    fileprivate static let known: Set = [
        "id", "number", "service", "variant", "accountId", "accountName", "status", "permissions", "requestedScopes",
        "grantedScopes", "settings", "createdAt", "updatedAt", "connectedAt", "expiresAt", "lastSyncAt", "syncStatus",
        "callback", "credentials", "authorizations", "grant", "failure", "syncs", "outbox", "eventsDropped",
        "scheduledSyncAt", "refresh", "deadlineTold", "held", "ending", "revocation", "webhook",
        "changes", "mode",
    ]

    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("number", number)
            writer.member("service", service)
            writer.member("variant", variant)
            writer.member("accountId", accountID)
            writer.member("accountName", accountName)
            if let mode { writer.member("mode", mode) }
            writer.member("status", status.rawValue)
            writer.member("permissions", permissions)
            writer.member("requestedScopes", requestedScopes)
            writer.member("grantedScopes", grantedScopes)
            writer.key("settings")
            writer.object { writer in
                writer.member("webhookUrl", settings.webhookURL)
                writer.member("syncFrequency", settings.syncFrequency.rawValue)
            }
            writer.moment("createdAt", createdAt)
            writer.moment("updatedAt", updatedAt)
            writer.moment("connectedAt", connectedAt)
            writer.moment("expiresAt", expiresAt)
            writer.moment("lastSyncAt", lastSyncAt)
            writer.member("syncStatus", syncStatus)
            if let scheduledSyncAt { writer.moment("scheduledSyncAt", scheduledSyncAt) }
            if !changes.isEmpty {
                writer.key("changes")
                writer.array { writer in for change in changes { change.write(to: &writer) } }
            }
            writer.member("callback", callback)
            credentials.write(to: &writer)
            writer.key("authorizations")
            writer.array { writer in for authorization in authorizations { authorization.write(to: &writer) } }
            writer.member("grant", grant)
            if refresh != RefreshState() { refresh.write(to: &writer) }
            if let held { held.write(to: &writer) }
            if let ending { writer.member("ending", ending.rawValue) }
            if let revocation { writer.member("revocation", revocation.rawValue) }
            if let deadlineTold {
                writer.key("deadlineTold")
                writer.object { writer in
                    writer.member("reason", deadlineTold.reason.rawValue)
                    writer.moment("at", deadlineTold.at)
                }
            }
            if let failure { failure.write(to: &writer) }
            writer.key("syncs")
            writer.array { writer in for sync in syncs { sync.write(to: &writer) } }
            writer.key("outbox")
            writer.array { writer in for event in outbox { event.write(to: &writer) } }
            if eventsDropped > 0 { writer.member("eventsDropped", eventsDropped) }
            if webhook != WebhookEndpoint() { webhook.write(to: &writer) }
            for (key, value) in unknown { writer.member(key, value) }
        }
    }

    fileprivate init(decoding value: JSONValue) throws(UserCodingError) {
        guard let id = value["id"]?.string, let number = value["number"]?.integer,
            let service = value["service"]?.string,
            let status = value["status"]?.string.flatMap(ConnectionStatus.init),
            let createdAt = value.moment("createdAt")
        else { throw UserCodingError(problem: "a connection lacks id, number, service, status or createdAt") }
        self.init(
            id: id, number: Int(number), service: service, variant: value["variant"]?.string, status: status,
            at: createdAt)
        accountID = value["accountId"]?.string
        accountName = value["accountName"]?.string
        mode = value["mode"]?.string
        permissions = value.texts("permissions")
        requestedScopes = value.texts("requestedScopes")
        grantedScopes = value.texts("grantedScopes")
        settings.webhookURL = value.at("settings.webhookUrl")?.string
        settings.syncFrequency = value.at("settings.syncFrequency")?.string.flatMap(SyncFrequency.init) ?? .manual
        updatedAt = value.moment("updatedAt") ?? createdAt
        connectedAt = value.moment("connectedAt")
        expiresAt = value.moment("expiresAt")
        lastSyncAt = value.moment("lastSyncAt")
        syncStatus = value["syncStatus"]?.string
        scheduledSyncAt = value.moment("scheduledSyncAt")
        changes = (value["changes"]?.array ?? []).compactMap(PendingChange.init(decoding:))
        callback = value["callback"] ?? [:]
        credentials = Credentials(decoding: value["credentials"] ?? [:])
        for authorization in value["authorizations"]?.array ?? [] {
            if let authorization = PendingAuthorization(decoding: authorization) {
                authorizations.append(authorization)
            }
        }
        grant = value["grant"]?.integer.map(Int.init) ?? 0
        refresh = RefreshState(decoding: value["refresh"] ?? [:])
        if let reason = value.at("deadlineTold.reason")?.string.flatMap(GrantDeadline.Reason.init),
            let at = value["deadlineTold"]?.moment("at")
        {
            deadlineTold = GrantDeadline(reason: reason, at: at)
        }
        held = value["held"].flatMap(HeldGrant.init(decoding:))
        ending = value["ending"]?.string.flatMap(ConnectionEnding.init)
        revocation = value["revocation"]?.string.flatMap(RevocationOutcome.init)
        failure = value["failure"].flatMap(ConnectionFailure.init(decoding:))
        syncs = (value["syncs"]?.array ?? []).compactMap(SyncRun.init(decoding:))
        outbox = (value["outbox"]?.array ?? []).compactMap(ConnectionEvent.init(decoding:))
        eventsDropped = value["eventsDropped"]?.integer.map(Int.init) ?? 0
        webhook = WebhookEndpoint(decoding: value["webhook"] ?? [:])
        unknown = (value.members ?? []).filter { !Self.known.contains($0.key) }
    }
}

extension Credentials {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.key("credentials")
        writer.object { writer in
            writer.member("accessToken", accessToken)
            writer.member("refreshToken", refreshToken)
            writer.moment("issuedAt", issuedAt)
            writer.moment("refreshExpiresAt", refreshExpiresAt)
            writer.moment("grantExpiresAt", grantExpiresAt)
        }
    }

    fileprivate init(decoding value: JSONValue) {
        accessToken = value["accessToken"]?.string
        refreshToken = value["refreshToken"]?.string
        issuedAt = value.moment("issuedAt")
        refreshExpiresAt = value.moment("refreshExpiresAt")
        grantExpiresAt = value.moment("grantExpiresAt")
    }
}

extension RefreshState {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.key("refresh")
        writer.object { writer in
            writer.member("generation", generation)
            if let intent {
                writer.key("intent")
                writer.object { writer in
                    writer.member("generation", intent.generation)
                    writer.moment("at", intent.at)
                    writer.member("attempt", intent.attempt)
                }
            }
            if let unknownSince { writer.moment("unknownSince", unknownSince) }
            if failures > 0 { writer.member("failures", failures) }
            if let lastFailure { writer.member("lastFailure", lastFailure.rawValue) }
            if let nextAttemptAt { writer.moment("nextAttemptAt", nextAttemptAt) }
            if let lastAttemptAt { writer.moment("lastAttemptAt", lastAttemptAt) }
        }
    }

    fileprivate init(decoding value: JSONValue) {
        generation = value["generation"]?.integer.map(Int.init) ?? 0
        if let stored = value["intent"], let at = stored.moment("at") {
            intent = Intent(
                generation: stored["generation"]?.integer.map(Int.init) ?? generation, at: at,
                attempt: stored["attempt"]?.integer.map(Int.init) ?? 1)
        }
        unknownSince = value.moment("unknownSince")
        failures = value["failures"]?.integer.map(Int.init) ?? 0
        lastFailure = value["lastFailure"]?.string.flatMap(RefreshFailure.Reason.init)
        nextAttemptAt = value.moment("nextAttemptAt")
        lastAttemptAt = value.moment("lastAttemptAt")
    }
}

extension HeldGrant {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.key("held")
        writer.object { writer in
            writer.member("answer", answer)
            if let scopes { writer.member("scopes", scopes) }
            writer.member("requestedScopes", requestedScopes)
            writer.moment("at", at)
            writer.member("attempts", attempts)
            writer.moment("nextAttemptAt", nextAttemptAt)
        }
    }

    fileprivate init?(decoding value: JSONValue) {
        guard let at = value.moment("at"), let answer = value["answer"]?.string else { return nil }
        self.init(
            answer: answer, scopes: value["scopes"]?.array?.compactMap(\.string),
            requestedScopes: value.texts("requestedScopes"),
            at: at, attempts: value["attempts"]?.integer.map(Int.init) ?? 0,
            nextAttemptAt: value.moment("nextAttemptAt") ?? at)
    }
}

extension PendingAuthorization {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("nonce", nonce)
            writer.member("redirectUri", redirectURI)
            writer.member("verifier", verifier)
            writer.member("callerState", callerState)
            writer.member("session", sessionBinding)
            writer.member("scopes", requestedScopes)
            writer.moment("expiresAt", expiresAt)
        }
    }

    fileprivate init?(decoding value: JSONValue) {
        guard let nonce = value["nonce"]?.string, let redirectURI = value["redirectUri"]?.string,
            let session = value["session"]?.string, let expiresAt = value.moment("expiresAt")
        else { return nil }
        self.init(
            nonce: nonce, redirectURI: redirectURI, verifier: value["verifier"]?.string,
            callerState: value["callerState"]?.string, sessionBinding: session, requestedScopes: value.texts("scopes"),
            expiresAt: expiresAt)
    }
}

extension ConnectionFailure {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.key("failure")
        writer.object { writer in
            writer.member("operation", operation)
            writer.member("kind", kind)
            writer.member("code", code)
            writer.member("message", message)
            writer.moment("at", at)
            if let retryAt { writer.moment("retryAt", retryAt) }
            if !scopes.isEmpty { writer.member("scopes", scopes) }
        }
    }

    fileprivate init?(decoding value: JSONValue) {
        guard let operation = value["operation"]?.string, let kind = value["kind"]?.string,
            let message = value["message"]?.string, let at = value.moment("at")
        else { return nil }
        self.init(operation: operation, kind: kind, code: value["code"]?.string, message: message, at: at)
        retryAt = value.moment("retryAt")
        scopes = value.texts("scopes")
    }
}

extension PendingChange {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("dataType", dataType)
            writer.member("syncId", syncID)
            if failures > 0 { writer.member("failures", failures) }
            if let notBefore { writer.moment("notBefore", notBefore) }
        }
    }

    fileprivate init?(decoding value: JSONValue) {
        guard let dataType = value["dataType"]?.string else { return nil }
        self.init(dataType: dataType)
        syncID = value["syncId"]?.string
        failures = value["failures"]?.integer.map(Int.init) ?? 0
        notBefore = value.moment("notBefore")
    }
}

extension SyncRun {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("type", type.rawValue)
            writer.member("dataTypes", dataTypes)
            writer.member("status", status.rawValue)
            writer.moment("startedAt", startedAt)
            writer.moment("completedAt", completedAt)
            writer.member("recordsProcessed", recordsProcessed)
            writer.member("recordsSynced", recordsSynced)
            writer.member("errors", errors)
            writer.member("message", message)
            if trigger != .manual { writer.member("trigger", trigger.rawValue) }
            if let idempotency { writer.member("idempotency", idempotency.stored) }
            if !joined.isEmpty { writer.member("joined", joined.map(\.stored)) }
        }
    }

    fileprivate init?(decoding value: JSONValue) {
        guard let id = value["id"]?.string, let type = value["type"]?.string.flatMap(SyncType.init),
            let status = value["status"]?.string.flatMap(SyncRunStatus.init), let startedAt = value.moment("startedAt")
        else { return nil }
        self.init(id: id, type: type, dataTypes: value.texts("dataTypes"), status: status, startedAt: startedAt)
        completedAt = value.moment("completedAt")
        recordsProcessed = value["recordsProcessed"]?.integer.map(Int.init) ?? 0
        recordsSynced = value["recordsSynced"]?.integer.map(Int.init) ?? 0
        errors = value["errors"]?.integer.map(Int.init) ?? 0
        message = value["message"]?.string
        trigger = value["trigger"]?.string.flatMap(SyncTrigger.init) ?? .manual
        idempotency = value["idempotency"]?.string.flatMap(SyncIdempotency.init(stored:))
        joined = value.texts("joined").compactMap(SyncIdempotency.init(stored:))
    }
}

extension JSONWriter {
    /// Writes a moment with milliseconds, or null.
    mutating func moment(_ name: String, _ moment: Timestamp?) {
        member(name, moment?.text(withMilliseconds: true))
    }
}

extension JSONValue {
    func moment(_ name: String) -> Timestamp? { self[name]?.string.flatMap(Timestamp.init(iso8601:)) }
    fileprivate func texts(_ name: String) -> [String] { self[name]?.array?.compactMap(\.string) ?? [] }
}
