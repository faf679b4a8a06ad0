// Connections in states that need many transitions: tests edit members of the stored document and decode it again.

import ProviderSDK
import Users

@testable import ConnectionModel

/// The stored form of a connection, for editing.
struct StoredDraft {
    fileprivate var json: JSONValue

    fileprivate init(_ connection: Connection) { json = Self.json { $0.raw(connection.text) } }

    fileprivate var connection: Connection {
        guard let connection = try? Connection(decoding: json) else {
            fatalError("The draft is no connection: \(json)")
        }
        return connection
    }

    fileprivate static func json(_ write: (inout JSONWriter) -> Void) -> JSONValue {
        var writer = JSONWriter()
        write(&writer)
        return (try? JSONValue.parse(writer.bytes)) ?? .null
    }

    /// Sets a member; a path with a dot leads into a member's object.
    private mutating func set(_ path: String, _ value: JSONValue?) {
        json = Self.setting(value, at: path.split(separator: ".").map(String.init)[...], in: json)
    }

    private static func setting(_ value: JSONValue?, at path: ArraySlice<String>, in object: JSONValue) -> JSONValue {
        guard let name = path.first else { return value ?? .null }
        var members = object.members ?? []
        let changed: JSONValue? =
            path.count == 1 ? value : setting(value, at: path.dropFirst(), in: object[name] ?? [:])
        if let index = members.firstIndex(where: { $0.key == name }) {
            if let changed { members[index].value = changed } else { members.remove(at: index) }
        } else if let changed {
            members.append((name, changed))
        }
        return .object(members)
    }

    private mutating func set(_ path: String, _ moment: Timestamp?) {
        set(path, moment.map { JSONValue.string($0.text(withMilliseconds: true)) })
    }

    private mutating func set(_ path: String, _ text: String?) { set(path, text.map(JSONValue.string)) }

    private mutating func set<Element>(
        _ path: String, _ elements: [Element], _ write: (Element, inout JSONWriter) -> Void
    ) {
        set(
            path, Self.json { writer in writer.array { writer in for element in elements { write(element, &writer) } } }
        )
    }

    // MARK: Members

    var status: ConnectionStatus {
        get { connection.status }
        set { set("status", newValue.rawValue) }
    }
    var disconnection: Disconnection? {
        get { connection.disconnection }
        set { set("ending", newValue?.rawValue) }
    }
    var accountID: String? {
        get { connection.accountID }
        set { set("accountId", newValue) }
    }
    var connectedAt: Timestamp? {
        get { connection.connectedAt }
        set { set("connectedAt", newValue) }
    }
    var expiresAt: Timestamp? {
        get { connection.expiresAt }
        set { set("expiresAt", newValue) }
    }
    var grantNumber: Int {
        get { connection.grant.number }
        set { set("grant", JSONValue.number(JSONNumber(newValue))) }
    }
    var accessToken: String? {
        get { connection.credentials.accessToken }
        set { set("credentials.accessToken", newValue) }
    }
    var refreshToken: String? {
        get { connection.credentials.refreshToken }
        set { set("credentials.refreshToken", newValue) }
    }
    var issuedAt: Timestamp? {
        get { connection.credentials.issuedAt }
        set { set("credentials.issuedAt", newValue) }
    }
    var refreshExpiresAt: Timestamp? {
        get { connection.credentials.refreshExpiresAt }
        set { set("credentials.refreshExpiresAt", newValue) }
    }
    var grantExpiresAt: Timestamp? {
        get { connection.credentials.grantExpiresAt }
        set { set("credentials.grantExpiresAt", newValue) }
    }
    var requestedScopes: [String] {
        get { connection.requestedScopes }
        set { set("requestedScopes", JSONValue.array(newValue.map(JSONValue.string))) }
    }
    var grantedScopes: [String] {
        get { connection.grantedScopes }
        set { set("grantedScopes", JSONValue.array(newValue.map(JSONValue.string))) }
    }
    var authorizations: [PendingAuthorization] {
        get { connection.authorizations }
        set { set("authorizations", newValue) { $0.write(to: &$1) } }
    }
    var nextRefreshAt: Timestamp? {
        get { connection.refresh.nextAttemptAt }
        set { set("refresh.nextAttemptAt", newValue) }
    }
    var revocation: RevocationOutcome? {
        get { connection.revocation }
        set { set("revocation", newValue?.rawValue) }
    }
    var failure: ConnectionFailure? {
        get { connection.failure }
        set { set("failure", newValue.map { failure in Self.json { failure.write(to: &$0) } }) }
    }
    var webhookURL: String? {
        get { connection.settings.webhookURL }
        set { set("settings.webhookUrl", newValue) }
    }
    var syncFrequency: SyncFrequency {
        get { connection.settings.syncFrequency }
        set { set("settings.syncFrequency", newValue.rawValue) }
    }
    var syncs: [SyncRun] {
        get { connection.syncs }
        set { set("syncs", newValue) { $0.write(to: &$1) } }
    }
    var scheduledSyncAt: Timestamp? {
        get { connection.sync.scheduledSyncAt }
        set { set("scheduledSyncAt", newValue) }
    }
    var outbox: [ConnectionEvent] {
        get { connection.outbox }
        set { set("outbox", newValue) { $0.write(to: &$1) } }
    }
    var webhook: NotificationEndpoint {
        get { connection.webhook }
        set { set("webhook", Self.json { newValue.write(to: &$0) }) }
    }
    var signingSecret: String? {
        get { connection.webhook.secret }
        set { set("webhook.secret", newValue) }
    }
    var endpointFailingSince: Timestamp? {
        get { connection.webhook.failingSince }
        set { set("webhook.failingSince", newValue) }
    }
    var endpointDisabledAt: Timestamp? {
        get { connection.webhook.disabledAt }
        set { set("webhook.disabledAt", newValue) }
    }
}

extension Connection {
    /// The connection in its stored form; a change is decoded again.
    var stored: StoredDraft {
        get { StoredDraft(self) }
        set { self = newValue.connection }
    }

    /// Queues an event, as a transition would; the connection needs a URL.
    mutating func queue(_ kind: ConnectionEvent.Kind, at now: Timestamp) throws(ServiceError) {
        var full = notifications
        full.queue(try .new(kind, at: now))
        let (outbox, dropped) = (full.outbox, full.dropped)
        stored = stored.with(outbox, dropped: dropped)
    }
}

extension StoredDraft {
    fileprivate func with(_ outbox: [ConnectionEvent], dropped: Int) -> StoredDraft {
        var draft = self
        draft.outbox = outbox
        draft.set("eventsDropped", JSONValue.number(JSONNumber(dropped)))
        return draft
    }
}

extension User {
    /// A user with these connections.
    init(id: String, _ connections: [Connection]) throws {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("userId", id)
            writer.key("connections")
            writer.array { writer in for connection in connections { writer.raw(connection.text) } }
        }
        try self.init(decoding: writer.bytes)
    }

    /// Changes the first connection.
    mutating func updateFirst(_ change: (inout Connection) throws(ServiceError) -> Void) throws(ServiceError) {
        guard let id = connections.first?.id else { throw .notFound }
        try update(id, change)
    }
}
