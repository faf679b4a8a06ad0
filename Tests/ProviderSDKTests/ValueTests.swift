// Money, moments and scopes: tables of exact results.

import ProviderSDK
import Testing

@Suite("Values", .timeLimit(.minutes(2)))
struct ValueTests {
    @Test(
        "Minor units become exact major units",
        arguments: [
            (1000, "usd", "10.00"), (5, "USD", "0.05"), (-5, "usd", "-0.05"), (500, "jpy", "500"),
            (5120, "kwd", "5.120"),
            (0, "usd", "0.00"), (Int64.max, "usd", "92233720368547758.07"),
        ])
    func convertsMinorUnits(minor: Int64, currency: String, expected: String) {
        #expect(CurrencyExponents.iso4217.majorUnits(minor, currency: currency)?.description == expected)
    }

    @Test(
        "Decimal texts are read exactly or refused",
        arguments: [
            ("10.00", "10.00"), ("-0.5", "-0.5"), ("1.5e3", "1500"), ("1.25e1", "12.5"), ("1e-2", "0.01"), ("+5", nil),
            ("1.2.3", nil), ("", nil), ("abc", nil), ("1e99", nil), ("１", nil), ("1e+2", "100"), ("1e", nil),
        ] as [(String, String?)])
    func readsDecimals(text: String, expected: String?) {
        #expect(ExactDecimal(text)?.description == expected)
    }

    @Test(
        "Moments are read in every ISO 8601 form that providers write",
        arguments: [
            ("2024-01-01", "2024-01-01T00:00:00Z"), ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
            ("2026-05-05T03:13:29-07:00", "2026-05-05T10:13:29Z"), ("2018-10-20T00:00:00", "2018-10-20T00:00:00Z"),
            ("2026-05-14T06:06:28.058000+00:00", "2026-05-14T06:06:28Z"), ("2023-02-29", nil), ("2024-13-01", nil),
            ("2024-1-1", nil), ("2024-01-01T24:00:00Z", nil), ("+2024-01-01", nil),
            ("0001-01-01", "0001-01-01T00:00:00Z"),
        ] as [(String, String?)])
    func readsISO8601(text: String, expected: String?) {
        #expect(Timestamp(iso8601: text)?.description == expected)
    }

    @Test(
        "Dates of .NET count milliseconds in UTC",
        arguments: [
            ("/Date(1539993600000+0000)/", "2018-10-20T00:00:00Z"), ("/Date(1552326816230)/", "2019-03-11T17:53:36Z"),
            ("/Date(-86400000)/", "1969-12-31T00:00:00Z"), ("/Date(x)/", nil), ("Date(1)", nil), ("/Date(1+00)/", nil),
        ] as [(String, String?)])
    func readsDotNetDates(text: String, expected: String?) {
        #expect(Timestamp(dotNetDate: text)?.description == expected)
    }

    @Test(
        "HTTP dates are read in the three forms of RFC 9110",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Friday, 01-Jan-27 00:00:00 GMT", "2027-01-01T00:00:00Z"),
            ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sunday, 06-Nov-1994 08:49:37 GMT", nil),
            ("Sun, 31 Feb 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 8:49 GMT", nil), ("", nil), ("now", nil),
        ])
    func readsHTTPDates(text: String, expected: String?) {
        #expect(Timestamp(httpDate: text)?.description == expected)
    }

    @Test("Retry-After is read as seconds, fractions and dates")
    func readsRetryAfter() throws {
        let now = try #require(Timestamp(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT"))
        #expect(now.description == "1994-11-06T08:49:37Z")
        func wait(_ text: String) -> Duration? {
            ProviderResponse(status: 429, headers: [NamedValue("Retry-After", text)]).retryAfter(now: now)
        }
        #expect(wait("30") == .seconds(30))
        #expect(wait("0.5") == .milliseconds(500))
        #expect(wait("Sun, 06 Nov 1994 08:50:37 GMT") == .seconds(60))
        #expect(wait("Sun, 06 Nov 1994 08:40:37 GMT") == .zero)
        #expect(wait("-1") == nil)
        #expect(wait("soon") == nil)
    }

    @Test("Documented scopes become the provider's scopes, without repeats or contained ones")
    func translatesScopes() {
        var table = ScopeTable([
            Scope("read:payments", grants: ["read_only"]), Scope("write:invoices", grants: ["read_write"]),
        ])
        table.contains = ["read_write": ["read_only"]]
        table.always = ["offline"]
        #expect(table.requested(for: ["read:payments"], needed: []) == ["read_only", "offline"])
        #expect(table.requested(for: ["read:payments", "write:invoices"], needed: []) == ["read_write", "offline"])
        #expect(table.requested(for: [], needed: []) == ["read_write", "offline"])
        #expect(table.requested(for: ["something:else"], needed: ["extra"]) == ["offline", "extra"])
        table.standard = ["read:payments"]
        #expect(table.requested(for: [], needed: []) == ["read_only", "offline"])
        #expect(table.requested(for: ["write:invoices"], needed: []) == ["read_write", "offline"])
        #expect(table.missing(["read_only"], granted: ["read_write"]).isEmpty)
        #expect(table.missing(["read_write"], granted: ["read_only"]) == ["read_write"])
    }

    @Test("An authorization requests the scopes of the wanted data types, and optional scopes on request")
    func asksForDataTypes() {
        let manifest = ProviderManifest(id: "x", name: "X") { manifest in
            manifest.scopes = ScopeTable([Scope("read")])
            manifest.scopes.always = ["offline"]
            manifest.dataTypes = [
                DataType("a", mapping: FieldMapping("a", sourceID: ["id"], [])) {
                    $0.scopes = ["read", "a.read"]
                    $0.optionalScopes = ["a.more"]
                },
                DataType("b", mapping: FieldMapping("b", sourceID: ["id"], [])) {
                    $0.scopes = ["b.read"]
                    $0.variants = ["one"]
                },
            ]
        }
        #expect(manifest.requestedScopes(for: []) == ["read", "offline", "a.read", "b.read"])
        #expect(manifest.requestedScopes(for: ["read"], dataTypes: ["b"]) == ["read", "offline", "b.read"])
        #expect(manifest.requestedScopes(for: [], variant: "two") == ["read", "offline", "a.read"])
        #expect(manifest.requestedScopes(for: ["a.more"], dataTypes: []) == ["a.more", "offline"])
        #expect(manifest.requestedScopes(for: ["read", "a.more"]).contains("a.more"))
    }

    @Test(
        "An operator can change a rate limit within its range",
        arguments: [("1", 1), ("120", 120), ("0", 50), ("-1", 50), ("1.5", 50), ("2000000", 50), ("many", 50)])
    func overridesRateLimits(text: String, requests: Int) {
        var limit = RateLimit(50, per: .seconds(60), scope: .account)
        #expect(limit.requests(in: ["pace": text]) == 50)
        limit.setting = "pace"
        #expect(limit.requests(in: ["pace": text]) == requests)
        #expect(limit.requests(in: [:]) == 50)
    }
}
