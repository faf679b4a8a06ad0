// Discord: OAuth with the form only, a user's objects with a bearer token, a server's members and roles with the bot's token.
// Every answer has rate headers, and every request needs a User-Agent.

import HTTPServer
import ProviderSDK
import Synchronization

/// A Discord error: a number besides the status.
struct DiscordFault: StandInFault {
    let status: UInt16
    let code: Int
    let message: String

    static let unauthorized = DiscordFault(status: 401, code: 0, message: "401: Unauthorized")
    static let missingAccess = DiscordFault(status: 403, code: 50001, message: "Missing Access")
    static let blocked = DiscordFault(
        status: 403, code: 40333, message: "internal network error")
    static let unknownGuild = DiscordFault(status: 404, code: 10004, message: "Unknown Guild")
    static let unknownMember = DiscordFault(status: 404, code: 10007, message: "Unknown Member")
    static let unknownRole = DiscordFault(status: 404, code: 10011, message: "Unknown Role")
    static let invalidForm = DiscordFault(status: 400, code: 50035, message: "Invalid Form Body")

    var answer: Answer { .json(status, ["message": .string(message), "code": .integer(code)]) }
}

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [DiscordStandIn($0)] }
}

final class DiscordStandIn: StandIn {
    private static let prefix = "/api/v10"

    let core: StandInCore
    private let guildID = DiscordObjects.guildID(0)
    /// Roles that were changed, by member.
    private let changedRoles = Mutex<[String: [String]]>([:])

    init(_ environment: SandboxEnvironment) { core = StandInCore(environment, Self.specification) }

    private static let specification = StandInSpecification(
        // The users who can connect are the server's first members.
        "discord", accountSeed: "discord-account",
        account: { number, _ in SandboxAccount(id: DiscordObjects.userID(number), name: "person\(number)") }
    ) { standIn in
        standIn.settings = [
            "clientId": "1180000000000000001", "clientSecret": "discord-sandbox-secret",
            "botToken": "discord-sandbox-bot-token", "guildId": DiscordObjects.guildID(0),
            "unverifiedRoleId": DiscordObjects.unverifiedRole, "publicKey": publicKey,
        ]
        standIn.endpoints = ["api": prefix]
        standIn.types = DiscordObjects.types
        standIn.holders = { _ in [SandboxAccount(id: "guild", name: "Sandbox")] }
        standIn.oauth = oauth
    }

    private static let oauth = OAuthSpecification(
        "Discord", authorize: "/oauth2/authorize", token: "\(prefix)/oauth2/token"
    ) { oauth in
        oauth.revocation = Revocation(path: "\(prefix)/oauth2/token/revoke", answer: .json(200, .object([])))
        oauth.rules = { rules in
            rules.knownScopes = ["identify", "email", "guilds", "guilds.members.read", "bot", "applications.commands"]
            rules.refresh = .rotates(graceSeconds: 0)
            rules.accessTokenSeconds = 604_800
            rules.keptParameters = ["permissions", "guild_id"]
        }
        oauth.denial = [
            ("error", "access_denied"),
            ("error_description", "The resource owner or authorization server denied the request"),
        ]
        oauth.callbackParameters = { grant, _ in
            guard grant.scopes.contains("bot") else { return [] }
            return [
                ("guild_id", grant.parameters["guild_id"] ?? DiscordObjects.guildID(0)),
                ("permissions", grant.parameters["permissions"] ?? "0"),
            ]
        }
        oauth.tokens = [.type("Bearer"), .accessToken, .expiresIn, .refreshToken, .scope()]
        oauth.refusal = refusal
    }

    private static func refusal(_ refusal: OAuthRefusal) -> Answer {
        let fault = refusal.fault
        guard refusal.kind == .token else { return .refusal(fault, clientStatus: 401) }
        guard case .invalidGrant = fault else { return .refusal(fault, clientStatus: 401, isDescribed: true) }
        let name = refusal.request.form["grant_type"] == "refresh_token" ? "refresh_token" : "code"
        return .json(
            400,
            ["error": .string(fault.code), "error_description": .string("Invalid \"\(name)\" in request.")])
    }

