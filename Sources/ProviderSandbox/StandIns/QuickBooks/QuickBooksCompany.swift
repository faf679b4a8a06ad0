// A QuickBooks company's answers: queries, single objects, changes. It knows no HTTP.

import HTTPServer
import ProviderSDK

struct QuickBooksCompany: Sendable {
    private static let changesMax = 1000
    private static let changeDaysMax: Int64 = 30

    private let dataset: Dataset
    private let clock: SandboxClock
    private let accounts: [SandboxAccount]

    init(_ dataset: Dataset, _ clock: SandboxClock, _ accounts: [SandboxAccount]) {
        self.dataset = dataset
        self.clock = clock
        self.accounts = accounts
    }

    /// The moment of an answer, as answers have it.
    var time: String {
        let text = QuickBooksText.moment(clock.seconds)
        return text.prefix(19) + ".000" + text.dropFirst(19)
    }

    // MARK: Queries

    func query(_ account: Int, _ statement: String) throws(QuickBooksFault) -> [UInt8] {
        let query = try QuickBooksQuery(statement)
        let entity = query.entity.lowercased()
        if entity == "companyinfo" {
            return enveloped("CompanyInfo", [companyInfo(account).serialized], query, total: nil)
        }
        guard let index = QuickBooksObjects.entities.firstIndex(where: { $0.lowercased() == entity }) else {
            throw .validation("\(query.entity) is no entity")
        }
        let name = QuickBooksObjects.entities[index]
        let filter = try QuickBooksFilter(query, index)
        let (rows, total): ([[UInt8]], Int) = dataset.withTable(account, index) { table, type, context in
            var positions = table.objects.indices.filter { position in
                !table.objects[position].isDeleted && filter.includes(table.objects[position], context)
            }
            filter.sort(&positions, table.objects, context)
            if query.isCount { return ([], positions.count) }
            let page = positions.dropFirst(query.startPosition - 1).prefix(query.maxResults)
            return (page.map { table.bytes($0, type, context) }, positions.count)
        }
        if query.isCount {
            return (["QueryResponse": ["totalCount": .integer(total)], "time": .string(time)] as JSONValue).serialized
        }
        // Only some entities' answers contain the total.
        let isCounted = index == QuickBooksObjects.invoices || index == QuickBooksObjects.bills
        return enveloped(name, rows, query, total: isCounted ? total : nil)
    }

    private func enveloped(_ name: String, _ rows: [[UInt8]], _ query: QuickBooksQuery, total: Int?) -> [UInt8] {
        var bytes = Array("{\"QueryResponse\":{".utf8)
        if !rows.isEmpty {
            bytes.reserveCapacity(rows.reduce(256) { $0 + $1.count + 1 })
            bytes += "\"\(name)\":".utf8
            bytes += rows.jsonArray
            bytes += ",\"startPosition\":\(query.startPosition),\"maxResults\":\(rows.count)".utf8
            if let total { bytes += ",\"totalCount\":\(total)".utf8 }
        }
        bytes += "},\"time\":\"\(time)\"}".utf8
        return bytes
    }

    // MARK: Single objects

    func one(_ account: Int, _ entity: String, _ id: String) throws(QuickBooksFault) -> [UInt8] {
        guard let index = QuickBooksObjects.entities.firstIndex(where: { $0.lowercased() == entity.lowercased() })
        else {
            throw .notFound("There is no entity \(entity).")
        }
        let bytes: [UInt8]? = dataset.withTable(account, index) { table, type, context in
            guard table[id] != nil, let position = table.position(of: id) else { return nil }
            return table.bytes(position, type, context)
        }
        guard let bytes else {
            throw .notFound("Object Not Found : Something you're trying to use has been made inactive or was deleted.")
        }
        return Array("{\"\(QuickBooksObjects.entities[index])\":".utf8) + bytes + Array(",\"time\":\"\(time)\"}".utf8)
    }

    func info(_ account: Int) -> [UInt8] {
        (["CompanyInfo": companyInfo(account), "time": .string(time)] as JSONValue).serialized
    }

