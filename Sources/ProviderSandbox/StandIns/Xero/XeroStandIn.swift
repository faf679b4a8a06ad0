// Xero: where it lives, its OAuth endpoints with JWT access tokens, the organisations of a grant, the lists of the
// Accounting API.

import Cryptography
import HTTPServer
import ProviderSDK
import Synchronization

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [XeroStandIn($0)] }
}

final class XeroStandIn: StandIn {
    let core: StandInCore
    /// The newest grant of its user when an organisation was disconnected.
    private let disconnected = Mutex<[Int: Int]>([:])

    init(_ environment: SandboxEnvironment) {
        core = StandInCore(environment, Self.specification(environment))
    }

    private static func specification(_ environment: SandboxEnvironment) -> StandInSpecification {
        let seed = environment.configuration.seed
        return StandInSpecification(
            "xero", accountSeed: "xero-tenant", account: { _, random in tenant(&random, suffix: "") }
        ) { standIn in
            standIn.settings = [
                "clientId": "xero-sandbox-client", "clientSecret": "xero-sandbox-secret",
                "webhookKey": "xero-sandbox-webhook-key",
            ]
            standIn.types = XeroObjects.types
            // One organisation for each user, then a second one for each.
            standIn.holders = { users in
                users
                    + users.indices.map { number in
                        var random = SeededRandom(
                            seed: seed, account: number + users.count, type: "xero-tenant", number: 0)
                        return tenant(&random, suffix: " Holdings")
                    }
            }
            standIn.oauth = oauth(environment)
        }
    }

    private static func oauth(_ environment: SandboxEnvironment) -> OAuthSpecification {
        OAuthSpecification("Xero", authorize: "/identity/connect/authorize", token: "/connect/token") { oauth in
            // Ends all grants, and with them all organisations, of the user whose token it is.
            oauth.revocation = Revocation(path: "/connect/revocation", ends: .account)
            oauth.rules = { rules in
                rules.clientAuthentication = [.basic]
                rules.knownScopes = knownScopes
                rules.refresh = .rotates(graceSeconds: 1800)
                rules.givesRefreshToken = { $0.scopes.contains("offline_access") }
                rules.accessTokenSeconds = 1800
                rules.refreshTokenSeconds = 60 * 86_400
                rules.mintAccessToken = accessToken(environment.configuration.seed, clientID: rules.clientID)
            }
            oauth.tokens = [.accessToken, .expiresIn, .type("Bearer"), .refreshTokenIfGiven, .idToken, .scope()]
            oauth.refusal = { .refusal($0.fault, clientStatus: 400) }
        }
    }

    /// Makes signed access tokens with Xero's claims.
    private static func accessToken(
        _ seed: UInt64, clientID: String
    ) -> @Sendable (Grant, _ now: Int64, _ expires: Int64?) -> String {
        let signer = (try? SymmetricKey.random()).flatMap { try? JWSSigner(hs256: $0, keyID: "sandbox") }
        return { grant, now, expires in
            let claims: JSONValue = [
                "nbf": .integer(now / 1000), "exp": .integer(expires.map { $0 / 1000 }),
                "iss": "https://identity.xero.com", "aud": "https://identity.xero.com/resources",
                "client_id": .string(clientID), "sub": .string(user(seed, grant)),
                "auth_time": .integer(grant.created / 1000), "xero_userid": .string(user(seed, grant)),
                "global_session_id": .string(RandomText.base62(32)), "jti": .string(RandomText.base62(32)),
                "authentication_event_id": .string(event(seed, grant)),
                "scope": .array(grant.scopes.map { .string($0) }),
            ]
            return (try? signer?.sign(claims.serialized)) ?? "xero." + RandomText.base62(60)
        }
    }

    private var tenants: [SandboxAccount] { dataset.accounts }

    private static let knownScopes: Set<String> = {
        var scopes: Set<String> = ["openid", "profile", "email", "offline_access"]
        for name in [
            "transactions", "contacts", "settings", "invoices", "payments", "banktransactions", "manualjournals",
        ] {
            scopes.formUnion(["accounting.\(name)", "accounting.\(name).read"])
        }
        return scopes
    }()

