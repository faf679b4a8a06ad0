// The mapping tables of Arc. Ids of charts, songs and profiles are opaque texts. A number out of its range makes the score a dead
// letter. An unknown lamp is `unknown`, with ARC's text in `sourceStatus`.

import ProviderSDK

enum ArcMappings {
    private static let count = Transform.integer(0...2_147_483_647)

    static let iidxBest = FieldMapping(
        "best", sourceID: ["_id"],
        ids + [
            Field("lamp", from: "lamp", as: .oneOf(iidxLamps, other: "unknown"), isRequired: true),
            Field("sourceStatus", from: "lamp", as: .text),
            Field("score", from: "ex_score", as: count, isRequired: true),
            Field("missCount", from: "miss_count", as: count),
            Field("date", from: "timestamp", as: .iso8601),
        ])

    private static let iidxLamps = [
        "NO_PLAY": "NO PLAY", "FAILED": "FAILED", "ASSIST_CLEAR": "ASSIST CLEAR", "EASY_CLEAR": "EASY CLEAR",
        "CLEAR": "CLEAR", "HARD_CLEAR": "HARD CLEAR", "EX_HARD_CLEAR": "EX HARD CLEAR", "FULL_COMBO": "FULL COMBO",
    ]

    static let sdvxBest = FieldMapping(
        "best", sourceID: ["_id"],
        ids + [
            // ARC is known to have reported plays that failed as CLEAR.
            Field("lamp", from: "lamp", as: .oneOf(sdvxLamps, other: "unknown"), isRequired: true),
            Field("sourceStatus", from: "lamp", as: .text),
            Field("score", from: "score", as: .integer(0...10_000_000), isRequired: true),
            Field("grade", from: "grade", as: .text),
            Field(
                "judgements",
                as: .object([
                    Field("critical", from: "critical", as: count), Field("near", from: "near", as: count),
                    Field("miss", from: "error", as: count),
                ])
            ),
            Field("maxCombo", from: "max_chain", as: count),
            Field("buttonRate", from: "btn_rate", as: .bounded(0...100)),
            Field("longRate", from: "long_rate", as: .bounded(0...100)),
            Field("volumeRate", from: "vol_rate", as: .bounded(0...100)),
            Field("date", from: "timestamp", as: .iso8601),
        ])

    private static let sdvxLamps = [
        "PLAY": "FAILED", "CLEAR": "CLEAR", "HC": "EXCESSIVE CLEAR", "UC": "ULTIMATE CHAIN",
        "PUC": "PERFECT ULTIMATE CHAIN",
    ]

    private static let ids = [
        Field("chartId", from: "chart_id", as: .text, isRequired: true),
        Field("songId", from: "music_id", as: .text, isRequired: true),
        Field("profileId", from: "profile_id", as: .text),
    ]
}
