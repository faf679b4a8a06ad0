// Arc's mapping tables on self-made payloads in Arc's real shapes: every field, every lamp, both ends of every range.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Arc

@Suite("Arc mappings", .timeLimit(.minutes(2)))
struct ArcMappingTests {
    /// The normalised record of `dataType` made of `fields` merged over a plain record.
    static func map(_ dataType: String, _ fields: JSONValue) throws -> JSONValue {
        let base = plain[dataType] ?? [:]
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((base.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        let mapping = try #require(ArcProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(merged.serialized), now: .epoch).json)
    }

    static let plain: [String: JSONValue] = [
        "iidx-bests": [
            "_links": ["_self": "https://arc.example.com/b/b1", "chart": "c", "music": "m", "profile": "p"],
            "_etag": "5f1c", "_id": "b1", "chart_id": "fb3c", "music_id": "9de2", "profile_id": "WQ5v",
            "lamp": "HARD_CLEAR", "status": "HARD_CLEAR", "ex_score": 1530, "miss_count": 9,
            "timestamp": "2020-12-03T07:56:12.123Z",
        ],
        "sdvx-bests": [
            "_links": ["_self": "https://arc.example.com/b/s1"], "_etag": "77aa", "_id": "s1", "chart_id": "k9",
            "music_id": "m7", "profile_id": "WQ5v", "lamp": "HC", "status": "HC", "score": 9_912_345, "grade": "S",
            "critical": 1800, "near": 12, "error": 3, "max_chain": 1500, "btn_rate": 98, "long_rate": 99,
            "vol_rate": 100, "timestamp": "2021-01-02T03:04:05.678Z",
        ],
    ]

    @Test(
        "Each field of an IIDX best",
        arguments: [
            ([:], "id", "best-b1"), ([:], "sourceId", "b1"), ([:], "chartId", "fb3c"), ([:], "songId", "9de2"),
            ([:], "profileId", "WQ5v"), ([:], "score", 1530), (["ex_score": 0], "score", 0), ([:], "missCount", 9),
            (["miss_count": .null], "missCount", .null), (["profile_id": .null], "profileId", .null),
            ([:], "date", "2020-12-03T07:56:12Z"), (["timestamp": .null], "date", .null),
            ([:], "sourceStatus", "HARD_CLEAR"),
        ] as [(JSONValue, String, JSONValue)])
    func iidxFields(change: JSONValue, field: String, expected: JSONValue) throws {
        let record = try Self.map("iidx-bests", change)
        #expect(record[field] == expected)
    }

    @Test(
        "Each IIDX lamp",
        arguments: [
            ("NO_PLAY", "NO PLAY"), ("FAILED", "FAILED"), ("ASSIST_CLEAR", "ASSIST CLEAR"),
            ("EASY_CLEAR", "EASY CLEAR"), ("CLEAR", "CLEAR"), ("HARD_CLEAR", "HARD CLEAR"),
            ("EX_HARD_CLEAR", "EX HARD CLEAR"), ("FULL_COMBO", "FULL COMBO"), ("BRAND_NEW", "unknown"),
        ])
    func iidxLamps(source: String, expected: String) throws {
        let record = try Self.map("iidx-bests", ["lamp": .string(source)])
        #expect(record["lamp"]?.string == expected)
        #expect(record["sourceStatus"]?.string == source)
    }

    @Test(
        "Each field of an SDVX best",
        arguments: [
            ([:], "id", "best-s1"), ([:], "chartId", "k9"), ([:], "songId", "m7"), ([:], "profileId", "WQ5v"),
            ([:], "score", 9_912_345), (["score": 10_000_000], "score", 10_000_000), ([:], "grade", "S"),
            (["grade": .null], "grade", .null), ([:], "judgements", ["critical": 1800, "near": 12, "miss": 3]),
            (["error": .null], "judgements", ["critical": 1800, "near": 12, "miss": .null]), ([:], "maxCombo", 1500),
            (["max_chain": .null], "maxCombo", .null), ([:], "buttonRate", 98), (["long_rate": 0], "longRate", 0),
            ([:], "volumeRate", 100), (["vol_rate": .null], "volumeRate", .null), ([:], "date", "2021-01-02T03:04:05Z"),
        ] as [(JSONValue, String, JSONValue)])
    func sdvxFields(change: JSONValue, field: String, expected: JSONValue) throws {
        let record = try Self.map("sdvx-bests", change)
        #expect(record[field] == expected)
    }

    @Test(
        "Each SDVX lamp",
        arguments: [
            ("PLAY", "FAILED"), ("CLEAR", "CLEAR"), ("HC", "EXCESSIVE CLEAR"), ("UC", "ULTIMATE CHAIN"),
            ("PUC", "PERFECT ULTIMATE CHAIN"), ("MAXXIVE", "unknown"),
        ])
    func sdvxLamps(source: String, expected: String) throws {
        let record = try Self.map("sdvx-bests", ["lamp": .string(source)])
        #expect(record["lamp"]?.string == expected)
        #expect(record["sourceStatus"]?.string == source)
    }

    @Test(
        "A value out of its range is a dead letter that names the field",
        arguments: [
            ("iidx-bests", ["ex_score": -1], "score"), ("iidx-bests", ["ex_score": .null], "score"),
            ("iidx-bests", ["miss_count": -1], "missCount"), ("iidx-bests", ["lamp": .null], "lamp"),
            ("iidx-bests", ["lamp": []], "lamp"), ("iidx-bests", ["chart_id": .null], "chartId"),
            ("iidx-bests", ["music_id": ""], "songId"), ("iidx-bests", ["timestamp": "soon"], "date"),
            ("iidx-bests", ["_id": ""], "sourceId"), ("sdvx-bests", ["score": 10_000_001], "score"),
            ("sdvx-bests", ["score": -1], "score"), ("sdvx-bests", ["near": -1], "judgements.near"),
            ("sdvx-bests", ["btn_rate": 101], "buttonRate"), ("sdvx-bests", ["long_rate": -1], "longRate"),
            ("sdvx-bests", ["vol_rate": "full"], "volumeRate"), ("sdvx-bests", ["max_chain": "9"], "maxCombo"),
        ] as [(String, JSONValue, String)])
    func deadLetters(dataType: String, change: JSONValue, field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map(dataType, change) }
        #expect(failure?.field == field)
    }
}
