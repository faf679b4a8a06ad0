// The 46 old IIDX song ids with a “†” in the title. Each stood for a harder chart of another song, which is that song's LEGGENDARIA since
// HEROIC VERSE. Kai still sends the old ids with old scores.

import ProviderSDK

enum KaiLegacyCharts {
    /// The songs that the charts belong to today, by their old ids.
    static let songs: [Int64: Int64] = [
        1100: 1017, 4100: 4005, 4101: 4001, 5100: 5014, 11100: 11032, 11101: 11012, 12100: 12002, 13100: 13010,
        14100: 14009, 14101: 14046, 15101: 15023, 15102: 15007, 15104: 15004, 15105: 15045, 16101: 16050,
        16102: 16045, 16103: 16031, 16104: 16015, 17101: 17060, 18100: 18025, 18103: 18011, 19100: 19063,
        20103: 20100, 20104: 20039, 20105: 20068, 20106: 20024, 20107: 20019, 21100: 21012, 21101: 21059,
        21102: 21069, 21103: 21073, 21104: 21052, 21105: 21048, 21106: 21050, 21107: 21029, 22101: 22008,
        22102: 22013, 22103: 22024, 22104: 22027, 22105: 22031, 22106: 22089, 22107: 22006, 23100: 23054,
        23101: 23031, 24100: 24041, 24101: 24011,
    ]

    private static let isLegacy = Condition.isOneOf("music_id", songs.keys.sorted().map { String($0) })

    /// The song's id, for a score with an old one.
    static let songRule = Transform.Rule(
        isLegacy,
        .source(
            "",
            .when(
                songs.sorted { $0.key < $1.key }.map { old, song in
                    .init(
                        .equals("music_id", .number(JSONNumber(old))),
                        .source("music_id", .constant(.number(JSONNumber(song)))))
                }, other: .null)))

    /// The chart, for a score with an old id.
    static let difficultyRule = Transform.Rule(isLegacy, .text("LEGGENDARIA"))
}
