// The mapping tables of Harbor.

import ProviderSDK

enum HarborMappings {
    private static let money = Transform.minorUnits(currency: "currency", .iso4217)

    static let shipment = FieldMapping(
        "shipment", sourceID: ["id"],
        [
            Field("reference", ["reference", "id"], .text, isRequired: true),
            Field("status", "state", .oneOf(["sailing": "active", "landed": "completed"], other: "unknown")),
            Field("priority", "priority", .index(["low", "normal", "high"], first: 0, other: nil)),
            Field("weight", "weight", .decimal),
            Field("departedAt", "departed", .iso8601),
            Field("landedAt", "landed", .epochSeconds),
            Field("isInsured", "insured", .boolean),
            Field("route", ["from", "to"], .joined(" – ")),
            Field("firstStop", "route", .firstPart(separator: "/")),
            Field("customer", "customer", .object([Field("id", "id"), Field("email", "email", .lowercased)])),
            Field("source", .constant("harbor")),
        ])

    static let invoice = FieldMapping(
        "invoice", sourceID: ["number"],
        [
            Field("number", "number", .text, isRequired: true),
            Field("amount", "total", money, isRequired: true),
            Field("currency", "currency", .uppercased, isRequired: true),
            Field(
                "status",
                .when(
                    [
                        .init(.all([.equals("state", "open"), .isPast("due")]), .text("overdue")),
                        .init(.isPositive("paid"), .text("paid")),
                    ], other: .source("state", .text))),
            Field("refund", "refund", .negated(if: .hasPrefix("kind", "credit"))),
            Field(
                "lines", "lines",
                .table([Field("text", "text"), Field("count", "count", .integer(0...1000))], where: .isSet("text"))),
            Field("tags", "tags", .each(.uppercased)),
            Field("due", "due", .iso8601),
            Field("customerId", "customer", .reference(id: "id")),
        ])

    static let container = FieldMapping(
        "container", sourceID: ["id"], dropsVendorPrefix: true,
        [
            Field("name", "name", .text, isRequired: true),
            Field("size", "size", .exactOneOf(["20": "small", "40": "large"])),
            Field("load", "load", .bounded(0...100)),
            Field("seenAt", "seen", .epochText),
        ])

    static let note = FieldMapping(
        "note", sourceID: ["id"],
        [
            Field("text", "text", .text, isRequired: true), Field("words", "text", .parts(separator: " ")),
            Field("port", "port"),
        ])
}
