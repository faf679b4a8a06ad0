// ARC: one token for the whole server, profiles that are not verified, best scores of two games, slashes at the end of
// paths.

import HTTPServer
import Primitives
import ProviderSDK

@section("stand_ins") @used
private let entry: StandInEntry = {
    unsafe StandInList.add(to: $0) { [ArcStandIn($0)] }
}

struct ArcStandIn: StandIn {
    private static let pageSize = 100

    let core: StandInCore

    init(_ environment: SandboxEnvironment) { core = StandInCore(environment, Self.specification) }

    private static let specification = StandInSpecification(
        "arc", accountSeed: "arc-account",
        account: { number, _ in SandboxAccount(id: "sandbox-player-\(number + 1)", name: "Player \(number + 1)") }
    ) { standIn in
        standIn.settings = ["accessToken": "arc-sandbox-token"]
        standIn.endpoints = ["api": ""]
        standIn.types = [iidx, sdvx]
    }

    var apiRoutes: [StandInRoute] {
        [
            StandInRoute(.get, "/api/v1/iidx/28/player_bests/") { [self] in bests(0, $0) },
            StandInRoute(.get, "/api/v1/sdvx/6/player_bests/") { [self] in bests(1, $0) },
            StandInRoute(.get, "/api/v1/iidx/28/profiles/") { [self] in profiles($0) },
        ]
    }

    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer {
        .json(
            status,
            [
                "_error": ["code": .integer(status), "message": .string("\(HTTPStatus(status).reasonPhrase)")],
                "_status": "ERR",
            ])
    }

    private func bests(_ index: Int, _ request: SandboxRequest) -> Answer {
        guard request.bearer == settings["accessToken"] else { return failure(401, request, kind: .api) }
        let profile = request.query["profile_id"] ?? ""
        let page = request.query["page"].flatMap(Decimal.parse) ?? 1
        // A profile that does not exist has no scores; that is all there is to see.
        guard let account = server.accounts.firstIndex(where: { $0.id == profile }) else {
            return .items([], links: ["_self": .string(request.path), "_next": .null])
        }
        let (rows, hasMore): ([[UInt8]], Bool) = dataset.withTable(account, index) { table, type, context in
            let live = table.objects.indices.filter { !table.objects[$0].isDeleted }
            let rows = live.dropFirst((max(1, page) - 1) * Self.pageSize).prefix(Self.pageSize)
            return (rows.map { table.bytes($0, type, context) }, live.count > max(1, page) * Self.pageSize)
        }
        let own = "\(request.origin)/arc\(request.path)?profile_id=\(PercentEncoding.encode(profile))"
        let next = hasMore ? "\(own)&page=\(page + 1)" : nil
        return .items(rows, links: ["_self": .string(own), "_next": .text(next)])
    }

    private static let ranks = ["七級", "一級", "初段", "二段", "ニ段", "十段 ", "中伝", "皆伝"]

    private func profiles(_ request: SandboxRequest) -> Answer {
        guard request.bearer == settings["accessToken"] else { return failure(401, request, kind: .api) }
        let id = request.query["_id"] ?? ""
        guard let account = server.accounts.firstIndex(where: { $0.id == id }) else {
            return .items([], links: ["_next": .null])
        }
        var random = SeededRandom(seed: core.seed, account: account, type: "arc-profile", number: 0)
        let item: JSONValue = [
            "_id": .string(id), "name": .string(server.accounts[account].name),
            "sp": ["rank": .string(random.pick(Self.ranks))],
            "dp": ["rank": random.chance(50) ? .null : .string(random.pick(Self.ranks))],
        ]
        return .items([item.serialized], links: ["_next": .null])
    }

    private static let iidx = ObjectType(
        "iidx-bests", count: 450, id: { id("arc-iidx", $0, $1) },
        text: { context, object in
            var random = context.draw("arc-iidx-text", object.number, salt: UInt64(object.revision))
            let lamp = random.pick([
                "NO_PLAY", "FAILED", "ASSIST_CLEAR", "EASY_CLEAR", "CLEAR", "HARD_CLEAR", "EX_HARD_CLEAR", "FULL_COMBO",
            ])
            let own: [(key: String, value: JSONValue)] = [
                ("lamp", .string(lamp)), ("status", .string(lamp)), ("ex_score", .integer(random.below(3800))),
                ("miss_count", random.chance(10) ? .null : .integer(random.below(200))),
            ]
            return common(context, object, &random) + own
        })

    private static let sdvx = ObjectType(
        "sdvx-bests", count: 320, id: { id("arc-sdvx", $0, $1) },
        text: { context, object in
            var random = context.draw("arc-sdvx-text", object.number, salt: UInt64(object.revision))
            let lamp = random.pick(["PLAY", "CLEAR", "HC", "UC", "PUC"])
            let own: [(key: String, value: JSONValue)] = [
                ("lamp", .string(lamp)), ("status", .string(lamp)), ("score", .integer(random.below(10_000_001))),
                ("grade", .string(random.pick(["S", "AAA+", "AAA", "AA", "A"]))),
                ("critical", .integer(random.below(2000))),
                ("near", .integer(random.below(300))), ("error", .integer(random.below(100))),
                ("max_chain", .integer(random.below(2200))), ("btn_rate", .integer(random.within(0...100))),
                ("long_rate", .integer(random.within(0...100))), ("vol_rate", .integer(random.within(0...100))),
            ]
            return common(context, object, &random) + own
        })

    private static func id(_ type: String, _ context: DataContext, _ number: Int) -> String {
        var random = context.draw(type, number)
        return random.base62(11)
    }

    private static func common(
        _ context: DataContext, _ object: SandboxObject, _ random: inout SeededRandom
    ) -> [(key: String, value: JSONValue)] {
        let chart = random.base62(11)
        let music = random.base62(11)
        let moment = Timestamp(milliseconds: object.updated)?.text(withMilliseconds: true)
        return [
            ("_id", .string(object.id)), ("_etag", .string(random.hex(32))), ("chart_id", .string(chart)),
            ("music_id", .string(music)), ("profile_id", .string(context.accountID)), ("timestamp", .text(moment)),
            ("_links", ["_self": .string("/bests/\(object.id)/"), "chart": .string("/charts/\(chart)/")]),
        ]
    }
}