    private static func tenant(_ random: inout SeededRandom, suffix: String) -> SandboxAccount {
        SandboxAccount(id: random.uuid(), name: People.company(&random) + suffix)
    }

    private static func user(_ seed: UInt64, _ grant: Grant) -> String {
        var random = SeededRandom(seed: seed, account: grant.account, type: "xero-user", number: 0)
        return random.uuid()
    }

    private static func event(_ seed: UInt64, _ grant: Grant) -> String {
        var random = SeededRandom(seed: seed, account: grant.account, type: "xero-event", number: grant.number)
        return random.uuid()
    }

    var apiRoutes: [StandInRoute] {
        var routes = [
            StandInRoute(.get, "/api/connections", connections),
            StandInRoute(.delete, "/api/connections/{id}", disconnect),
            StandInRoute(.get, "/api/api.xro/2.0/Organisation", organisation),
        ]
        for (index, resource) in XeroObjects.resources.enumerated() {
            let path = "/api/api.xro/2.0/\(resource)"
            routes.append(
                StandInRoute(.get, path) { [self] request throws(XeroFault) in try list(index, request) })
            routes.append(
                StandInRoute(.get, "\(path)/{id}") { [self] request throws(XeroFault) in try one(index, request) })
        }
        for (index, resource) in XeroWrites.resources.enumerated() {
            routes.append(
                StandInRoute(.put, "/api/api.xro/2.0/\(resource.name)") { [self] request throws(XeroFault) in
                    let (tenant, headers) = try tenant(request, writing: resource.scopes)
                    let bytes = try XeroWrites(core: core).create(index, tenant: tenant, request)
                    let rows = ((try? JSONValue.parse(bytes))?.array ?? []).map(\.serialized)
                    return answer(resource.name, rows, nil, request).with(headers)
                })
        }
        return routes
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        guard kind == .api else {
            let error = status == 401 ? "invalid_client" : status >= 500 ? "server_error" : "invalid_grant"
            return .json(status, ["error": .string(error)])
        }
        switch status {
        case 401: return XeroFault.tokenExpired(at: environment.clock.milliseconds).answer
        case 403: return XeroFault.tenantMissing.answer
        case 404: return XeroFault.notFound.answer
        case 412: return XeroFault.badCondition.answer
        case 429: return XeroFault.throttled(problem: "minute", retryAfterSeconds: 60).answer
        case 500...: return .text(status, "The organisation is offline", type: "text/html; charset=utf-8")
        default:
            return .json(
                status,
                ["ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred"])
        }
    }

    private func bearer(_ request: SandboxRequest) throws(XeroFault) -> (grant: Grant, scopes: [String]) {
        switch server.bearer(request) {
        case .live(let grant, let scopes): return (grant, scopes)
        case .expired(let at): throw .tokenExpired(at: at)
        case .revoked, .unknown, nil: throw .unauthenticated
        }
    }

    // MARK: Organisations

    /// The organisations of a user, with the event that connected each.
    private func tenants(of grant: Grant) -> [(tenant: Int, event: String, updated: Int64)] {
        let grants = server.withServer { server, _ in server.liveGrants(account: grant.account) }
        guard let newest = grants.last else { return [] }
        let gone = disconnected.withLock { $0 }
        let second = grant.account + server.accounts.count
        var rows: [(tenant: Int, event: String, updated: Int64)] = []
        if newest.number > gone[grant.account] ?? 0 {
            rows.append((grant.account, Self.event(core.seed, newest), newest.created))
        }
        // The second was connected long ago, by a separate event.
        if newest.number > gone[second] ?? 0 {
            var random = SeededRandom(seed: core.seed, account: second, type: "xero-event", number: 0)
            rows.append((second, random.uuid(), environment.start * 1000 - 86_400_000 * 90))
        }
        return rows
    }

    private func connectionID(_ tenant: Int) -> String {
        var random = SeededRandom(seed: core.seed, account: tenant, type: "xero-connection", number: 0)
        return random.uuid()
    }

