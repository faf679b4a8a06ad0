// Scores of the three Kai networks as they are generated: two games, with the edges their readers have to survive.

import ProviderSDK

enum KaiObjects {
    static func types(hasIIDX: Bool) -> [ObjectType] { (hasIIDX ? [iidx] : []) + [sdvx] }

    private static let iidx = ObjectType(
        "iidx-scores", count: 700,
        make: { make("kai-iidx", $0, $1, $2, 500_000) }, render: iidxText, change: { _, _ in })

    private static let sdvx = ObjectType(
        "sdvx-scores", count: 500,
        make: { make("kai-sdvx", $0, $1, $2, 900_000) }, render: sdvxText, change: { _, _ in })

    private static func make(
        _ type: String, _ context: DataContext, _ number: Int, _ created: Int64, _ base: Int
    ) -> SandboxObject {
        SandboxObject(
            number: number, id: String(base + context.account * 100_000 + number), created: created,
            updated: created * 1000)
    }

    private static func moment(_ object: SandboxObject) -> JSONValue {
        .text(Timestamp(seconds: object.created)?.description)
    }

    private static func iidxText(_ context: DataContext, _ object: SandboxObject) -> [UInt8] {
        var random = context.draw("kai-iidx-text", object.number, salt: UInt64(object.revision))
        let isOld = random.chance(10)
        return
            ([
                "_id": .integer(Int(object.id)), "music_id": .integer(1000 + random.below(28_000)),
                "play_style": .string(random.pick(["SINGLE", "SINGLE", "DOUBLE"])),
                "difficulty": .string(
                    random.pick(["BEGINNER", "NORMAL", "HYPER", "ANOTHER", "ANOTHER", "LEGGENDARIA"])),
                "version_played": .integer(random.within(20...32)), "lamp": .integer(random.within(0...7)),
                "ex_score": .integer(random.within(0...3800)),
                // Unknown is -1 here and null there.
                "miss_count": random.chance(10) ? -1 : isOld ? .null : .integer(random.below(200)),
                "fast_count": isOld ? .null : .integer(random.below(400)),
                "slow_count": isOld ? .null : .integer(random.below(400)), "timestamp": moment(object),
                "grade": .string(random.pick(["AAA", "AA", "A", "B"])),
            ] as JSONValue).serialized
    }

    private static func sdvxText(_ context: DataContext, _ object: SandboxObject) -> [UInt8] {
        var random = context.draw("kai-sdvx-text", object.number, salt: UInt64(object.revision))
        let isOld = random.chance(10)
        return
            ([
                "_id": .integer(Int(object.id)), "music_id": .integer(1 + random.below(2000)),
                "music_difficulty": .integer(random.within(0...4)), "played_version": .integer(random.within(1...6)),
                "clear_type": .integer(random.weighted([(5, 0), (20, 1), (40, 2), (25, 3), (7, 4), (2, 5), (1, 6)])),
                "score": .integer(random.within(0...10_000_000)), "grade": .integer(random.within(0...10)),
                "critical": .integer(random.below(2000)), "near": .integer(random.below(200)),
                "error": isOld ? .null : .integer(random.below(100)),
                "early": isOld ? .null : .integer(random.below(100)),
                "late": isOld ? .null : .integer(random.below(100)),
                "max_chain": isOld ? .null : .integer(random.below(2200)),
                "gauge_rate": isOld ? .null : .decimal(random.below(10_001), places: 2), "timestamp": moment(object),
            ] as JSONValue).serialized
    }
}
