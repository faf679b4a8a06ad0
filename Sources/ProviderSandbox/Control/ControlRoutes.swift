// The control routes under `/_sandbox/`: faults, clock, data, tokens, limits, state. For tests and demos on the
// loopback address; there is no authentication.

import HTTPServer
import ProviderSDK

struct ControlRoutes {
    private let application: SandboxApplication

    init(_ application: SandboxApplication) { self.application = application }

    private static let routes = [
        "GET /_sandbox/providers", "GET /_sandbox/configuration", "GET /_sandbox/state", "POST /_sandbox/faults",
        "DELETE /_sandbox/faults",
        "POST /_sandbox/clock", "POST /_sandbox/data", "GET /_sandbox/data/<provider>/<type>", "POST /_sandbox/tokens",
        "POST /_sandbox/limits", "POST /_sandbox/webhooks",
        "POST /_sandbox/subscriptions",
    ]

    func answer(_ request: borrowing HTTPRequest, origin: String) -> Answer {
        let path = (request.path.string ?? "").split(separator: "/").dropFirst().map(String.init)
        let body = request.body.array
        do throws(ControlFault) {
            switch (request.method, path.first) {
            case (.get, nil): return .json(200, ["routes": .array(Self.routes.map { .string($0) })])
            case (.get, "providers") where path.count == 1: return providers(origin)
            case (.get, "configuration") where path.count == 1:
                return .json(200, SandboxProvider.configuration(of: SandboxProvider.all(application.standIns, origin)))
            case (.get, "state") where path.count == 1: return state()
            case (.post, "faults") where path.count == 1: return try addFaults(body)
            case (.delete, "faults") where path.count == 1:
                application.faults.clear()
                return .json(200, ["waiting": 0])
            case (.post, "clock") where path.count == 1: return try advance(body)
            case (.post, "data") where path.count == 1: return try change(body)
            case (.get, "data") where path.count >= 3:
                let parameters = (try? request.queryParameters()) ?? QueryParameters()
                return try totals(Array(path.dropFirst()), parameters)
            case (.post, "tokens") where path.count == 1: return try changeTokens(body)
            case (.post, "limits") where path.count == 1: return try setLimits(body)
            case (.post, "webhooks") where path.count == 1: return try webhook(body)
            case (.post, "subscriptions") where path.count == 1: return try subscribe(body)
            default: throw .notFound("There are \(Self.routes.joined(separator: ", ")).")
            }
        } catch {
            return .json(error.status, ["error": .string(error.sentence)])
        }
    }

    /// The stand-ins that a name means: one, or all variants of a provider.
    private func standIns(_ name: String?) throws(ControlFault) -> [any StandIn] {
        guard let name else { return application.standIns }
        let found = application.standIns.filter { $0.name == name || $0.providerID == name }
        guard !found.isEmpty else {
            let names = application.standIns.map(\.name).joined(separator: ", ")
            throw .notFound("There is no provider \"\(name)\"; there are \(names).")
        }
        return found
    }

