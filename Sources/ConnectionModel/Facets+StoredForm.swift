// The stored form of a connection: one table with the members of all facets. Each facet's own table writes and reads its members.

import ProviderSDK

extension Facets {
    /// The member names of version 0.1.0 in their order; newer members follow them.
    private static let order = [
        "id", "number", "service", "variant", "accountId", "accountName", "mode", "status", "permissions",
        "requestedScopes", "grantedScopes", "settings", "createdAt", "updatedAt", "connectedAt", "expiresAt",
        "lastSyncAt", "syncStatus", "scheduledSyncAt", "changes", "callback", "credentials", "authorizations", "grant",
        "refresh", "held", "ending", "revocation", "odd", "deadlineTold", "failure", "syncs", "outbox", "eventsDropped",
        "webhook", "answeredSyncs", "failedSyncs", "hasHistory",
    ]

    private static let ownMembers: [StoredMember<Facets>] = [
        .init(
            "settings", { ConnectionSettings.members.write($0.settings, to: &$1) },
            { ConnectionSettings.members.read($1, into: &$0.settings) }),
        .init("createdAt", { $1.value($0.createdAt) }, { _, _ in }),
        .init("updatedAt", { $1.value($0.updatedAt) }, { $0.updatedAt = $1.moment ?? $0.updatedAt }),
        .init(
            "failure", omittedIf: { $0.failure == nil }, { $0.failure?.write(to: &$1) },
            { $0.failure = ConnectionFailure(decoding: $1) }),
        .init(
            "hasHistory", omittedIf: { !$0.hasHistory }, { $1.value($0.hasHistory) },
            { $0.hasHistory = $1.boolean ?? false }),
    ]

    static let members = (facetMembers + ownMembers).ordered(by: order)

    /// The members of the facets.
    ///
    /// The table of each facet writes and reads its members.
    private static var facetMembers: [StoredMember<Facets>] {
        var members = ConnectionIdentity.members.map { member in
            StoredMember<Facets>(
                member.name, omittedIf: { member.isOmitted($0.identity) }, { member.write($0.identity, &$1) },
                { member.read(&$0.identity, $1) })
        }
        members += ConnectionLife.members.map { member in
            StoredMember<Facets>(
                member.name, omittedIf: { member.isOmitted($0.life) }, { member.write($0.life, &$1) },
                { member.read(&$0.life, $1) })
        }
        members += Grant.members.map { member in
            StoredMember<Facets>(
                member.name, omittedIf: { member.isOmitted($0.grant) }, { member.write($0.grant, &$1) },
                { member.read(&$0.grant, $1) })
        }
        members += SyncState.members.map { member in
            StoredMember<Facets>(
                member.name, omittedIf: { member.isOmitted($0.sync) }, { member.write($0.sync, &$1) },
                { member.read(&$0.sync, $1) })
        }
        members += Notifications.members.map { member in
            StoredMember<Facets>(
                member.name, omittedIf: { member.isOmitted($0.notifications) },
                { member.write($0.notifications, &$1) }, { member.read(&$0.notifications, $1) })
        }
        return members
    }

    private static let knownNames = Set(members.map(\.name))

    /// Reads what ``write(to:)`` wrote.
    init(decoding value: JSONValue) throws(UserCodingError) {
        guard let identity = ConnectionIdentity(decoding: value),
            let status = value["status"]?.string.flatMap(ConnectionStatus.init),
            let createdAt = value.moment("createdAt")
        else { throw UserCodingError(problem: "a connection lacks id, number, service, status or createdAt") }
        self.init(identity: identity, life: ConnectionLife(status), createdAt: createdAt, updatedAt: createdAt)
        Self.members.read(value, into: &self)
        unknown = (value.members ?? []).filter { !Self.knownNames.contains($0.key) }.map { ($0.key, $0.value.detached) }
    }

    /// Writes the stored form as an object.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            Self.members.writeMembers(of: self, to: &writer)
            for (key, value) in unknown { writer.member(key, value) }
        }
    }
}
