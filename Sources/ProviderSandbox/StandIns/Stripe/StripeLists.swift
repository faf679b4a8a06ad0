// Stripe's lists and single objects: paging by id, filters, expansion, and the refusal of parameters that do not exist.

import HTTPServer
import ProviderSDK

/// Comparisons of a time, as `created[gte]` and its like have them.
struct StripeRange: Sendable {
    private var lower = Int64.min
    private var upper = Int64.max

    /// The range that the parameters of `name` make; nil where there are none.
    init?(_ name: String, _ query: QueryParameters) throws(StripeFault) {
        var isThere = false
        for (suffix, isUpper, shift) in [
            ("", false, 0), ("[gte]", false, 0), ("[gt]", false, 1), ("[lte]", true, 0), ("[lt]", true, -1),
        ] as [(String, Bool, Int64)] {
            guard let text = query[name + suffix] else { continue }
            guard let number = Decimal.parse(text).map(Int64.init) else {
                throw .invalid(name, "Invalid timestamp: \(text)")
            }
            isThere = true
            if isUpper { upper = min(upper, number + shift) } else { lower = max(lower, number + shift) }
            if suffix.isEmpty { upper = min(upper, number) }
        }
        if !isThere { return nil }
    }

    func contains(_ time: Int64?) -> Bool { time.map { lower <= $0 && $0 <= upper } ?? false }

    static func names(_ name: String) -> [String] { ["", "[gt]", "[gte]", "[lt]", "[lte]"].map { name + $0 } }
}

/// Where in a list a page is.
struct StripePage: Sendable {
    let limit: Int
    let startingAfter: String?
    let endingBefore: String?

    init(_ query: QueryParameters) throws(StripeFault) {
        startingAfter = query["starting_after"]
        endingBefore = query["ending_before"]
        guard let text = query["limit"] else {
            limit = 10
            return
        }
        guard let number = Decimal.parse(text) else {
            throw .invalid("limit", "Invalid integer: \(text)", code: "parameter_invalid_integer")
        }
        guard number >= 1 else { throw .invalid("limit", "This value must be greater than or equal to 1.") }
        guard number <= 100 else { throw .invalid("limit", "This value must be less than or equal to 100.") }
        limit = number
    }

    static let names = ["limit", "starting_after", "ending_before"]
}

struct StripeLists: Sendable {
    struct List: Sendable {
        let path: String
        let object: String
        /// Filters by equality and by range, besides `created`.
        let filters: [String]
        let ranges: [String]
        let expandable: [String]
        let statuses: [String]
    }

    /// The lists, in the order of ``StripeObjects/types``.
    static let all = [
        List(
            path: "/v1/payment_intents", object: "payment_intent", filters: ["customer"], ranges: [],
            expandable: ["customer", "latest_charge"], statuses: []),
        List(
            path: "/v1/invoices", object: "invoice",
            filters: ["customer", "status", "subscription", "collection_method"], ranges: ["due_date"],
            expandable: ["customer"], statuses: ["draft", "open", "paid", "uncollectible", "void"]),
        List(
            path: "/v1/customers", object: "customer", filters: ["email"], ranges: [], expandable: [], statuses: []),
        List(
            path: "/v1/subscriptions", object: "subscription",
            filters: ["customer", "status", "price", "collection_method"],
            ranges: ["current_period_start", "current_period_end"], expandable: ["customer"],
            statuses: [
                "all", "ended", "active", "past_due", "unpaid", "canceled", "incomplete", "incomplete_expired",
                "trialing", "paused",
            ]),
        List(
            path: "/v1/charges", object: "charge", filters: ["customer"], ranges: [], expandable: ["customer"],
            statuses: []),
        List(path: "/v1/refunds", object: "refund", filters: ["charge"], ranges: [], expandable: [], statuses: []),
    ]

    private let dataset: Dataset

    init(_ dataset: Dataset) { self.dataset = dataset }

    /// One page of a list.
    func list(_ index: Int, _ caller: StripeStandIn.Caller, _ request: SandboxRequest) throws(StripeFault) -> [UInt8] {
        let list = Self.all[index]
        let query = request.query
        try Self.checkNames(query, list)
        let page = try StripePage(query)
        let created = try StripeRange("created", query)
        let filter = try filter(list, query)
        let expansions = try expansions(list, query, prefix: "data.")
        guard let account = caller.account else { return Self.envelope(list.path, [], hasMore: false) }
        var fault: StripeFault?
        let (objects, hasMore) = dataset.withAccount(account) { data in
            let (positions, hasMore) = data.withTable(index) { table, _, context in
                do throws(StripeFault) {
                    return try Self.positions(table, page, list) { object in
                        created?.contains(object.created) ?? true && filter(context, object)
                    }
                } catch {
                    fault = error
                    return ([], false)
                }
            }
            return (positions.map { written($0, index, &data, expansions) }, hasMore)
        }
        if let fault { throw fault }
        return Self.envelope(list.path, objects, hasMore: hasMore)
    }

