// The mapping tables of Kai. A value out of its range or set makes the score a dead letter, which can be replayed once a newer
// plugin knows it. A score under a wrong chart, lamp or version would be worse than a missing one.
//
// Not mapped: 46 old IIDX song ids stand for a “†” chart that is the LEGGENDARIA of another song today. Which song that is is not
// known here, so such a score keeps the id and the difficulty that Kai gives it.

import ProviderSDK

enum KaiMappings {
    private static let count = Transform.integer(0...2_147_483_647)

    static let iidxScore = FieldMapping(
        "score", sourceID: ["_id"],
        [
            Field("songId", from: "music_id", as: count, isRequired: true),
            Field("playtype", from: "play_style", as: .exactOneOf(["SINGLE": "SP", "DOUBLE": "DP"]), isRequired: true),
            Field("difficulty", from: "difficulty", as: .exactOneOf(iidxDifficulties), isRequired: true),
            // 20 is Tricoro; later than 32 is not known here.
            Field("gameVersion", from: "version_played", as: .integer(20...32), isRequired: true),
            Field("lamp", from: "lamp", as: .exactIndex(iidxLamps, first: 0), isRequired: true),
            Field("score", from: "ex_score", as: count, isRequired: true),
            // −1 stands for a play whose misses were not counted.
            Field(
                "missCount", as: .when([.init(.equals("miss_count", -1), .null)], other: .source("miss_count", count))),
            Field("fast", from: "fast_count", as: count),
            Field("slow", from: "slow_count", as: count),
            Field("date", from: "timestamp", as: .iso8601),
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
            Field("gameVersion", from: "played_version", as: .exactIndex(sdvxVersions, first: 1), isRequired: true),
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
        ])

    /// The fourth chart is called INF, GRV, HVN, VVD or XCD after the version of the song, which Kai does not return.
    private static let sdvxDifficulties = ["NOV", "ADV", "EXH", "4TH", "MXM"]

    private static let sdvxVersions = ["booth", "inf", "gw", "heaven", "vivid", "exceed"]

    private static let sdvxLamps = [
        "FAILED", "CLEAR", "EXCESSIVE CLEAR", "ULTIMATE CHAIN", "PERFECT ULTIMATE CHAIN", "MAXXIVE CLEAR",
    ]
}