    var apiRoutes: [StandInRoute] {
        [
            api(.get, "/users/@me", me),
            api(.get, "/users/@me/guilds", ownGuilds),
            api(.get, "/users/@me/guilds/{guild}/member", ownMembership),
            api(.get, "/guilds/{guild}", guild),
            api(.get, "/guilds/{guild}/roles") { [self] request throws(DiscordFault) in
                try requireBot(request)
                return .json(200, roles)
            },
            api(.get, "/guilds/{guild}/members", members),
            api(.get, "/guilds/{guild}/members/{user}") { [self] request throws(DiscordFault) in
                try requireBot(request)
                return try member(request.capture("user"))
            },
            api(.post, "/channels/{channel}/messages", post),
            api(.put, "/guilds/{guild}/members/{user}/roles/{role}") { [self] request throws(DiscordFault) in
                try setRole(request, isAdded: true)
            },
            api(.delete, "/guilds/{guild}/members/{user}/roles/{role}") { [self] request throws(DiscordFault) in
                try setRole(request, isAdded: false)
            },
        ]
    }

    private func api(
        _ method: HTTPMethod, _ path: String,
        _ handler: @escaping @Sendable (SandboxRequest) throws(DiscordFault) -> Answer
    ) -> StandInRoute {
        StandInRoute(method, Self.prefix + path) { [self] request in
            guard request.header("user-agent")?.hasPrefix("DiscordBot (") == true else {
                return DiscordFault.blocked.answer
            }
            let bucket = limiter.count("\(method) \(path)", RequestQuota(requests: 10, seconds: 10))
            let global = limiter.count("global", RequestQuota(requests: 50, seconds: 1))
            guard bucket.isAdmitted, global.isAdmitted else {
                return throttled(global.isAdmitted ? bucket : global, isGlobal: !global.isAdmitted)
            }
            let reset = environment.clock.milliseconds + bucket.resetMilliseconds
            let fields: [(name: String, value: String)] = [
                ("X-RateLimit-Limit", String(bucket.limit)), ("X-RateLimit-Remaining", String(bucket.remaining)),
                ("X-RateLimit-Reset", Self.seconds(reset)),
                ("X-RateLimit-Reset-After", Self.seconds(bucket.resetMilliseconds)),
                ("X-RateLimit-Bucket", SandboxHash.short("\(method) \(path)")),
            ]
            do throws(DiscordFault) { return try handler(request).with(fields) } catch {
                return error.answer.with(fields)
            }
        }
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        let rest = milliseconds % 1000
        return "\(milliseconds / 1000)." + String(1000 + rest).dropFirst()
    }

    private func throttled(_ verdict: QuotaVerdict, isGlobal: Bool) -> Answer {
        let number = JSONNumber(Self.seconds(verdict.resetMilliseconds)).map { JSONValue.number($0) } ?? 1
        return Answer.json(
            429, ["message": "You are being rate limited.", "retry_after": number, "global": .boolean(isGlobal)]
        ).with([
            ("Retry-After", String((verdict.resetMilliseconds + 999) / 1000)),
            ("X-RateLimit-Scope", isGlobal ? "global" : "user"),
        ])
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        guard kind == .api else {
            if status >= 500 { return .json(status, ["message": "500: Internal Server Error", "code": 0]) }
            return .json(
                status,
                [
                    "error": .string(status == 401 ? "invalid_client" : "invalid_grant"),
                    "error_description": "Invalid \"refresh_token\" in request",
                ])
        }
        switch status {
        case 401: return DiscordFault.unauthorized.answer
        case 403: return DiscordFault.missingAccess.answer
        case 429:
            return Answer.json(
                429,
                ["message": "You are being rate limited.", "retry_after": .decimal(6457, places: 2), "global": false]
            ).with([("Retry-After", "65"), ("X-RateLimit-Scope", "user")])
        default:
            return DiscordFault(status: status, code: 0, message: "\(status): \(HTTPStatus(status).reasonPhrase)")
                .answer
        }
    }

