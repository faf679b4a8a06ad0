// The organisations that a grant covers, from Xero's list of connections, and the one that a connection is for.

import ProviderSDK

/// The answer of `GET /connections`.
struct XeroTenants {
    /// The request for it; the only one without the header that names a tenant.
    static let request = ProviderRequest.get("/connections")

    private let rows: [JSONValue]

    /// The tenants in `answer`.
    init(_ answer: JSONValue) throws(ProviderError) {
        guard let rows = answer.array else {
            throw ProviderError(.permanent, "Xero's answer is not a list of connections.")
        }
        self.rows = rows
    }

    /// The tenant that was connected by the authorization `event`.
    ///
    /// Without one of that event, of all. An organisation goes before a practice, which has no accounts, and the one connected
    /// last before the others.
    ///
    /// - Throws: a ``ProviderError`` of kind authRevoked when there is none.
    func identity(authorizedBy event: String?) throws(ProviderError) -> AccountIdentity {
        let authorized = rows.filter { row in event.map { row["authEventId"] == .string($0) } ?? false }
        let candidates = authorized.isEmpty ? rows : authorized
        let organisations = candidates.filter { $0["tenantType"] == "ORGANISATION" }
        let newest = (organisations.isEmpty ? candidates : organisations).max { updated($0) < updated($1) }
        guard let newest, let id = newest["tenantId"]?.string, !id.isEmpty else {
            throw ProviderError(.authRevoked, "No organisation is connected to this app in Xero.")
        }
        return AccountIdentity(id: id, name: newest["tenantName"]?.string ?? id)
    }

    /// Whether `tenant` is connected.
    func contains(_ tenant: String) -> Bool { rows.contains { isOf(tenant, $0) } }

    /// Whether a tenant other than `tenant` is connected.
    func hasOther(than tenant: String?) -> Bool { rows.contains { !isOf(tenant, $0) } }

    /// The id of the connection of `tenant`, which is not the tenant's; nil when it is not connected.
    func connectionID(of tenant: String?) -> String? {
        guard let id = rows.first(where: { isOf(tenant, $0) })?["id"]?.string, !id.isEmpty else { return nil }
        // It becomes a part of a path, and every id there is has the form of a UUID.
        let isPlain = id.utf8.allSatisfy { $0 &- 0x30 < 10 || 0x61...0x7A ~= $0 | 0x20 || $0 == UInt8(ascii: "-") }
        return isPlain ? id : nil
    }

    private func isOf(_ tenant: String?, _ row: JSONValue) -> Bool {
        tenant.map { row["tenantId"] == .string($0) } ?? false
    }

    private func updated(_ row: JSONValue) -> Timestamp {
        row["updatedDateUtc"]?.string.flatMap(Timestamp.init(iso8601:)) ?? .epoch
    }
}