    private func companyInfo(_ account: Int) -> JSONValue {
        [
            "CompanyName": .string(accounts[account].name), "LegalName": .string(accounts[account].name),
            "Country": "US", "Email": ["Address": "owner@example.com"], "SupportedLanguages": "en", "domain": "QBO",
            "sparse": false, "Id": "1", "SyncToken": "1",
        ]
    }

    // MARK: Changes

    /// The change data capture: what changed since a moment, of several entities, at most 1000 objects in all.
    func changes(_ account: Int, _ parameters: QueryParameters) throws(QuickBooksFault) -> [UInt8] {
        guard let text = parameters["changedSince"], let since = Timestamp(iso8601: text) else {
            throw .invalid("changedSince is missing or no moment.")
        }
        guard since.seconds >= clock.seconds - Self.changeDaysMax * 86_400 else {
            throw .invalid("changedSince is more than \(Self.changeDaysMax) days ago.")
        }
        let names = (parameters["entities"] ?? "").split(separator: ",").map(String.init)
        guard !names.isEmpty else { throw .invalid("entities is missing.") }
        var indices: [Int] = []
        for name in names {
            guard let index = QuickBooksObjects.entities.firstIndex(of: name) else {
                throw .invalid("\(name) is no entity.")
            }
            indices.append(index)
        }
        var left = Self.changesMax
        var groups: [[UInt8]] = []
        // The groups do not come in the requested order.
        for index in indices.reversed() {
            let rows: [[UInt8]] = dataset.withTable(account, index) { table, type, context in
                let changed = table.objects.indices.filter { table.objects[$0].updated >= since.milliseconds }
                return changed.prefix(left).map { position in
                    let object = table.objects[position]
                    return object.isDeleted
                        ? QuickBooksText.deleted(object).serialized : table.bytes(position, type, context)
                }
            }
            left -= rows.count
            var group = Array("{".utf8)
            if !rows.isEmpty {
                group += "\"\(QuickBooksObjects.entities[index])\":".utf8
                group += rows.jsonArray
                group += ",\"startPosition\":1,\"maxResults\":\(rows.count),\"totalCount\":\(rows.count)".utf8
            }
            group += "}".utf8
            groups.append(group)
        }
        var bytes = Array("{\"CDCResponse\":[{\"QueryResponse\":".utf8)
        bytes += groups.jsonArray
        bytes += "}],\"time\":\"\(time)\"}".utf8
        return bytes
    }
}

/// The conditions and the order of a query, made ready for objects.
struct QuickBooksFilter {
    /// A value to compare: numbers with numbers, moments with moments, all else as text.
    private enum Value {
        case number(Int)
        case text(String)

        static func < (left: Value, right: Value) -> Bool {
            switch (left, right) {
            case (.number(let left), .number(let right)): left < right
            case (.text(let left), .text(let right)): left < right
            default: false
            }
        }

        static func == (left: Value, right: Value) -> Bool {
            switch (left, right) {
            case (.number(let left), .number(let right)): left == right
            case (.text(let left), .text(let right)): left == right
            default: false
            }
        }
    }

    private enum Property: String {
        case id, active, txndate, docnumber, displayname, balance, totalamt
        case created = "metadata.createtime"
        case updated = "metadata.lastupdatedtime"
    }

    private let index: Int
    private let conditions: [(property: Property, comparison: QuickBooksQuery.Comparison, values: [Value])]
    private let orders: [(property: Property, isDescending: Bool)]

    init(_ query: QuickBooksQuery, _ index: Int) throws(QuickBooksFault) {
        self.index = index
        var conditions: [(property: Property, comparison: QuickBooksQuery.Comparison, values: [Value])] = []
        for condition in query.conditions {
            let property = try Self.property(condition.property, index)
            var values: [Value] = []
            for text in condition.values { values.append(try Self.value(text, property)) }
            conditions.append((property, condition.comparison, values))
        }
        self.conditions = conditions
        var orders: [(property: Property, isDescending: Bool)] = []
        for order in query.orders { orders.append((try Self.property(order.property, index), order.isDescending)) }
        self.orders = orders
    }