    // MARK: What a user's token reads

    private func grant(_ request: SandboxRequest, _ scope: String) throws(DiscordFault) -> Grant {
        guard case .live(let grant, let scopes) = server.bearer(request) else { throw .unauthorized }
        guard scopes.contains(scope) else { throw .missingAccess }
        return grant
    }

    private func me(_ request: SandboxRequest) throws(DiscordFault) -> Answer {
        let grant = try grant(request, "identify")
        var members: [(key: String, value: JSONValue)] = dataset.withTable(0, DiscordObjects.members) {
            table, _, context in
            guard table.objects.indices.contains(grant.account) else {
                return [
                    ("id", .string(server.account(grant.account).id)), ("username", "person"), ("global_name", .null),
                ]
            }
            return DiscordObjects.user(context, table.objects[grant.account])
        }
        if grant.scopes.contains("email") {
            members += [("email", .string(People.email(grant.account))), ("verified", true)]
        }
        return .json(200, .object(members))
    }

    private func ownGuilds(_ request: SandboxRequest) throws(DiscordFault) -> Answer {
        let grant = try grant(request, "guilds")
        let limit = try Self.number(request.query["limit"], 1...200) ?? 200
        let after = request.query["after"].flatMap { UInt64($0) } ?? 0
        let before = request.query["before"].flatMap { UInt64($0) } ?? .max
        let hasCounts = request.query["with_counts"] == "true"
        let rows: [[UInt8]] = dataset.withTable(0, DiscordObjects.guilds) { table, _, context in
            table.objects.filter { guild in
                let id = UInt64(guild.id) ?? 0
                let isMember = guild.number == 0 || (guild.number + grant.account) % 2 == 0
                return !guild.isDeleted && isMember && id > after && id < before
            }.prefix(limit).map { DiscordObjects.partialGuild(context, $0, hasCounts: hasCounts) }
        }
        return .json(bytes: rows.jsonArray)
    }

    private func ownMembership(_ request: SandboxRequest) throws(DiscordFault) -> Answer {
        let grant = try grant(request, "guilds.members.read")
        guard request.capture("guild") == guildID else { throw .unknownGuild }
        return try member(server.account(grant.account).id)
    }

    private static func number(_ text: String?, _ range: ClosedRange<Int>) throws(DiscordFault) -> Int? {
        guard let text else { return nil }
        guard let number = Decimal.parse(text), range.contains(number) else { throw .invalidForm }
        return number
    }

    // MARK: What the bot's token reads and changes

    private func requireBot(_ request: SandboxRequest) throws(DiscordFault) {
        guard request.authorization("Bot") == settings["botToken"] else { throw .unauthorized }
        guard request.capture("guild") == guildID else { throw .unknownGuild }
    }

    private func guild(_ request: SandboxRequest) throws(DiscordFault) -> Answer {
        try requireBot(request)
        let counts = request.query["with_counts"] == "true"
        let count = dataset.withTable(0, DiscordObjects.members) { table, _, _ in table.objects.count { !$0.isDeleted }
        }
        let (name, owner): (String, String) = dataset.withAccount(0) { data in
            let owner = data.withTable(DiscordObjects.members) { table, _, _ in table.objects.first?.id ?? "0" }
            return (DiscordObjects.guildName(data.context, 0), owner)
        }
        var members: [(key: String, value: JSONValue)] = [
            ("id", .string(guildID)), ("name", .string(name)), ("icon", .null), ("description", .null),
            ("owner_id", .string(owner)), ("preferred_locale", "en-US"), ("premium_tier", 1),
            ("verification_level", 2), ("features", ["COMMUNITY"]), ("roles", roles),
        ]
        if counts {
            members += [
                ("approximate_member_count", .integer(count)), ("approximate_presence_count", .integer(count / 6)),
            ]
        }
        return .json(200, .object(members))
    }