    private func connections(_ request: SandboxRequest) throws(XeroFault) -> Answer {
        let grant = try bearer(request).grant
        func moment(_ milliseconds: Int64) -> JSONValue {
            let text = Timestamp(milliseconds: milliseconds)?.text(withMilliseconds: true) ?? ""
            return .string(text.dropLast() + "0000")
        }
        let wanted = request.query["authEventId"]
        let rows = tenants(of: grant).filter { wanted == nil || wanted == $0.event }
        return .json(
            200,
            .array(
                rows.map { row in
                    [
                        "id": .string(connectionID(row.tenant)), "authEventId": .string(row.event),
                        "tenantId": .string(tenants[row.tenant].id), "tenantType": "ORGANISATION",
                        "tenantName": .string(tenants[row.tenant].name), "createdDateUtc": moment(row.updated),
                        "updatedDateUtc": moment(row.updated),
                    ]
                }))
    }

    private func disconnect(_ request: SandboxRequest) throws(XeroFault) -> Answer {
        let grant = try bearer(request).grant
        let id = request.capture("id")
        guard let row = tenants(of: grant).first(where: { connectionID($0.tenant) == id }) else { throw .notFound }
        let newest = server.withServer { server, _ in server.liveGrants(account: grant.account).last?.number ?? 0 }
        disconnected.withLock { $0[row.tenant] = newest }
        return Answer(204)
    }

    private func tenant(
        _ request: SandboxRequest, writing needed: [String]
    ) throws(XeroFault) -> (tenant: Int, headers: [(name: String, value: String)]) {
        let (_, scopes) = try bearer(request)
        guard scopes.contains(where: needed.contains) else { throw .scopeMissing }
        return try tenant(request, scopes: needed)
    }

    /// The organisation that the request is about, if the token may read it, and the headers that count its requests.
    private func tenant(
        _ request: SandboxRequest, scopes needed: [String]
    ) throws(XeroFault) -> (tenant: Int, headers: [(name: String, value: String)]) {
        let (grant, scopes) = try bearer(request)
        guard let id = request.header("xero-tenant-id"),
            let row = tenants(of: grant).first(where: { tenants[$0.tenant].id == id })
        else { throw .tenantMissing }
        guard scopes.contains(where: { needed.contains($0) || needed.contains($0 + ".read") }) else {
            throw .scopeMissing
        }
        let minute = limiter.count("\(id) minute", RequestQuota(requests: 60, seconds: 60))
        let day = limiter.count("\(id) day", RequestQuota(requests: 5000, seconds: 86_400))
        let app = limiter.count("app", RequestQuota(requests: 10_000, seconds: 60))
        guard day.isAdmitted else {
            throw .throttled(problem: "day", retryAfterSeconds: (day.resetMilliseconds + 999) / 1000)
        }
        guard minute.isAdmitted else {
            throw .throttled(problem: "minute", retryAfterSeconds: (minute.resetMilliseconds + 999) / 1000)
        }
        return (
            row.tenant,
            [
                ("X-DayLimit-Remaining", String(day.remaining)), ("X-MinLimit-Remaining", String(minute.remaining)),
                ("X-AppMinLimit-Remaining", String(app.remaining)), ("Xero-Correlation-Id", RandomText.uuid()),
            ]
        )
    }

    // MARK: The Accounting API

    private static let scopes: [[String]] = [
        ["accounting.transactions.read", "accounting.invoices.read"], ["accounting.contacts.read"],
        ["accounting.transactions.read", "accounting.banktransactions.read"],
    ]

