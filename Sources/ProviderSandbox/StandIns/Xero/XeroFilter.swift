// The part of Xero's list parameters that connectors use: `where`, `order`, `If-Modified-Since`, statuses and ids,
// pages.

import HTTPServer
import ProviderSDK

struct XeroFilter: Sendable {
    private enum Value: Sendable {
        case text(String)
        case number(Int64)
    }

    private struct Condition: Sendable {
        let property: String
        let comparison: String
        let value: Value
    }

    private let index: Int
    private var conditions: [Condition] = []
    private var order: (property: String, isDescending: Bool)?
    private var statuses: Set<String> = []
    private var ids: Set<String> = []
    private var contactIDs: Set<String> = []
    private var search: String?
    private var modifiedSince: Int64?
    private var includesArchived = false
    let isSummary: Bool
    /// nil: no page was asked for, so that all come.
    let page: Int?
    let pageSize: Int

    init(_ request: SandboxRequest, _ index: Int) throws(XeroFault) {
        self.index = index
        let query = request.query
        isSummary = query["summaryOnly"]?.lowercased() == "true"
        page = try Self.number(query["page"], "page", 1...1_000_000)
        pageSize = try Self.number(query["pageSize"], "pageSize", 1...1000) ?? 100
        statuses = Self.list(query["Statuses"])
        ids = Self.list(query["IDs"])
        contactIDs = Self.list(query["ContactIDs"])
        search = query["searchTerm"]?.lowercased()
        includesArchived = query["includeArchived"]?.lowercased() == "true"
        if let text = request.header("if-modified-since") {
            guard let moment = Timestamp(iso8601: text) else { throw .badCondition }
            modifiedSince = moment.milliseconds
        }
        if let text = query["order"] { order = try Self.order(text) }
        if let text = query["where"] { conditions = try Self.conditions(text) }
    }

    private static func number(_ text: String?, _ name: String, _ range: ClosedRange<Int>) throws(XeroFault) -> Int? {
        guard let text else { return nil }
        guard let number = Decimal.parse(text), range.contains(number) else {
            throw .invalid(number: 17, type: "QueryParseException", message: "\(name) has to be from \(range)")
        }
        return number
    }

    private static func list(_ text: String?) -> Set<String> {
        Set((text ?? "").split(separator: ",").map { String($0).lowercased() })
    }

    private static func order(_ text: String) throws(XeroFault) -> (property: String, isDescending: Bool) {
        let words = text.split(separator: " ").map { String($0).lowercased() }
        let known = ["updateddateutc", "date", "invoiceid", "contactid", "banktransactionid", "invoicenumber", "name"]
        guard let property = words.first, known.contains(property), words.count <= 2,
            words.count == 1 || ["asc", "desc"].contains(words[1])
        else {
            throw .invalid(number: 16, type: "QueryParseException", message: "No property or field '\(text)' exists")
        }
        return (property, words.count == 2 && words[1] == "desc")
    }

    /// `Property=="text"`, `Date>=DateTime(2026,01,31)`, `Contact.ContactID==guid("…")`, joined by AND or `&&`.
    private static func conditions(_ text: String) throws(XeroFault) -> [Condition] {
        var conditions: [Condition] = []
        for part in joined(text) {
            guard let (property, comparison, value) = split(part) else {
                throw .invalid(
                    number: 16, type: "QueryParseException", message: "The condition '\(part)' was not understood")
            }
            let known = ["type", "status", "contactstatus", "date", "updateddateutc", "contact.contactid", "name"]
            guard known.contains(property) else {
                throw .invalid(
                    number: 16, type: "QueryParseException", message: "No property or field '\(property)' exists")
            }
            conditions.append(Condition(property: property, comparison: comparison, value: value))
        }
        return conditions
    }

    private static func joined(_ text: String) -> [String] {
        var parts: [String] = []
        var current = ""
        for word in text.replacingPairs().split(separator: " ", omittingEmptySubsequences: true) {
            if word.uppercased() == "AND" {
                parts.append(current)
                current = ""
            } else {
                current += (current.isEmpty ? "" : " ") + word
            }
        }
        return parts + [current]
    }

