// Kai's mapping tables on self-made payloads in Kai's real shapes: every field, every lamp, both ends of every range.

import ProviderSDK
import ProviderSDKTesting
import Testing

@testable import Kai

@Suite("Kai mappings", .timeLimit(.minutes(2)))
struct KaiMappingTests {
    /// The normalised record of `dataType` made of `fields` merged over a plain record.
    static func map(_ dataType: String, _ fields: JSONValue) throws -> JSONValue {
        let base = plain[dataType] ?? [:]
        let names = Set((fields.members ?? []).map(\.key))
        let merged = JSONValue.object((base.members ?? []).filter { !names.contains($0.key) } + (fields.members ?? []))
        let mapping = try #require(KaiProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(merged.serialized), now: .epoch).json)
    }

    static let plain: [String: JSONValue] = [
        "iidx-scores": [
            "_links": ["_self": "https://flo.example.com/api/iidx/v2/play_history/71"], "_id": 71, "music_id": 25_090,
            "play_style": "SINGLE", "difficulty": "ANOTHER", "version_played": 27, "lamp": 4, "ex_score": 1817,
            "miss_count": 12, "fast_count": 123, "slow_count": 45, "timestamp": "2020-04-17T16:41:36Z",
        ],
        "sdvx-scores": [
            "_links": ["_self": "https://min.example.com/api/sdvx/v1/play_history/9"], "_id": 9, "music_id": 1045,
            "music_difficulty": 2, "played_version": 6, "clear_type": 3, "score": 9_834_411, "critical": 1004,
            "near": 33, "error": 7, "early": 21, "late": 12, "max_chain": 811, "gauge_rate": 83,
            "timestamp": "2021-05-01T12:00:00.250Z",
        ],
    ]

    @Test(
        "Each field of an IIDX score",
        arguments: [
            ([:], "id", "score-71"), ([:], "sourceId", "71"), ([:], "songId", 25_090), (["music_id": 0], "songId", 0),
            ([:], "playtype", "SP"), (["play_style": "DOUBLE"], "playtype", "DP"), ([:], "difficulty", "ANOTHER"),
            ([:], "gameVersion", 27), ([:], "score", 1817), (["ex_score": 0], "score", 0), ([:], "missCount", 12),
            (["miss_count": 0], "missCount", 0), (["miss_count": -1], "missCount", .null),
            (["miss_count": .null], "missCount", .null), ([:], "fast", 123), (["fast_count": .null], "fast", .null),
            ([:], "slow", 45), (["slow_count": .null], "slow", .null), ([:], "date", "2020-04-17T16:41:36Z"),
            (["timestamp": "2020-04-17T18:41:36+02:00"], "date", "2020-04-17T16:41:36Z"),
            (["timestamp": ""], "date", .null), (["extra": "ignored"], "extra", .null),
        ] as [(JSONValue, String, JSONValue)])
    func iidxFields(change: JSONValue, field: String, expected: JSONValue) throws {
        let record = try Self.map("iidx-scores", change)
        #expect((record[field] ?? .null) == expected)
        // A null is written, not left out; nothing that is not in the table is.
        #expect((record[field] == nil) == (field == "extra"))
    }

    @Test(
        "Each IIDX lamp",
        arguments: [
            (0, "NO PLAY"), (1, "FAILED"), (2, "ASSIST CLEAR"), (3, "EASY CLEAR"), (4, "CLEAR"), (5, "HARD CLEAR"),
            (6, "EX HARD CLEAR"), (7, "FULL COMBO"),
        ])
    func iidxLamps(source: Int, expected: String) throws {
        let record = try Self.map("iidx-scores", ["lamp": .number(JSONNumber(source))])
        #expect(record["lamp"]?.string == expected)
    }

    @Test("Each IIDX difficulty", arguments: ["BEGINNER", "NORMAL", "HYPER", "ANOTHER", "LEGGENDARIA"])
    func iidxDifficulties(difficulty: String) throws {
        let record = try Self.map("iidx-scores", ["difficulty": .string(difficulty)])
        #expect(record["difficulty"]?.string == difficulty)
    }

    @Test("Each IIDX version", arguments: [20, 26, 32])
    func iidxVersions(version: Int) throws {
        let record = try Self.map("iidx-scores", ["version_played": .number(JSONNumber(version))])
        #expect(record["gameVersion"] == .number(JSONNumber(version)))
    }

