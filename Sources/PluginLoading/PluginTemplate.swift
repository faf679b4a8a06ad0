// The files of a new plugin: a provider that builds, loads and passes its tests, to be changed line by line into a real one.

/// A new plugin.
package struct PluginTemplate {
    /// The name of its module and folder: 1 to 24 ASCII letters and digits, beginning with a capital.
    package let name: String

    /// A plugin called `name`; nil when that cannot be the name of a plugin's module.
    package init?(_ name: String) {
        let bytes = name.utf8
        guard 1...24 ~= bytes.count, let first = bytes.first, 0x41...0x5A ~= first,
            bytes.allSatisfy({ $0 &- 0x30 < 10 || 0x61...0x7A ~= $0 | 0x20 }), !Self.taken.contains(name.lowercased())
        else { return nil }
        self.name = name
    }

    /// Modules that a plugin's code or tests import, and names with a meaning in Swift, in lower case.
    private static let taken: Set<String> = [
        "any", "dispatch", "foundation", "glibc", "protocol", "providersdk", "providersdktesting", "self", "swift",
        "synchronization", "testing", "type", "xctest",
    ]

    /// The id of its provider.
    package var id: String { name.lowercased() }

    /// Its files: paths from the root of the package, and what is in them.
    package var files: [(path: String, text: String)] {
        [
            ("Plugins/\(name)/Plugin.swift", Self.plugin), ("Plugins/\(name)/\(name)Provider.swift", Self.provider),
            ("Plugins/\(name)/\(name)Mappings.swift", Self.mappings),
            ("Tests/\(name)Tests/\(name)ProviderTests.swift", Self.tests),
        ].map { path, text in
            (path, text.replacing("{NAME}", with: name).replacing("{ID}", with: id) + "\n")
        }
    }

    private static let plugin = """
        // The entry points through which the host finds this plugin.

        import ProviderSDK

        /// The SDK version this plugin was built for.
        @c(integration_host_plugin_sdk_version)
        public func pluginSDKVersion() -> UInt32 { SDKVersion.compiled }

        /// Makes the provider.
        @c(integration_host_plugin_make_provider)
        public func makeProvider() -> UInt { PluginEntry.export({NAME}Provider()) }
        """

    private static let provider = """
        // What {NAME} is, how an account is connected, and what is synced: data that the host reads.
        // Code is needed only where the provider is peculiar.

        import ProviderSDK

        /// Accounts of {NAME} and their orders.
        struct {NAME}Provider: Provider {
            let manifest = ProviderManifest(id: "{ID}", name: "{NAME}") { manifest in
                manifest.description = "Orders of {NAME}"
                manifest.category = "Commerce"
                manifest.features = ["orders"]
                manifest.auth = .oauth2(oauth)
                manifest.scopes = ScopeTable([Scope("orders.read")])
                manifest.endpoints = [
                    "authorize": "https://{ID}.example.com/oauth/authorize",
                    "token": "https://{ID}.example.com/oauth/token",
                    "api": "https://api.{ID}.example.com",
                ]
                // Who the account is, asked once after it was connected.
                manifest.identity = IdentitySource(
                    id: ["response.id"], name: ["response.name"], request: .get("/me"))
                manifest.dataTypes = [orders]
                manifest.rateLimits = [
                    RateLimit(
                        60, per: .seconds(60), scope: .account,
                        setting: ProviderSetting("requestsPerMinute", "Requests to one account in a minute."))
                ]
                manifest.errors = errors
                // Where all this comes from: what it was compared with, and when.
                manifest.facts = ProviderFacts(
                    verified: .documentation, date: "2026-01-01", sources: ["https://{ID}.example.com/docs"])
            }

            /// The defaults are what RFC 6749 and RFC 9700 recommend; only what differs is said.
            private static let oauth = OAuth2 { oauth in
                oauth.clientAuthentication = .clientSecretBasic
                oauth.pkce = .s256
                oauth.refresh = .refreshToken(rotation: .keepsUntilReplaced)
            }

            private static let orders = DataType("orders", mapping: {NAME}Mappings.order) { type in
                type.scopes = ["orders.read"]
                type.list = ListRequest(
                    .get("/orders"), items: "orders", paging: .token(parameter: "cursor", token: "next", hasMore: nil)
                ) { list in
                    list.pageSizeParameter = "limit"
                    list.pageSize = 100
                }
            }

            /// What an error answer means decides whether the host refreshes, waits, tries again or gives up.
            private static let errors = ErrorClassification([
                ErrorRule(403, where: .equals("error.code", "missing_scope"), is: .scopeMissing([]))
            ]) { errors in
                errors.code = ["error.code"]
                errors.message = ["error.message"]
            }
        }
        """

    private static let mappings = """
        // The mapping tables of {NAME}: from its records to those that applications read.

        import ProviderSDK

        enum {NAME}Mappings {
            static let order = FieldMapping(
                "order", sourceID: ["id"],
                [
                    Field("amount", from: "total", as: .minorUnits(currency: "currency", .iso4217), isRequired: true),
                    Field("currency", from: "currency", as: .uppercased),
                    Field("status", from: "state", as: .oneOf(["done": "completed", "open": "open"], other: "unknown")),
                    Field("sourceStatus", from: "state"),
                    Field("date", from: "created_at", as: .iso8601),
                ])
        }
        """

    private static let tests = """
        // {NAME} on self-made payloads: fields, paging, identity, error classes. No socket and no clock.

        import ProviderSDK
        import ProviderSDKTesting
        import Testing

        @testable import {NAME}

        @Suite("{NAME} provider")
        struct {NAME}ProviderTests {
            let provider = {NAME}Provider()
            static let now = Timestamp(iso8601: "2025-06-01") ?? .epoch

            func context(
                _ answer: @escaping @Sendable (ProviderRequest) -> ProviderResponse
            ) -> (ProviderContext, ScriptedHTTP) {
                let http = ScriptedHTTP(provider.manifest, now: Self.now, answer: answer)
                return (.testing(http, accountID: "account-1", now: Self.now), http)
            }

            @Test("passes the conformance checks")
            func conforms() { #expect(ProviderConformance(provider).problems() == []) }

            static func map(_ change: JSONValue) throws -> JSONValue {
                let plain: JSONValue = [
                    "id": "order-1", "total": 1000, "currency": "usd", "state": "done", "created_at": "2025-05-24T00:00:00Z",
                ]
                let names = Set((change.members ?? []).map(\\.key))
                let kept = (plain.members ?? []).filter { !names.contains($0.key) }
                let record = JSONValue.object(kept + (change.members ?? []))
                return try JSONValue.parse({NAME}Mappings.order.map(record, now: now).json)
            }

            @Test(
                "each field of an order",
                arguments: [
                    ([:], "sourceId", "order-1"), ([:], "currency", "USD"), ([:], "date", "2025-05-24T00:00:00Z"),
                    (["created_at": .null], "date", .null), ([:], "status", "completed"), (["state": "open"], "status", "open"),
                    (["state": "lost"], "status", "unknown"), (["state": "lost"], "sourceStatus", "lost"),
                ] as [(JSONValue, String, JSONValue)])
            func orderFields(change: JSONValue, field: String, expected: JSONValue) throws {
                #expect(try Self.map(change)[field] == expected)
            }

            @Test(
                "amounts are exact in every currency",
                arguments: [("usd", "10.00"), ("jpy", "1000"), ("kwd", "1.000")] as [(JSONValue, String)])
            func amounts(currency: JSONValue, expected: String) throws {
                #expect(try Self.map(["currency": currency])["amount"]?.number?.text == expected)
            }

            @Test("an order without an amount is an error of that order")
            func deadLetters() {
                let failure = #expect(throws: MappingFailure.self) { try Self.map(["total": .null]) }
                #expect(failure?.field == "amount")
            }

            @Test("orders are read page by page until there is no token for another")
            func pages() async throws {
                let (context, http) = context { request in
                    request.query.contains { $0.name == "cursor" }
                        ? .json(#"{"orders":[{"id":"2"}],"next":null}"#) : .json(#"{"orders":[{"id":"1"}],"next":"more"}"#)
                }
                let first = try await provider.page(PageRequest(dataType: "orders"), in: context)
                let second = try await provider.page(PageRequest(dataType: "orders", cursor: first.next), in: context)
                #expect(second.next == nil)
                #expect(http.requests.map(\\.path) == ["/orders", "/orders"])
                #expect(http.requests[1].query.contains { $0.name == "cursor" && $0.value == "more" })
            }

            @Test("the account is who the provider says it is")
            func identifies() async throws {
                let (context, http) = context { _ in .json(#"{"id":"account-1","name":"Ada"}"#) }
                let identity = try await provider.identity(
                    of: TokenGrant(response: [:], claims: [:], callback: [:]), in: context)
                #expect(identity == AccountIdentity(id: "account-1", name: "Ada"))
                #expect(http.requests.map(\\.path) == ["/me"])
            }

            @Test(
                "error answers fall into the right class",
                arguments: [
                    (401, "expired", ProviderError.Kind.authExpired), (403, "missing_scope", .scopeMissing([])),
                    (400, "invalid", .permanent), (500, "internal", .transient), (200, "none", nil),
                ] as [(Int, String, ProviderError.Kind?)])
            func classifies(status: Int, code: String, kind: ProviderError.Kind?) {
                let answer = ProviderResponse.json("{\\"error\\":{\\"code\\":\\"\\(code)\\"}}", status: status)
                #expect(provider.manifest.errors.error(for: answer, now: Self.now)?.kind == kind)
            }
        }
        """
}