    private static func property(_ name: String, _ index: Int) throws(QuickBooksFault) -> Property {
        let isName = index == QuickBooksObjects.customers || index == QuickBooksObjects.vendors
        guard let property = Property(rawValue: name),
            isName
                ? ![.txndate, .docnumber, .totalamt].contains(property) : ![.active, .displayname].contains(property)
        else { throw .validation("property \(name) is not found for entity \(QuickBooksObjects.entities[index])") }
        return property
    }

    private static func value(_ text: String, _ property: Property) throws(QuickBooksFault) -> Value {
        switch property {
        case .id: return .number(Decimal.parse(text) ?? -1)
        case .created, .updated:
            // An offset without colon is refused, as it is there.
            guard let moment = Timestamp(iso8601: text), !text.hasSuffix("00") || text.contains(":") else {
                throw .validation("\(text) is no date and time")
            }
            return .number(Int(moment.seconds))
        case .balance, .totalamt:
            guard let decimal = ExactDecimal(text) else { throw .validation("\(text) is no number") }
            var hundredths = decimal.coefficient
            for _ in 0..<max(0, 2 - decimal.places) { hundredths *= 10 }
            for _ in 0..<max(0, decimal.places - 2) { hundredths /= 10 }
            return .number(Int(clamping: hundredths))
        default: return .text(text)
        }
    }

    private func value(_ property: Property, _ object: SandboxObject, _ context: DataContext) -> Value {
        func hundredths(_ amount: Int) -> Value {
            .number(QuickBooksText.places(object.currency) == 0 ? amount * 100 : amount)
        }
        switch property {
        case .id: return .number(Decimal.parse(object.id) ?? 0)
        case .active: return .text(object.status == "inactive" ? "false" : "true")
        case .txndate: return .text(QuickBooksText.date(object.created))
        case .docnumber: return .text(String(1001 + object.number))
        case .displayname: return .text(QuickBooksText.displayName(index, context, object.number))
        case .balance:
            let isName = index == QuickBooksObjects.customers || index == QuickBooksObjects.vendors
            return hundredths(isName ? object.amount ?? 0 : QuickBooksText.balance(object))
        case .totalamt: return hundredths(abs(object.amount ?? 0))
        case .created: return .number(Int(object.created))
        case .updated: return .number(Int(object.updated / 1000))
        }
    }

    func includes(_ object: SandboxObject, _ context: DataContext) -> Bool {
        // Name lists hide what is inactive unless Active is asked about.
        if object.status == "inactive", !conditions.contains(where: { $0.property == .active }) { return false }
        return conditions.allSatisfy { condition in
            let own = value(condition.property, object, context)
            guard let first = condition.values.first else { return false }
            switch condition.comparison {
            case .equal: return own == first
            case .less: return own < first
            case .lessOrEqual: return own < first || own == first
            case .more: return first < own
            case .moreOrEqual: return first < own || own == first
            case .oneOf: return condition.values.contains { own == $0 }
            case .like: return Self.isLike(own, first)
            }
        }
    }

    /// `%` at either end matches anything.
    private static func isLike(_ own: Value, _ pattern: Value) -> Bool {
        guard case .text(let text) = own, case .text(let pattern) = pattern else { return false }
        let core = pattern.split(separator: "%").joined(separator: "%")
        switch (pattern.hasPrefix("%"), pattern.hasSuffix("%")) {
        case (true, true): return text.contains(core)
        case (true, false): return text.hasSuffix(core)
        case (false, true): return text.hasPrefix(core)
        case (false, false): return text == core
        }
    }

    /// Sorts as asked, or by id.
    func sort(_ positions: inout [Int], _ objects: [SandboxObject], _ context: DataContext) {
        if orders.isEmpty || orders.count == 1 && orders[0].property == .id && !orders[0].isDescending { return }
        positions.sort { left, right in
            for order in orders {
                let first = value(order.property, objects[left], context)
                let second = value(order.property, objects[right], context)
                if first == second { continue }
                return order.isDescending ? second < first : first < second
            }
            return left < right
        }
    }
}