    @Test(
        "An IIDX value out of its range or set is a dead letter that names the field",
        arguments: [
            (["music_id": -1], "songId"), (["music_id": .null], "songId"), (["music_id": "1"], "songId"),
            (["play_style": "TRIPLE"], "playtype"), (["play_style": "single"], "playtype"),
            (["play_style": .null], "playtype"), (["difficulty": "BLACK ANOTHER"], "difficulty"),
            (["difficulty": .null], "difficulty"), (["version_played": -1], "gameVersion"),
            (["version_played": .null], "gameVersion"), (["lamp": -1], "lamp"),
            (["lamp": 8], "lamp"), (["lamp": "4"], "lamp"), (["lamp": .null], "lamp"), (["ex_score": -1], "score"),
            (["ex_score": .null], "score"), (["miss_count": -2], "missCount"), (["fast_count": -1], "fast"),
            (["slow_count": -1], "slow"), (["timestamp": "yesterday"], "date"), (["timestamp": 5], "date"),
            (["_id": .null], "sourceId"),
        ] as [(JSONValue, String)])
    func iidxDeadLetters(change: JSONValue, field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map("iidx-scores", change) }
        #expect(failure?.field == field)
        #expect(failure?.sourceID == (field == "sourceId" ? nil : "71"))
    }

    @Test(
        "Each field of an SDVX score",
        arguments: [
            ([:], "id", "score-9"), ([:], "sourceId", "9"), ([:], "songId", 1045), ([:], "score", 9_834_411),
            (["score": 0], "score", 0), (["score": 10_000_000], "score", 10_000_000),
            ([:], "judgements", ["critical": 1004, "near": 33, "miss": 7]),
            (["error": .null], "judgements", ["critical": 1004, "near": 33, "miss": .null]), ([:], "fast", 21),
            (["early": .null], "fast", .null), ([:], "slow", 12), (["late": .null], "slow", .null),
            ([:], "maxCombo", 811),
            (["max_chain": .null], "maxCombo", .null), (["gauge_rate": 100], "gauge", 100),
            (["gauge_rate": 0], "gauge", 0), (["gauge_rate": .null], "gauge", .null),
            ([:], "date", "2021-05-01T12:00:00Z"), (["timestamp": ""], "date", .null),
            (["timestamp": .null], "date", .null),
        ] as [(JSONValue, String, JSONValue)])
    func sdvxFields(change: JSONValue, field: String, expected: JSONValue) throws {
        let record = try Self.map("sdvx-scores", change)
        #expect(record[field] == expected)
    }

    @Test("A gauge keeps its decimals", arguments: ["83.5", "99.99", "70.00"])
    func keepsGauges(gauge: String) throws {
        let record = try Self.map("sdvx-scores", ["gauge_rate": .number(try #require(JSONNumber(gauge)))])
        #expect(record["gauge"]?.description == gauge)
    }

    @Test(
        "Each SDVX lamp",
        arguments: [
            (1, "FAILED"), (2, "CLEAR"), (3, "EXCESSIVE CLEAR"), (4, "ULTIMATE CHAIN"), (5, "PERFECT ULTIMATE CHAIN"),
            (6, "MAXXIVE CLEAR"),
        ])
    func sdvxLamps(source: Int, expected: String) throws {
        let record = try Self.map("sdvx-scores", ["clear_type": .number(JSONNumber(source))])
        #expect(record["lamp"]?.string == expected)
    }

    @Test("Each SDVX difficulty", arguments: [(0, "NOV"), (1, "ADV"), (2, "EXH"), (3, "4TH"), (4, "MXM")])
    func sdvxDifficulties(source: Int, expected: String) throws {
        let record = try Self.map("sdvx-scores", ["music_difficulty": .number(JSONNumber(source))])
        #expect(record["difficulty"]?.string == expected)
    }

    @Test(
        "Each SDVX version",
        arguments: [(1, "booth"), (2, "inf"), (3, "gw"), (4, "heaven"), (5, "vivid"), (6, "exceed")])
    func sdvxVersions(source: Int, expected: String) throws {
        let record = try Self.map("sdvx-scores", ["played_version": .number(JSONNumber(source))])
        #expect(record["gameVersion"]?.string == expected)
    }

    @Test(
        "An SDVX value out of its range or set is a dead letter that names the field",
        arguments: [
            (["music_id": -1], "songId"), (["music_difficulty": 5], "difficulty"),
            (["music_difficulty": -1], "difficulty"), (["music_difficulty": .null], "difficulty"),
            (["played_version": .null], "gameVersion"), (["clear_type": 0], "lamp"),
            (["clear_type": 7], "lamp"), (["clear_type": .null], "lamp"), (["score": 10_000_001], "score"),
            (["score": -1], "score"), (["score": .null], "score"), (["critical": -1], "judgements.critical"),
            (["critical": .null], "judgements.critical"), (["near": .null], "judgements.near"),
            (["error": -1], "judgements.miss"), (["early": -1], "fast"), (["late": -1], "slow"),
            (["max_chain": -1], "maxCombo"), (["gauge_rate": 101], "gauge"), (["gauge_rate": -1], "gauge"),
            (["timestamp": "2021-13-01"], "date"),
        ] as [(JSONValue, String)])
    func sdvxDeadLetters(change: JSONValue, field: String) {
        let failure = #expect(throws: MappingFailure.self) { try Self.map("sdvx-scores", change) }
        #expect(failure?.field == field)
        #expect(failure?.sourceID == "9")
    }

    @Test("A version that is not known here is kept as its number")
    func laterVersions() throws {
        #expect(try Self.map("iidx-scores", ["version_played": 33])["gameVersion"] == 33)
        #expect(try Self.map("iidx-scores", ["version_played": 19])["gameVersion"] == 19)
        let later = try Self.map("sdvx-scores", ["played_version": 7])
        #expect(later["gameVersion"] == "7" && later["sourceVersion"] == 7)
        #expect(try Self.map("sdvx-scores", ["played_version": 6])["gameVersion"] == "exceed")
    }

    @Test("Each of the 46 old ids is the LEGGENDARIA of its song, with any difficulty that Kai names")
    func legacyCharts() throws {
        #expect(KaiLegacyCharts.songs.count == 46)
        for (old, song) in KaiLegacyCharts.songs {
            // A song of the same version, which is the part of an id before its last three digits.
            #expect(old / 1000 == song / 1000 && old != song && KaiLegacyCharts.songs[song] == nil)
            for difficulty in ["ANOTHER", "LEGGENDARIA", "later"] {
                let record = try Self.map(
                    "iidx-scores", ["music_id": .number(JSONNumber(old)), "difficulty": .string(difficulty)])
                #expect(record["songId"] == .number(JSONNumber(song)) && record["difficulty"] == "LEGGENDARIA")
                #expect(record["sourceSongId"] == .number(JSONNumber(old)))
                #expect(record["sourceDifficulty"] == .string(difficulty))
            }
        }
        #expect(try Self.map("iidx-scores", ["music_id": 1101])["songId"] == 1101)
    }

    static func profile(_ dataType: String, _ json: String) throws -> JSONValue {
        let mapping = try #require(KaiProvider().manifest.dataType(dataType)?.mapping)
        return try JSONValue.parse(mapping.map(try JSONValue.parse(Array(json.utf8)), now: .epoch).json)
    }

    @Test(
        "Each dan class has its name, and every other value none",
        arguments: [
            ("0", "KYU_7"), ("6", "KYU_1"), ("7", "DAN_1"), ("16", "DAN_10"), ("17", "CHUUDEN"), ("18", "KAIDEN"),
            ("19", nil), ("-1", nil), ("1.5", nil), ("null", nil), ("\"x\"", nil), ("{}", nil),
        ] as [(String, String?)])
    func iidxClasses(value: String, name: String?) throws {
        let record = try Self.profile(
            "iidx-profiles", #"{"_links":{},"iidx_id":12345678,"dj_name":"DJ","sp":\#(value),"dp":null}"#)
        #expect(record["spClass"] == name.map { .string($0) } ?? .null && record["dpClass"] == .null)
        #expect(record["id"] == "profile-12345678" && record["name"] == "DJ")
    }

    @Test(
        "Each SDVX class has its name",
        arguments: [("0", nil), ("1", "DAN_1"), ("11", "DAN_11"), ("12", "INF"), ("13", nil)] as [(String, String?)])
    func sdvxClasses(value: String, name: String?) throws {
        let record = try Self.profile("sdvx-profiles", #"{"sdvx_id":"1-2","name":"N","skill_level":\#(value)}"#)
        #expect(record["class"] == name.map { .string($0) } ?? .null)
    }
}
