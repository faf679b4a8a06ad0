// Control commands as values, read from JSON. An unknown key is refused, because a misspelt fault that never strikes would make a
// test pass.

import ProviderSDK

/// Why a control command was refused.
enum ControlFault: Error, Sendable {
    case malformed(String)
    case notFound(String)

    var status: UInt16 {
        switch self {
        case .malformed: 400
        case .notFound: 404
        }
    }

    var sentence: String {
        switch self {
        case .malformed(let sentence), .notFound(let sentence): sentence
        }
    }
}

/// Creates, changes or deletes objects of one type.
struct DataCommand: Sendable {
    enum Action: String, Sendable { case create, update, delete }

    let type: String
    let account: Int
    let action: Action
    let ids: [String]
    let count: Int
    let status: String?
    let currency: String?
    let amount: Int?
    let owner: Int?

    /// Sets what the command says; false where it says nothing.
    @discardableResult
    func adjust(_ object: inout SandboxObject) -> Bool {
        if let status { object.status = status }
        if let currency { object.currency = currency }
        if let amount { object.amount = amount }
        if let owner { object.owner = owner }
        return status != nil || currency != nil || amount != nil || owner != nil
    }
}

/// Typed reading of a command's members.
struct CommandReader {
    private let members: [(key: String, value: JSONValue)]

    init(_ body: [UInt8], allowed: Set<String>) throws(ControlFault) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(body) } catch { throw .malformed("\(error)") }
        try self.init(value, allowed: allowed)
    }

    init(_ value: JSONValue, allowed: Set<String>) throws(ControlFault) {
        guard let members = value.members else { throw .malformed("A JSON object is expected.") }
        for member in members where !allowed.contains(member.key) {
            throw .malformed(
                "There is no key \"\(member.key)\"; there are \(allowed.sorted().joined(separator: ", ")).")
        }
        self.members = members
    }

    func value(_ key: String) -> JSONValue? {
        members.first { $0.key == key && !$0.value.isNull }?.value
    }

    func text(_ key: String) throws(ControlFault) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw .malformed("\"\(key)\" has to be a string.") }
        return text
    }

    func integer(_ key: String, _ range: ClosedRange<Int>) throws(ControlFault) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = value.integer, range.contains(Int(number)) else {
            throw .malformed("\"\(key)\" has to be an integer from \(range.lowerBound) to \(range.upperBound).")
        }
        return Int(number)
    }

    func boolean(_ key: String) throws(ControlFault) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let boolean = value.boolean else { throw .malformed("\"\(key)\" has to be true or false.") }
        return boolean
    }

    func texts(_ key: String) throws(ControlFault) -> [String]? {
        guard let value = value(key) else { return nil }
        guard let array = value.array else { throw .malformed("\"\(key)\" has to be an array of strings.") }
        let texts = array.compactMap(\.string)
        guard texts.count == array.count else { throw .malformed("\"\(key)\" has to be an array of strings.") }
        return texts
    }
}

extension DataCommand {
    init(_ reader: CommandReader) throws(ControlFault) {
        guard let type = try reader.text("type") else { throw .malformed("\"type\" is missing.") }
        guard let action = try reader.text("action").flatMap(Action.init) else {
            throw .malformed("\"action\" has to be create, update or delete.")
        }
        let single = try reader.text("id")
        let several = try reader.texts("ids") ?? []
        self.type = type
        self.action = action
        ids = (single.map { [$0] } ?? []) + several
        account = try reader.integer("account", 0...SandboxLimits.accountsMax) ?? 0
        count = try reader.integer("count", 1...SandboxLimits.objectsPerCommandMax) ?? 1
        let set = try CommandReader(
            reader.value("set") ?? .object([]), allowed: ["status", "currency", "amount", "owner"])
        status = try set.text("status")
        currency = try set.text("currency")?.uppercased()
        amount = try set.integer("amount", -1_000_000_000_000...1_000_000_000_000)
        owner = try set.integer("owner", 0...SandboxLimits.objectsPerTypeMax)
    }

    static let keys: Set<String> = ["provider", "type", "action", "id", "ids", "account", "count", "set"]
}

extension Fault {
    static let keys: Set<String> = [
        "provider", "match", "count", "skip", "status", "headers", "body", "after-processing", "drop",
        "drop-after-processing", "delay-ms", "truncate", "garbage", "redirect", "huge-body",
    ]

    init(_ reader: CommandReader, number: Int) throws(ControlFault) {
        self.number = number
        provider = try reader.text("provider")
        target = Self.target(try reader.text("match"))
        remaining = try reader.integer("count", 1...1_000_000) ?? 1
        skip = try reader.integer("skip", 0...1_000_000) ?? 0
        delayMilliseconds = try reader.integer("delay-ms", 0...SandboxLimits.delayMillisecondsMax) ?? 0
        let effects = try Self.effects(reader)
        guard effects.count <= 1 else { throw .malformed("A fault has one effect besides its delay.") }
        effect = effects.first ?? .none
        guard !effects.isEmpty || delayMilliseconds > 0 else { throw .malformed("The fault has no effect.") }
        let isAfter = try reader.boolean("after-processing") ?? false
        let isDropAfter = try reader.boolean("drop-after-processing") ?? false
        switch effect {
        case .none, .truncate: isProcessed = true
        default: isProcessed = isAfter || isDropAfter
        }
    }

    private static func target(_ text: String?) -> Target {
        guard let text, !text.isEmpty else { return .any }
        return RouteKind(rawValue: text).map { .kind($0) } ?? .path(prefix: text)
    }

    private static func effects(_ reader: CommandReader) throws(ControlFault) -> [Effect] {
        var effects: [Effect] = []
        if let status = try reader.integer("status", 200...599) {
            var headers: [(name: String, value: String)] = []
            for member in reader.value("headers")?.members ?? [] {
                guard let value = member.value.string else { throw .malformed("\"headers\" has to hold strings.") }
                headers.append((member.key, value))
            }
            effects.append(.status(UInt16(status), headers: headers, body: try reader.text("body")))
        }
        let isDrop = try reader.boolean("drop") ?? false
        let isDropAfter = try reader.boolean("drop-after-processing") ?? false
        if isDrop || isDropAfter { effects.append(.drop) }
        if let value = reader.value("truncate") {
            if value.boolean == nil {
                effects.append(.truncate(bytes: try reader.integer("truncate", 0...SandboxLimits.hugeBodyBytesMax)))
            } else if value.boolean == true {
                effects.append(.truncate(bytes: nil))
            }
        }
        if try reader.boolean("garbage") == true { effects.append(.garbage) }
        if let location = try reader.text("redirect") { effects.append(.redirect(location: location)) }
        if let value = reader.value("huge-body") {
            if value.boolean == nil {
                let bytes = try reader.integer("huge-body", 2...SandboxLimits.hugeBodyBytesMax)
                effects.append(.hugeBody(bytes: bytes ?? SandboxLimits.hugeBodyBytes))
            } else if value.boolean == true {
                effects.append(.hugeBody(bytes: SandboxLimits.hugeBodyBytes))
            }
        }
        return effects
    }
}