    private func providers(_ origin: String) -> Answer {
        .json(
            200,
            .object(
                application.standIns.map { standIn in
                    func object(_ values: [String: String]) -> JSONValue {
                        .object(values.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
                    }
                    return (
                        standIn.name,
                        [
                            "settings": object(standIn.settings),
                            "endpoints": object(standIn.core.endpoints(origin: origin)),
                            "types": .array(standIn.dataset.typeNames.map { .string($0) }),
                        ]
                    )
                }))
    }

    private func addFaults(_ body: [UInt8]) throws(ControlFault) -> Answer {
        let reader = try CommandReader(body, allowed: Fault.keys)
        let aimedAt = try standIns(try reader.text("provider"))
        let fault = try Fault(reader, number: 0)
        guard fault.canStrike(aimedAt) else {
            let match = try reader.text("match") ?? ""
            let names = aimedAt.map(\.name).joined(separator: ", ")
            let kinds = RouteKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .malformed(
                "\"match\" can never be met: no route of \(names) is of a kind or has a path that begins with \"\(match)\". "
                    + "Kinds are \(kinds); paths begin with a slash behind the provider's name and have no query.")
        }
        let added = application.faults.add { number in
            Fault(
                number: number, provider: fault.provider, target: fault.target, effect: fault.effect,
                delayMilliseconds: fault.delayMilliseconds, isProcessed: fault.isProcessed, skip: fault.skip,
                remaining: fault.remaining)
        }
        guard let added else { throw .malformed("\(SandboxLimits.faultsMax) faults are queued already.") }
        return .json(201, ["id": .integer(added)])
    }

    private func advance(_ body: [UInt8]) throws(ControlFault) -> Answer {
        let reader = try CommandReader(body, allowed: ["advanceSeconds"])
        guard let seconds = try reader.integer("advanceSeconds", 0...Int(SandboxLimits.advanceSecondsMax)) else {
            throw .malformed("\"advanceSeconds\" is missing.")
        }
        application.environment.clock.advance(seconds: Int64(seconds))
        return .json(200, ["now": .integer(application.environment.clock.seconds)])
    }

    private func change(_ body: [UInt8]) throws(ControlFault) -> Answer {
        let reader = try CommandReader(body, allowed: DataCommand.keys)
        let command = try DataCommand(reader)
        guard let name = try reader.text("provider"), let standIn = try standIns(name).first else {
            throw .malformed("\"provider\" is missing.")
        }
        let ids = try standIn.dataset.apply(command)
        tell(command, ids, of: standIn)
        return .json(200, ["ids": .array(ids.map { .string($0) })])
    }

    /// Notifies the subscriber of a change.
    ///
    /// A deletion that the provider does not report as one is reported as a change.
    private func tell(_ command: DataCommand, _ ids: [String], of standIn: any StandIn) {
        let now = application.environment.clock.milliseconds
        for id in ids.prefix(SandboxLimits.deliveriesPerCommandMax) {
            func webhook(_ event: WebhookCommand.Event) -> WebhookCommand {
                WebhookCommand(event, account: command.account, type: command.type, ids: [id], now: now)
            }
            let deletion = webhook(.deleted)
            let isTold = command.action == .delete && (try? standIn.webhook(deletion)) != nil
            application.courier.tell(isTold ? deletion : webhook(.changed), of: standIn)
        }
    }

    private func subscribe(_ body: [UInt8]) throws(ControlFault) -> Answer {
        let reader = try CommandReader(body, allowed: ["provider", "url"])
        let url = try reader.text("url")
        guard let name = try reader.text("provider") else {
            try application.subscribeAll(to: url)
            return .json(200, ["provider": .null, "url": .text(url)])
        }
        guard let standIn = try standIns(name).first else { throw .malformed("\"provider\" is missing.") }
        try application.courier.subscribe(standIn, to: url)
        return .json(200, ["provider": .string(standIn.name), "url": .text(url)])
    }

    private func totals(_ path: [String], _ query: QueryParameters) throws(ControlFault) -> Answer {
        let name = path.dropLast().joined(separator: "/")
        guard let standIn = try standIns(name).first, let type = path.last else {
            throw .notFound("The provider has no data.")
        }
        let account = query["account"].flatMap(Decimal.parse) ?? 0
        let totals = try standIn.dataset.totals(type, account: account)
        var members: [(key: String, value: JSONValue)] = [
            ("provider", .string(standIn.name)), ("type", .string(type)), ("account", .integer(account)),
        ]
        members += Self.members(of: totals)
        if !totals.kinds.isEmpty {
            let kinds = totals.kinds.sorted { $0.key < $1.key }
            members.append(("kinds", .object(kinds.map { ($0.key, .object(Self.members(of: $0.value))) })))
        }
        if query["ids"] == "true" { members.append(("ids", .array(totals.ids.map { .string($0) }))) }
        return .json(200, .object(members))
    }

    private static func members(of totals: ObjectTotals) -> [(key: String, value: JSONValue)] {
        let amounts = totals.amounts.sorted { $0.key < $1.key }.map { currency, amount in
            (currency, JSONNumber(amount.description).map { JSONValue.number($0) } ?? .null)
        }
        let statuses = totals.statuses.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.integer($0.value)) }
        return [
            ("count", .integer(totals.count)), ("deleted", .integer(totals.deleted)), ("amounts", .object(amounts)),
            ("statuses", .object(statuses)),
        ]
    }

    /// Ends or ages tokens, as a user does who removes the application, or time.
    private func changeTokens(_ body: [UInt8]) throws(ControlFault) -> Answer {
        let reader = try CommandReader(body, allowed: ["provider", "action", "account"])
        let account = try reader.integer("account", 0...SandboxLimits.accountsMax)
        let action = try reader.text("action")
        for standIn in try standIns(try reader.text("provider")) {
            guard let oauth = standIn.oauth else { continue }
            switch action {
            case "revoke":
                for number in account.map({ [$0] }) ?? Array(oauth.accounts.indices)
                where oauth.withServer({ server, _ in server.revokeGrants(account: number) }) {
                    application.courier.tell(
                        WebhookCommand(.revoked, account: number, now: application.environment.clock.milliseconds),
                        of: standIn)
                }
            case "expire-access": oauth.withServer { $0.expireTokens(includingRefreshTokens: false, now: $1) }
            case "expire-all": oauth.withServer { $0.expireTokens(includingRefreshTokens: true, now: $1) }
            default: throw .malformed("\"action\" has to be revoke, expire-access or expire-all.")
            }
        }
        return state()
    }

    /// A delivery as the provider would send it now; the caller sends it, as it is or changed.
    private func webhook(_ body: [UInt8]) throws(ControlFault) -> Answer {
        let reader = try CommandReader(body, allowed: WebhookCommand.keys)
        guard let name = try reader.text("provider"), let standIn = try standIns(name).first else {
            throw .malformed("\"provider\" is missing.")
        }
        let signed = try standIn.webhook(WebhookCommand(reader, now: application.environment.clock.milliseconds))
        return .json(
            200,
            [
                "headers": .object(signed.headers.map { ($0.name, .string($0.value)) }),
                "body": .string(String(decoding: signed.body, as: UTF8.self)),
            ])
    }

    private func setLimits(_ body: [UInt8]) throws(ControlFault) -> Answer {
        let reader = try CommandReader(body, allowed: ["provider", "enforced", "requests", "seconds"])
        guard let isEnforced = try reader.boolean("enforced") else { throw .malformed("\"enforced\" is missing.") }
        var quota: RequestQuota?
        if let requests = try reader.integer("requests", 0...1_000_000) {
            quota = RequestQuota(requests: requests, seconds: Int64(try reader.integer("seconds", 1...86_400) ?? 1))
        }
        for standIn in try standIns(try reader.text("provider")) {
            standIn.limiter.set(isEnforced: isEnforced, quota: quota)
        }
        return .json(200, ["enforced": .boolean(isEnforced)])
    }

    private func state() -> Answer {
        .json(
            200,
            [
                "now": .integer(application.environment.clock.seconds),
                "faultsWaiting": .integer(application.faults.waiting),
                "faultsStruck": .integer(application.faults.struck),
                "webhooks": webhooks(),
                "providers": .object(
                    zip(application.standIns, application.traffic).map { ($0.name, state(of: $0, $1.counts)) }),
            ])
    }

    private func webhooks() -> JSONValue {
        let counts = application.courier.counts
        return [
            "delivered": .integer(counts.delivered), "failed": .integer(counts.failed),
            "waiting": .integer(counts.waiting),
        ]
    }

    private func state(of standIn: any StandIn, _ counts: Traffic.Counts) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("requests", .object(counts.routes.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })),
            ("kinds", .object(RouteKind.allCases.map { ($0.rawValue, .integer(counts.kinds[$0] ?? 0)) })),
            (
                "statuses",
                .object(counts.statuses.sorted { $0.key < $1.key }.map { (String($0.key), .integer($0.value)) })
            ),
        ]
        let executions = standIn.core.writes.executions.sorted { $0.key < $1.key }
        if !executions.isEmpty {
            members.append(("executions", .object(executions.map { ($0.key, .integer($0.value)) })))
        }
        guard let (tokens, exchanges, refreshes, refused) = standIn.oauth?.counts() else { return .object(members) }
        members.append(
            (
                "tokenCalls",
                ["exchanges": .integer(exchanges), "refreshes": .integer(refreshes), "refused": .integer(refused)]
            ))
        members.append(
            (
                "tokens",
                [
                    "issuedAccess": .integer(tokens.issuedAccessTokens),
                    "issuedRefresh": .integer(tokens.issuedRefreshTokens),
                    "liveAccess": .integer(tokens.liveAccessTokens), "liveRefresh": .integer(tokens.liveRefreshTokens),
                    "revoked": .integer(tokens.revokedTokens),
                ]
            ))
        members.append(("grants", ["all": .integer(tokens.grants), "live": .integer(tokens.liveGrants)]))
        return .object(members)
    }
}