    private static func positions(
        _ table: ObjectTable, _ page: StripePage, _ list: List, _ isIncluded: (SandboxObject) -> Bool
    ) throws(StripeFault) -> (positions: [Int], hasMore: Bool) {
        if let id = page.endingBefore {
            guard let end = table.position(of: id) else {
                throw .missing(list.object, id, parameter: "ending_before", status: 400)
            }
            return table.newestFirst(above: end, limit: page.limit, isIncluded)
        }
        var start: Int?
        if let id = page.startingAfter {
            guard let position = table.position(of: id) else {
                throw .missing(list.object, id, parameter: "starting_after", status: 400)
            }
            start = position
        }
        return table.newestFirst(below: start, limit: page.limit, isIncluded)
    }

    /// One object by id.
    func one(_ index: Int, _ caller: StripeStandIn.Caller, _ request: SandboxRequest) throws(StripeFault) -> [UInt8] {
        let list = Self.all[index]
        let id = request.capture("id")
        let expansions = try expansions(list, request.query, prefix: "")
        let bytes: [UInt8]? = caller.account.flatMap { account in
            dataset.withAccount(account) { data in
                let found = data.withTable(index) { table, _, _ in
                    table.position(of: id).map { ($0, table.objects[$0].isDeleted) }
                }
                guard let (position, isDeleted) = found else { return nil }
                if isDeleted {
                    return list.object == "customer" ? StripeObjects.deletedCustomer(id) : nil
                }
                return written(position, index, &data, expansions)
            }
        }
        guard let bytes else { throw .missing(list.object, id) }
        return bytes
    }

    /// The object at a position, with the references asked for replaced by what they refer to.
    private func written(_ position: Int, _ index: Int, _ data: inout AccountData, _ expansions: [String]) -> [UInt8] {
        if expansions.isEmpty { return data.withTable(index) { $0.bytes(position, $1, $2) } }
        let object = data.withTable(index) { table, _, _ in table.objects[position] }
        let context = data.context
        var values: [String: JSONValue] = [:]
        if expansions.contains("customer"), let owner = object.owner {
            let bytes = data.withTable(StripeObjects.customers) { table, type, context in
                guard table.objects.indices.contains(owner) else { return [] as [UInt8] }
                if table.objects[owner].isDeleted { return StripeObjects.deletedCustomer(table.objects[owner].id) }
                return table.bytes(owner, type, context)
            }
            if let customer = try? JSONValue.parse(bytes) { values["customer"] = customer }
        }
        if expansions.contains("latest_charge"), let charge = StripeObjects.charge(context, object) {
            values["latest_charge"] = charge
        }
        return StripeObjects.written(index, context, object, replacing: values)
    }

    private static func checkNames(_ query: QueryParameters, _ list: List) throws(StripeFault) {
        var known = Set(StripePage.names + list.filters)
        for range in ["created"] + list.ranges { known.formUnion(StripeRange.names(range)) }
        for at in 0..<query.count {
            let name = query.parameter(at: at).name
            guard known.contains(name) || name == "expand" || name.hasPrefix("expand[") else {
                throw .unknownParameter(name)
            }
        }
    }

    private func expansions(_ list: List, _ query: QueryParameters, prefix: String) throws(StripeFault) -> [String] {
        var expansions: [String] = []
        for at in 0..<query.count {
            let (name, value) = query.parameter(at: at)
            guard name == "expand" || name.hasPrefix("expand[") else { continue }
            let path = value.hasPrefix(prefix) ? String(value.dropFirst(prefix.utf8.count)) : ""
            guard list.expandable.contains(path) else {
                throw .invalid("expand", "This property cannot be expanded (\(value)).")
            }
            expansions.append(path)
        }
        return expansions
    }

    /// Whether an object passes the filters of a query.
    private func filter(
        _ list: List, _ query: QueryParameters
    ) throws(StripeFault) -> @Sendable (DataContext, SandboxObject) -> Bool {
        let status = query["status"]
        if let status, !list.statuses.contains(status) {
            throw .invalid("status", "Invalid status: must be one of \(list.statuses.joined(separator: ", "))")
        }
        var equal: [String: String] = [:]
        for name in list.filters where name != "status" { equal[name] = query[name] }
        var ranges: [String: StripeRange] = [:]
        for name in list.ranges { ranges[name] = try StripeRange(name, query) }
        let isSubscription = list.object == "subscription"
        let wanted = equal
        let bounds = ranges
        return { context, object in
            switch (status, isSubscription) {
            case (nil, true): if object.status == "canceled" { return false }
            case (nil, false), ("all", true): break
            case ("ended", true): if !["canceled", "incomplete_expired"].contains(object.status) { return false }
            default: if object.status != status { return false }
            }
            if wanted.isEmpty && bounds.isEmpty { return true }
            let facts = StripeObjects.facts(list.object, context, object)
            return wanted.allSatisfy { facts.texts[$0.key] == $0.value }
                && bounds.allSatisfy { $0.value.contains(facts.times[$0.key]) }
        }
    }

    /// A list object around the objects written.
    static func envelope(_ path: String, _ objects: [[UInt8]], hasMore: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(objects.reduce(128) { $0 + $1.count + 1 })
        bytes += "{\"object\":\"list\",\"data\":[".utf8
        for (number, object) in objects.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += object
        }
        bytes += "],\"has_more\":\(hasMore),\"url\":\"\(path)\"}".utf8
        return bytes
    }
}