    private static func split(_ part: String) -> (property: String, comparison: String, value: Value)? {
        for comparison in ["==", "!=", ">=", "<=", ">", "<"] {
            guard let range = part.firstRange(of: comparison) else { continue }
            let property = part[..<range.lowerBound].filter { $0 != " " }.lowercased()
            let text = String(part[range.upperBound...]).trimmed()
            guard let value = value(text) else { return nil }
            return (property, comparison, value)
        }
        return nil
    }

    private static func value(_ text: String) -> Value? {
        if text.lowercased().hasPrefix("guid(") { return value(String(text.dropFirst(5).dropLast())) }
        if text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count >= 2 {
            return .text(String(text.dropFirst().dropLast()))
        }
        guard text.lowercased().hasPrefix("datetime("), text.hasSuffix(")") else { return nil }
        let numbers = text.dropFirst(9).dropLast().split(separator: ",").map { String($0).trimmed() }
        guard numbers.count >= 3 else { return nil }
        let padded = numbers.map { $0.utf8.count == 1 ? "0" + $0 : $0 }
        let time = padded.count >= 6 ? "T\(padded[3]):\(padded[4]):\(padded[5])Z" : "T00:00:00Z"
        return Timestamp(iso8601: "\(padded[0])-\(padded[1])-\(padded[2])\(time)").map { .number($0.seconds) }
    }

    func includes(_ object: SandboxObject, _ context: DataContext) -> Bool {
        if let modifiedSince, object.updated <= modifiedSince { return false }
        if !statuses.isEmpty, !statuses.contains(object.status.lowercased()) { return false }
        if !ids.isEmpty, !ids.contains(object.id) { return false }
        if index == XeroObjects.contacts, object.status == "ARCHIVED", !includesArchived, ids.isEmpty { return false }
        if !contactIDs.isEmpty {
            guard let owner = object.owner, contactIDs.contains(XeroObjects.id(XeroObjects.contacts, context, owner))
            else {
                return false
            }
        }
        if let search, !name(object, context).lowercased().contains(search) { return false }
        return conditions.allSatisfy { isMet($0, object, context) }
    }

    private func name(_ object: SandboxObject, _ context: DataContext) -> String {
        switch index {
        case XeroObjects.contacts: XeroText.contactName(context, object.number).name
        case XeroObjects.invoices: object.kind == "ACCPAY" ? "AP" : "INV-\(1000 + object.number)"
        default: ""
        }
    }

    private func isMet(_ condition: Condition, _ object: SandboxObject, _ context: DataContext) -> Bool {
        switch condition.value {
        case .number(let wanted):
            let own = condition.property == "date" ? object.created - object.created % 86_400 : object.updated / 1000
            switch condition.comparison {
            case "==": return own == wanted
            case "!=": return own != wanted
            case ">=": return own >= wanted
            case "<=": return own <= wanted
            case ">": return own > wanted
            default: return own < wanted
            }
        case .text(let wanted):
            let own =
                switch condition.property {
                case "type": object.kind
                case "contact.contactid":
                    object.owner.map { XeroObjects.id(XeroObjects.contacts, context, $0) } ?? ""
                case "name": name(object, context)
                default: object.status
                }
            return condition.comparison == "!=" ? own != wanted : own == wanted
        }
    }

    func sort(_ positions: inout [Int], _ objects: [SandboxObject], _ context: DataContext) {
        guard let order else { return }
        positions.sort { left, right in
            let (first, second) = order.isDescending ? (objects[right], objects[left]) : (objects[left], objects[right])
            switch order.property {
            case "updateddateutc": return (first.updated, first.number) < (second.updated, second.number)
            case "date": return (first.created, first.number) < (second.created, second.number)
            case "name", "invoicenumber": return name(first, context) < name(second, context)
            default: return first.id < second.id
            }
        }
    }
}

extension String {
    /// Without blanks at either end.
    func trimmed() -> String {
        let inner = utf8.drop { $0 == 32 }
        return String(decoding: inner.reversed().drop { $0 == 32 }.reversed(), as: UTF8.self)
    }

    /// `&&` as a separate word.
    fileprivate func replacingPairs() -> String {
        var text = ""
        var rest = self[...]
        while let range = rest.firstRange(of: "&&") {
            text += rest[..<range.lowerBound] + " AND "
            rest = rest[range.upperBound...]
        }
        return text + rest
    }
}
