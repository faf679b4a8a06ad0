// The mapping tables of Kai's scores. A value out of its range or set makes the score a dead letter, which can be replayed once a newer
// plugin knows it. A score under a wrong chart or lamp would be worse than a missing one. A version that is not known here is kept as
// its number.

import ProviderSDK

enum KaiMappings {
    private static let count = Transform.integer(0...2_147_483_647)

    static let iidxScore = FieldMapping(
        "score", sourceID: ["_id"],
        [
            Field(
                "songId", as: .when([KaiLegacyCharts.songRule], other: .source("music_id", count)), isRequired: true),
            Field("playtype", from: "play_style", as: .exactOneOf(["SINGLE": "SP", "DOUBLE": "DP"]), isRequired: true),
            Field(
                "difficulty",
                as: .when(
                    [KaiLegacyCharts.difficultyRule], other: .source("difficulty", .exactOneOf(iidxDifficulties))),
                isRequired: true),
            // 20 is Tricoro.
            Field("gameVersion", from: "version_played", as: count, isRequired: true),
            Field("lamp", from: "lamp", as: .exactIndex(iidxLamps, first: 0), isRequired: true),
            Field("score", from: "ex_score", as: count, isRequired: true),
            // −1 stands for a play whose misses were not counted.
            Field(
                "missCount", as: .when([.init(.equals("miss_count", -1), .null)], other: .source("miss_count", count))),
            Field("fast", from: "fast_count", as: count),
            Field("slow", from: "slow_count", as: count),
            Field("date", from: "timestamp", as: .iso8601),
            Field("sourceSongId", from: "music_id", as: count),
            Field("sourceDifficulty", from: "difficulty"),
        ])

    private static let iidxDifficulties = [
        "BEGINNER": "BEGINNER", "NORMAL": "NORMAL", "HYPER": "HYPER", "ANOTHER": "ANOTHER",
        "LEGGENDARIA": "LEGGENDARIA",
    ]

    private static let iidxLamps = [
        "NO PLAY", "FAILED", "ASSIST CLEAR", "EASY CLEAR", "CLEAR", "HARD CLEAR", "EX HARD CLEAR", "FULL COMBO",
    ]

    static let sdvxScore = FieldMapping(
        "score", sourceID: ["_id"],
        [
            Field("songId", from: "music_id", as: count, isRequired: true),
            Field(
                "difficulty", from: "music_difficulty", as: .exactIndex(sdvxDifficulties, first: 0), isRequired: true),
            Field(
                "gameVersion",
                as: .when(
                    [
                        .init(
                            .within("played_version", 1...Int64(sdvxVersions.count)),
                            .source("played_version", .exactIndex(sdvxVersions, first: 1)))
                    ], other: .source("played_version", .text)), isRequired: true),
            // 0 is a song that was played without a result, which is not a lamp.
            Field("lamp", from: "clear_type", as: .exactIndex(sdvxLamps, first: 1), isRequired: true),
            Field("score", from: "score", as: .integer(0...10_000_000), isRequired: true),
            Field(
                "judgements",
                as: .object([
                    Field("critical", from: "critical", as: count, isRequired: true),
                    Field("near", from: "near", as: count, isRequired: true),
                    Field("miss", from: "error", as: count),
                ])),
            Field("fast", from: "early", as: count),
            Field("slow", from: "late", as: count),
            Field("maxCombo", from: "max_chain", as: count),
            Field("gauge", from: "gauge_rate", as: .bounded(0...100)),
            Field("date", from: "timestamp", as: .iso8601),
            Field("sourceVersion", from: "played_version"),
        ])

    /// The fourth chart is called INF, GRV, HVN, VVD or XCD after the version of the song, which Kai does not return.
    private static let sdvxDifficulties = ["NOV", "ADV", "EXH", "4TH", "MXM"]

    private static let sdvxVersions = ["booth", "inf", "gw", "heaven", "vivid", "exceed"]

    private static let sdvxLamps = [
        "FAILED", "CLEAR", "EXCESSIVE CLEAR", "ULTIMATE CHAIN", "PERFECT ULTIMATE CHAIN", "MAXXIVE CLEAR",
    ]
}