    private var roles: JSONValue {
        let entries = [
            (guildID, "@everyone"), (DiscordObjects.unverifiedRole, "Unverified"),
            (DiscordObjects.developerRole, "Developer"),
            (DiscordObjects.newRole, "New"),
        ]
        return .array(
            entries.enumerated().map { position, role in
                [
                    "id": .string(role.0), "name": .string(role.1), "color": 0, "hoist": false,
                    "position": .integer(position), "permissions": "0", "managed": false, "mentionable": false,
                ]
            })
    }

    /// A page of members by ascending id; it has one member unless a limit is given.
    private func members(_ request: SandboxRequest) throws(DiscordFault) -> Answer {
        try requireBot(request)
        let limit = try Self.number(request.query["limit"], 1...1000) ?? 1
        let text = request.query["after"] ?? "0"
        guard let after = UInt64(text), text.utf8.allSatisfy({ 48...57 ~= $0 }) else { throw .invalidForm }
        let changed = changedRoles.withLock { $0 }
        let rows: [[UInt8]] = dataset.withTable(0, DiscordObjects.members) { table, type, context in
            table.objects.indices.filter { position in
                let object = table.objects[position]
                return !object.isDeleted && (UInt64(object.id) ?? 0) > after
            }.prefix(limit).map { position in
                let object = table.objects[position]
                guard let roles = changed[object.id] else { return table.bytes(position, type, context) }
                return DiscordObjects.member(context, object, roles: roles)
            }
        }
        return .json(bytes: rows.jsonArray)
    }

    private func member(_ id: String) throws(DiscordFault) -> Answer {
        let changed = changedRoles.withLock { $0[id] }
        let bytes: [UInt8]? = dataset.withTable(0, DiscordObjects.members) { table, _, context in
            table[id].map { DiscordObjects.member(context, $0, roles: changed ?? DiscordObjects.roles(context, $0)) }
        }
        guard let bytes else { throw .unknownMember }
        return .json(bytes: bytes)
    }

    /// Posts a message; one with the nonce of another of the last minutes is answered with that one.
    private func post(_ request: SandboxRequest) throws(DiscordFault) -> Answer {
        guard request.authorization("Bot") == settings["botToken"] else { throw .unauthorized }
        let channel = request.capture("channel")
        guard let body = try? JSONValue.parse(request.body), let text = body["content"]?.string, !text.isEmpty,
            text.utf8.count <= 8000, (body["nonce"]?.string ?? "").utf8.count <= 25
        else { throw .invalidForm }
        let nonce = body["enforce_nonce"]?.boolean == true ? body["nonce"]?.string : nil
        return core.writes.once(
            nonce.map { "\(channel) \($0)" }, fingerprint: [], windowSeconds: 180, at: environment.clock.seconds
        ) { contents in
            let id = String(1_400_000_000_000_000_000 + contents.number())
            contents.count("sendMessage")
            return .json(
                200,
                [
                    "id": .string(id), "channel_id": .string(channel), "content": .string(text),
                    "nonce": .text(body["nonce"]?.string),
                ])
        }
    }

    private func setRole(_ request: SandboxRequest, isAdded: Bool) throws(DiscordFault) -> Answer {
        try requireBot(request)
        let user = request.capture("user")
        let role = request.capture("role")
        let known = [DiscordObjects.unverifiedRole, DiscordObjects.developerRole, DiscordObjects.newRole]
        guard known.contains(role) else { throw .unknownRole }
        let own: [String]? = dataset.withTable(0, DiscordObjects.members) { table, _, context in
            table[user].map { DiscordObjects.roles(context, $0) }
        }
        guard let own else { throw .unknownMember }
        core.writes.with { $0.count(isAdded ? "addRole" : "removeRole") }
        changedRoles.withLock { changed in
            var roles = changed[user] ?? own
            roles.removeAll { $0 == role }
            if isAdded { roles.append(role) }
            changed[user] = roles
        }
        return Answer(204)
    }
}

/// A short name for a bucket, the same for the same text.
enum SandboxHash {
    static func short(_ text: String) -> String {
        var random = SeededRandom(seed: 0, account: 0, type: text, number: 0)
        return random.hex(32)
    }
}