    private func list(_ index: Int, _ request: SandboxRequest) throws(XeroFault) -> Answer {
        let (tenant, headers) = try tenant(request, scopes: Self.scopes[index])
        let filter = try XeroFilter(request, index)
        // Without a page the invoices all come, and without their lines.
        let isSummary = filter.isSummary || filter.page == nil && index == XeroObjects.invoices
        let (rows, total): ([[UInt8]], Int) = dataset.withTable(tenant, index) { table, type, context in
            var positions = table.objects.indices.filter { filter.includes(table.objects[$0], context) }
            filter.sort(&positions, table.objects, context)
            let first = filter.page.map { ($0 - 1) * filter.pageSize } ?? 0
            let page = positions.dropFirst(first).prefix(filter.page == nil ? positions.count : filter.pageSize)
            let rows = page.map { position in
                isSummary
                    ? XeroText.written(index, context, table.objects[position], isSummary: true)
                    : table.bytes(position, type, context)
            }
            return (rows, positions.count)
        }
        var pagination: JSONValue?
        if let page = filter.page {
            pagination = [
                "page": .integer(page), "pageSize": .integer(filter.pageSize),
                "pageCount": .integer((total + filter.pageSize - 1) / filter.pageSize), "itemCount": .integer(total),
            ]
        }
        return answer(XeroObjects.resources[index], rows, pagination, request).with(headers)
    }

    private func one(_ index: Int, _ request: SandboxRequest) throws(XeroFault) -> Answer {
        let (tenant, headers) = try tenant(request, scopes: Self.scopes[index])
        let id = request.capture("id").lowercased()
        let row: [UInt8]? = dataset.withTable(tenant, index) { table, type, context in
            table.position(of: id).map { table.bytes($0, type, context) }
        }
        guard let row else { throw .notFound }
        return answer(XeroObjects.resources[index], [row], nil, request).with(headers)
    }

    private func organisation(_ request: SandboxRequest) throws(XeroFault) -> Answer {
        let (tenant, headers) = try tenant(request, scopes: ["accounting.settings.read"])
        let row: JSONValue = [
            "Name": .string(tenants[tenant].name), "LegalName": .string(tenants[tenant].name), "PaysTax": true,
            "Version": "NZ", "OrganisationType": "COMPANY", "BaseCurrency": "NZD", "CountryCode": "NZ",
            "IsDemoCompany": false, "OrganisationStatus": "ACTIVE", "OrganisationID": .string(tenants[tenant].id),
            "Edition": "BUSINESS", "Class": "PREMIUM", "Addresses": [], "Phones": [], "ExternalLinks": [],
        ]
        return answer("Organisations", [row.serialized], nil, request).with(headers)
    }

    /// The envelope of the Accounting API: JSON where it is asked for, else XML.
    private func answer(
        _ resource: String, _ rows: [[UInt8]], _ pagination: JSONValue?, _ request: SandboxRequest
    ) -> Answer {
        var bytes = Array(
            #"{"Id":"\#(RandomText.uuid())","Status":"OK","ProviderName":"Sandbox","DateTimeUTC":"/Date(\#(environment.clock.milliseconds))/","#
                .utf8)
        if let pagination { bytes += Array("\"pagination\":".utf8) + pagination.serialized + [UInt8(ascii: ",")] }
        bytes += "\"\(resource)\":".utf8
        bytes += rows.jsonArray
        bytes.append(UInt8(ascii: "}"))
        if request.header("accept")?.contains("application/json") == true {
            return .json(200, bytes: bytes, type: "application/json; charset=utf-8")
        }
        var writer = XMLText {
            $0.hasSuffix("ses") ? String($0.dropLast(2)) : $0.hasSuffix("s") ? String($0.dropLast()) : $0
        }
        let value = Self.withoutNetDates((try? JSONValue.parse(bytes)) ?? .null)
        return .text(200, writer.document("Response", [], value), type: "text/xml; charset=utf-8")
    }

    /// XML has ISO 8601 where JSON has .NET dates.
    private static func withoutNetDates(_ value: JSONValue) -> JSONValue {
        if let members = value.members { return .object(members.map { ($0.key, withoutNetDates($0.value)) }) }
        if let array = value.array { return .array(array.map(withoutNetDates)) }
        guard let text = value.string, text.hasPrefix("/Date("), let moment = Timestamp(dotNetDate: text) else {
            return value
        }
        return .string(String(moment.description.dropLast()))
    }
}
