// Pier: moorings, connected with a key that the user pastes. An invented provider that finds identity in code and follows links.

import ProviderSDK

struct PierProvider: Provider {
    let manifest = ProviderManifest(id: "pier", name: "Pier") { manifest in
        manifest.description = "Moorings"
        manifest.category = "Freight"
        manifest.auth = .apiKey(key)
        manifest.endpoints = ["api": "https://pier.example"]
        manifest.dataTypes = [
            DataType("moorings", mapping: mooring) { dataType in
                dataType.list = ListRequest(
                    .get("/moorings"), items: "moorings", paging: .nextLink("links.next", isRequired: false))
            },
            DataType("status", mapping: status) { dataType in
                dataType.list = ListRequest(.get("/status"), items: "", paging: .none).with { $0.isSingle = true }
            },
        ]
    }

    private static let key: APIKeyAuth = {
        var key = APIKeyAuth()
        key.header = "X-Pier-Key"
        key.prefix = "Key "
        return key
    }()

    private static let mooring = FieldMapping(
        "mooring", sourceID: ["id"],
        [
            Field("name", "name", .text, isRequired: true),
            Field("depth", "depth", .decimal),
            Field("takenAt", "taken", .dotNetDate),
        ])

    private static let status = FieldMapping(
        "status", sourceID: ["pier"],
        [
            Field("isOpen", "open", .boolean),
            Field(
                "price", "price", .sumOfMinorUnits(amount: "cents", quantity: "count", currency: "currency", .iso4217)),
        ])

    func identity(of grant: TokenGrant, in context: ProviderContext) async throws(ProviderError) -> AccountIdentity {
        let answer = try await context.json(.get("/whoami"))
        guard let id = answer.at("owner.id")?.scalarText else {
            throw ProviderError(.permanent, "Pier does not say whose key this is.")
        }
        var identity = AccountIdentity(id: id, name: answer.at("owner.name")?.string ?? id)
        identity.mode = answer["test"]?.boolean == true ? "test" : "live"
        return identity
    }
}
