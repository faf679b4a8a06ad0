// The players' profiles: name and dan classes. A class that is not known here is null, as are those that a player does not have.

import ProviderSDK

enum KaiProfiles {
    static let iidx = FieldMapping(
        "profile", sourceID: ["iidx_id"],
        [
            Field("name", from: "dj_name", as: .text),
            Field("spClass", as: dan("sp", iidxDans, first: 0)), Field("dpClass", as: dan("dp", iidxDans, first: 0)),
            Field("sourceSpClass", from: "sp"), Field("sourceDpClass", from: "dp"),
            Field("registeredAt", from: "register_time"),
            // Differs with each visit, also when nothing else does.
            Field("accessedAt", from: "access_time").volatile,
        ])

    static let sdvx = FieldMapping(
        "profile", sourceID: ["sdvx_id"],
        [
            Field("name", from: "name", as: .text),
            // 0 is a player without a class.
            Field("class", as: dan("skill_level", sdvxDans, first: 1)),
            Field("sourceClass", from: "skill_level"),
            Field("registeredAt", from: "register_time"),
            Field("accessedAt", from: "access_time").volatile,
        ])

    private static let iidxDans =
        (1...7).reversed().map { "KYU_\($0)" } + (1...10).map { "DAN_\($0)" } + ["CHUUDEN", "KAIDEN"]

    private static let sdvxDans = (1...11).map { "DAN_\($0)" } + ["INF"]

    /// The class whose number stands at `path`; null for every other value.
    private static func dan(_ path: ValuePath, _ names: [String], first: Int) -> Transform {
        let classes = Dictionary(
            uniqueKeysWithValues: names.enumerated().map { (String($0.offset + first), $0.element) })
        return .when(
            [.init(.isOneOf(path, classes.keys.sorted()), .source(path, .oneOf(classes, other: "unknown")))],
            other: .null)
    }
}
