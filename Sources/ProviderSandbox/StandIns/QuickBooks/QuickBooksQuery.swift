// A parser of the part of QuickBooks' query language that connectors use: a statement in, a value or an error out.

import ProviderSDK

/// One statement.
struct QuickBooksQuery: Sendable, Equatable {
    enum Comparison: String, Sendable {
        case equal = "=", less = "<", lessOrEqual = "<=", more = ">", moreOrEqual = ">=", like, oneOf
    }

    struct Condition: Sendable, Equatable {
        /// In lower case: names are not case-sensitive.
        let property: String
        let comparison: Comparison
        let values: [String]
    }

    struct Order: Sendable, Equatable {
        let property: String
        let isDescending: Bool
    }

    var entity = ""
    var isCount = false
    var conditions: [Condition] = []
    var orders: [Order] = []
    var startPosition = 1
    var maxResults = QuickBooksQuery.resultsDefault

    static let resultsDefault = 100
    static let resultsMax = 1000

    /// Reads a statement; throws the detail of a 4000 or 4001 fault.
    init(_ text: String) throws(QuickBooksFault) {
        var reader = QuickBooksTokens(text)
        try reader.expect("select")
        try readColumns(&reader)
        try reader.expect("from")
        entity = try reader.name()
        if reader.take("where") { try readConditions(&reader) }
        let isOrdered = reader.take("orderby") || reader.take("order", "by")
        if isOrdered { try readOrders(&reader) }
        if reader.take("startposition") { startPosition = try reader.position(1...Int.max) }
        if reader.take("maxresults") { maxResults = try reader.position(1...Self.resultsMax) }
        guard reader.isAtEnd else { throw .parser("unexpected \"\(reader.rest)\"") }
    }

    private mutating func readColumns(_ reader: inout QuickBooksTokens) throws(QuickBooksFault) {
        if reader.take("count") {
            try reader.expect("(")
            try reader.expect("*")
            try reader.expect(")")
            isCount = true
            return
        }
        if reader.take("*") { return }
        repeat { _ = try reader.name() } while reader.take(",")
    }

    private mutating func readConditions(_ reader: inout QuickBooksTokens) throws(QuickBooksFault) {
        repeat {
            let property = try reader.name().lowercased()
            if reader.take("in") {
                try reader.expect("(")
                var values: [String] = []
                repeat { values.append(try reader.value()) } while reader.take(",")
                try reader.expect(")")
                conditions.append(Condition(property: property, comparison: .oneOf, values: values))
            } else if reader.take("like") {
                conditions.append(Condition(property: property, comparison: .like, values: [try reader.value()]))
            } else {
                let comparison = try reader.comparison()
                conditions.append(Condition(property: property, comparison: comparison, values: [try reader.value()]))
            }
        } while reader.take("and")
    }

    private mutating func readOrders(_ reader: inout QuickBooksTokens) throws(QuickBooksFault) {
        repeat {
            let property = try reader.name().lowercased()
            let isDescending = reader.take("desc")
            if !isDescending { _ = reader.take("asc") }
            orders.append(Order(property: property, isDescending: isDescending))
        } while reader.take(",")
    }
}

/// The words, numbers, texts and signs of a statement.
struct QuickBooksTokens {
    private enum Token: Equatable {
        case word(String)
        case text(String)
        case sign(String)
    }

    private var tokens: [Token] = []
    private var at = 0

    init(_ statement: String) {
        let bytes = Array(statement.utf8)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case 9, 10, 13, 32: at += 1
            case UInt8(ascii: "'"):
                var text: [UInt8] = []
                at += 1
                while at < bytes.count, bytes[at] != UInt8(ascii: "'") {
                    // A backslash escapes a quote.
                    if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count { at += 1 }
                    text.append(bytes[at])
                    at += 1
                }
                tokens.append(at < bytes.count ? .text(String(decoding: text, as: UTF8.self)) : .sign("'"))
                at += 1
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "="):
                let isPair = at + 1 < bytes.count && byte != UInt8(ascii: "=") && bytes[at + 1] == UInt8(ascii: "=")
                tokens.append(.sign(String(decoding: bytes[at..<(at + (isPair ? 2 : 1))], as: UTF8.self)))
                at += isPair ? 2 : 1
            default:
                var end = at
                while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
                if end > at {
                    tokens.append(.word(String(decoding: bytes[at..<end], as: UTF8.self)))
                } else {
                    end = at + 1
                    tokens.append(.sign(String(decoding: bytes[at..<end], as: UTF8.self)))
                }
                at = end
            }
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        48...57 ~= byte || 65...90 ~= byte || 97...122 ~= byte || byte == 46 || byte == 95 || byte == 45
    }

    var isAtEnd: Bool { at == tokens.count }

    /// What comes next, for an error.
    var rest: String {
        guard at < tokens.count else { return "end of statement" }
        switch tokens[at] {
        case .word(let text), .text(let text), .sign(let text): return text
        }
    }

    /// Takes the words or signs if they come next; words in any case.
    mutating func take(_ words: String...) -> Bool {
        guard at + words.count <= tokens.count else { return false }
        for (offset, word) in words.enumerated() {
            switch tokens[at + offset] {
            case .word(let text) where text.lowercased() == word: break
            case .sign(word): break
            default: return false
            }
        }
        at += words.count
        return true
    }

    mutating func expect(_ word: String) throws(QuickBooksFault) {
        guard take(word) else { throw .parser("expected \"\(word)\" before \"\(rest)\"") }
    }

    mutating func name() throws(QuickBooksFault) -> String {
        guard at < tokens.count, case .word(let text) = tokens[at] else {
            throw .parser("a name is missing before \"\(rest)\"")
        }
        at += 1
        return text
    }

    /// A quoted text, a number, true or false.
    mutating func value() throws(QuickBooksFault) -> String {
        guard at < tokens.count else { throw .parser("a value is missing") }
        switch tokens[at] {
        case .text(let text), .word(let text):
            at += 1
            return text
        case .sign: throw .parser("a value is missing before \"\(rest)\"")
        }
    }

    mutating func comparison() throws(QuickBooksFault) -> QuickBooksQuery.Comparison {
        guard at < tokens.count, case .sign(let sign) = tokens[at],
            let comparison = QuickBooksQuery.Comparison(rawValue: sign)
        else { throw .parser("a comparison is missing before \"\(rest)\"") }
        at += 1
        return comparison
    }

    mutating func position(_ range: ClosedRange<Int>) throws(QuickBooksFault) -> Int {
        let text = try name()
        guard let number = Decimal.parse(text) else { throw .parser("\"\(text)\" is no number") }
        guard number >= range.lowerBound else {
            throw .validation("value \(number) is too small. Min allowed value is \(range.lowerBound)")
        }
        guard number <= range.upperBound else {
            throw .validation("value \(number) is too large. Max allowed value is \(range.upperBound)")
        }
        return number
    }
}
