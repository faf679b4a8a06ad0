// The mapping tables of Arc. Ids of charts, songs and profiles are opaque texts. A number out of its range makes the score a dead
// letter; a lamp that is not known here is `unknown`, with the text as ARC sent it in `sourceStatus`.

import ProviderSDK

enum ArcMappings {
    private static let count = Transform.integer(0...2_147_483_647)

    static let iidxBest = FieldMapping(
        "best", sourceID: ["_id"],
        ids + [
            Field("lamp", "lamp", .oneOf(iidxLamps, other: "unknown"), isRequired: true),
            Field("sourceStatus", "lamp", .text),
            Field("score", "ex_score", count, isRequired: true),
            Field("missCount", "miss_count", count),
            Field("date", "timestamp", .iso8601),
        ])

    private static let iidxLamps = [
        "NO_PLAY": "NO PLAY", "FAILED": "FAILED", "ASSIST_CLEAR": "ASSIST CLEAR", "EASY_CLEAR": "EASY CLEAR",
        "CLEAR": "CLEAR", "HARD_CLEAR": "HARD CLEAR", "EX_HARD_CLEAR": "EX HARD CLEAR", "FULL_COMBO": "FULL COMBO",
    ]

    static let sdvxBest = FieldMapping(
        "best", sourceID: ["_id"],
        ids + [
            // ARC is known to have reported plays that failed as CLEAR.
            Field("lamp", "lamp", .oneOf(sdvxLamps, other: "unknown"), isRequired: true),
            Field("sourceStatus", "lamp", .text),
            Field("score", "score", .integer(0...10_000_000), isRequired: true),
            Field("grade", "grade", .text),
            Field(
                "judgements",
                .object([
                    Field("critical", "critical", count), Field("near", "near", count), Field("miss", "error", count),
                ])
            ),
            Field("maxCombo", "max_chain", count),
            Field("buttonRate", "btn_rate", .bounded(0...100)),
            Field("longRate", "long_rate", .bounded(0...100)),
            Field("volumeRate", "vol_rate", .bounded(0...100)),
            Field("date", "timestamp", .iso8601),
        ])

    private static let sdvxLamps = [
        "PLAY": "FAILED", "CLEAR": "CLEAR", "HC": "EXCESSIVE CLEAR", "UC": "ULTIMATE CHAIN",
        "PUC": "PERFECT ULTIMATE CHAIN",
    ]

    private static let ids = [
        Field("chartId", "chart_id", .text, isRequired: true),
        Field("songId", "music_id", .text, isRequired: true),
        Field("profileId", "profile_id", .text),
    ]
}
