// What is read from manifests: the fields of records, and the permissions that requests may name.

import Configuration
import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import Providers

@Suite("Descriptions of providers", .timeLimit(.minutes(1)))
struct DescriptionTests {
    private static func fields(_ fields: [Field]) -> [RecordField] {
        DataType("things", mapping: FieldMapping("thing", sourceID: ["id"], fields)).recordFields
    }

    @Test("Each transform gives the kind of its result, and every field but a required one may be null")
    func kinds() {
        let exponents = CurrencyExponents(exceptions: [:])
        let cases: [(Transform, RecordField.Kind)] = [
            (.copy, .anything), (.text, .text), (.uppercased, .text), (.reference(id: "id"), .text),
            (.boolean, .boolean), (.decimal, .number), (.bounded(0...1), .number), (.integer(0...9), .integer(0...9)),
            (.minorUnits(currency: "c", exponents), .number), (.epochSeconds, .moment), (.iso8601, .moment),
            (.snowflakeTime(epochMilliseconds: 0), .moment), (.latestEpoch, .moment),
            (.oneOf(["a": "x", "b": "x"], other: "y"), .choice(["x", "y"])), (.exactOneOf(["a": "x"]), .choice(["x"])),
            (.index(["a", nil, "a"], first: 1, other: "b"), .choice(["a", "b"])),
            (.exactIndex(["a", "b"], first: 0), .choice(["a", "b"])),
            (.each(.text), .list(.text, hasNulls: true)), (.parts(separator: ","), .list(.text, hasNulls: false)),
            (.constant("x"), .choice(["x"])), (.constant(true), .boolean), (.constant(1), .number),
            (
                .table([Field("a", from: "a", as: .text)], where: nil),
                .list(.object([RecordField("a", .text, isNullable: true, sources: ["a"])]), hasNulls: false)
            ),
            (
                .when([.init(.isSet("a"), .text("x"))], other: .source("b", .oneOf(["c": "d"], other: "x"))),
                .choice(["x", "d"])
            ),
            (.when([.init(.isSet("a"), .text("x"))], other: .source("b", .text)), .text),
            (.when([.init(.isSet("a"), .source("b", .decimal))], other: .null), .number),
            (.when([.init(.isSet("a"), .source("b", .decimal))], other: .text("x")), .anything),
        ]
        for (transform, kind) in cases {
            #expect(Self.fields([Field("f", from: "f", as: transform)])[2].kind == kind, "\(transform)")
        }
        let nullable = Self.fields([
            Field("a", from: "a"), Field("b", from: "b", isRequired: true), Field("c", as: .constant("x")),
            Field("d", as: .when([.init(.isSet("a"), .text("x"))], other: .text("y"))),
            Field("e", as: .when([.init(.isSet("a"), .text("x"))], other: .null)),
        ]).map(\.isNullable)
        #expect(nullable == [false, false, true, false, false, false, true])
    }

    @Test("Fields are id, sourceId and the table, volatile ones last, each with its sources and those within it")
    func order() {
        let fields = Self.fields([
            Field("v", from: "v").volatile,
            Field("lines", from: ["l", "m"], as: .table([Field("n", from: "n")], where: nil)),
            Field("names", from: "x", as: .each(.text)), Field("o", as: .object([Field("p", from: "q.r", as: .text)])),
        ])
        #expect(fields.map(\.name) == ["id", "sourceId", "lines", "names", "o", "v"])
        #expect(fields.map(\.sources) == [[], ["id"], ["l", "m"], ["x"], ["q.r"], ["v"]])
        let rows = fields.flatMap(\.rows)
        #expect(
            rows.map(\.name) == ["id", "sourceId", "lines", "lines[].n", "names", "names[]", "o", "o.p", "v"])
        #expect(rows.map(\.form) == [.text, .text, .list, .any, .list, .text, .object, .text, .any])
        #expect(rows.last?.isVolatile == true)
    }

    private static func provider(_ configure: (inout ProviderManifest) -> Void) -> ConfiguredProvider {
        struct Plain: Provider { let manifest: ProviderManifest }
        let manifest = ProviderManifest(id: "plain", name: "Plain", configure)
        return ConfiguredProvider(
            LoadedPlugin(provider: Plain(manifest: manifest), path: ""), configuration: ProviderConfiguration())
    }

    @Test("Documented permissions and the provider's own scopes are accepted, and an unknown one is named with them")
    func permissions() throws {
        let provider = Self.provider { manifest in
            manifest.auth = .oauth2(OAuth2())
            manifest.scopes = ScopeTable([Scope("read:things", grants: ["things"]).meaning("See things")]) {
                $0.always = ["offline"]
                $0.contains = ["all": ["things"]]
                $0.standard = ["read:things"]
            }
            manifest.dataTypes = [
                DataType("things", mapping: FieldMapping("thing", sourceID: ["id"], [])) {
                    $0.scopes = ["things"]
                    $0.optionalScopes = ["more"]
                }
            ]
        }
        let names = provider.acceptedScopes(nil).map(\.name)
        #expect(names == ["read:things", "things", "offline", "more", "all"])
        #expect(provider.standardScopes(nil) == ["read:things"])
        try provider.check(names, variant: nil)
        try provider.check([], variant: nil)
        let message = "“other” is no permission of Plain; accepted are read:things, things, offline, more, all"
        #expect(throws: ServiceError.invalid(field: "scopes", message: message)) {
            try provider.check(["things", "other"], variant: nil, field: "scopes")
        }
        #expect(provider.known(["other", "more"], variant: nil) == ["more"])
        let none = Self.provider { $0.auth = .accountID(AccountIDAuth()) }
        #expect(
            throws: ServiceError.invalid(
                field: "permissions", message: "“a” is no permission of Plain; it accepts none")
        ) {
            try none.check(["a"], variant: nil)
        }
    }

    @Test("Without a variant, the permissions of the default one are accepted, or those of all where there is none")
    func variants() {
        func provider(_ standard: String?) -> ConfiguredProvider {
            Self.provider { manifest in
                manifest.auth = .oauth2(OAuth2())
                manifest.scopes = ScopeTable([Scope("a")])
                manifest.variants = [
                    Variant(id: "x", name: "X"), Variant(id: "y", name: "Y") { $0.scopes = ScopeTable([Scope("b")]) },
                ]
                manifest.defaultVariant = standard
            }
        }
        #expect(provider("x").acceptedScopes(nil).map(\.name) == ["a"])
        #expect(provider("x").acceptedScopes("y").map(\.name) == ["b"])
        #expect(provider(nil).acceptedScopes(nil).map(\.name) == ["a", "b"])
    }
}
