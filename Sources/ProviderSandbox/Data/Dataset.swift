// All objects of a provider's accounts: made when first asked for, changed by control commands, with a log of what
// changed.

import ProviderSDK
import Synchronization

/// What control commands can do with a stand-in's objects.
protocol SandboxData: Sendable {
    var typeNames: [String] { get }
    func totals(_ type: String, account: Int) throws(ControlFault) -> ObjectTotals
    func apply(_ command: DataCommand) throws(ControlFault) -> [String]
}

/// How many objects there are and what they sum up to.
struct ObjectTotals: Sendable {
    var count = 0
    var deleted = 0
    /// Major units by currency.
    var amounts: [String: ExactDecimal] = [:]
    var statuses: [String: Int] = [:]
    var ids: [String] = []
    /// The same for each kind of object, where they have kinds.
    var kinds: [String: ObjectTotals] = [:]
}

/// The objects of one account.
struct AccountData: Sendable {
    let context: DataContext
    let types: [ObjectType]
    private let counts: [Int]
    private let spanSeconds: Int64
    private var tables: [ObjectTable?]
    private var log: [ObjectChange]?
    private let historySeconds: Int64

    init(_ context: DataContext, _ types: [ObjectType], counts: [Int], spanSeconds: Int64, historySeconds: Int64) {
        self.context = context
        self.types = types
        self.counts = counts
        self.spanSeconds = spanSeconds
        self.historySeconds = historySeconds
        tables = types.map { _ in nil }
    }

    /// Calls `body` with the table of the type at `index`.
    mutating func withTable<Result>(_ index: Int, _ body: (inout ObjectTable, ObjectType, DataContext) -> Result)
        -> Result
    {
        var table =
            tables[index].take()
            ?? ObjectTable(types[index], context, count: counts[index], spanSeconds: spanSeconds)
        defer { tables[index] = table }
        return body(&table, types[index], context)
    }

    /// What happened, the oldest first: the end of the generated past, then every command.
    mutating func changes() -> [ObjectChange] {
        if let log { return log }
        var made: [ObjectChange] = []
        let first = context.start - historySeconds
        for index in types.indices {
            withTable(index) { table, _, _ in
                for object in table.objects {
                    if object.created >= first {
                        made.append(
                            ObjectChange(
                                number: 0, kind: .created, type: index, time: object.created * 1000, object: object))
                    }
                    if object.updated / 1000 > object.created, object.updated / 1000 >= first {
                        made.append(
                            ObjectChange(number: 0, kind: .updated, type: index, time: object.updated, object: object))
                    }
                }
            }
        }
        made.sort { ($0.time, $0.type, $0.object.number) < ($1.time, $1.type, $1.object.number) }
        let numbered = made.enumerated().map { number, change in
            ObjectChange(
                number: number, kind: change.kind, type: change.type, time: change.time, object: change.object)
        }
        log = numbered
        return numbered
    }

    private mutating func record(_ kind: ObjectChange.Kind, _ type: Int, _ object: SandboxObject, _ now: Int64) {
        let number = changes().count
        log?.append(ObjectChange(number: number, kind: kind, type: type, time: now, object: object))
    }

    /// Carries out a command and returns the ids of the objects concerned.
    mutating func apply(_ command: DataCommand, _ index: Int, now: Int64) throws(ControlFault) -> [String] {
        // The log has to know the past before the first change.
        _ = changes()
        switch command.action {
        case .create:
            let made = withTable(index) { table, type, context in
                (0..<command.count).map { _ in
                    var object = type.make(context, table.objects.count, now / 1000)
                    object.updated = now
                    command.adjust(&object)
                    type.settle(&object)
                    table.append(object)
                    return object
                }
            }
            for object in made { record(.created, index, object, now) }
            return made.map(\.id)
        case .update, .delete:
            let isDeletion = command.action == .delete
            let changed = try select(command, index).map { position in
                withTable(index) { table, type, context in
                    var object = table.objects[position]
                    object.revision += 1
                    object.updated = max(now, object.updated + 1)
                    if isDeletion {
                        if let retire = type.retire { retire(&object) } else { object.isDeleted = true }
                    } else if !command.adjust(&object) {
                        type.change(context, &object)
                    }
                    type.settle(&object)
                    table.replace(object, at: position)
                    return object
                }
            }
            for object in changed { record(object.isDeleted ? .deleted : .updated, index, object, now) }
            return changed.map(\.id)
        }
    }

    /// The positions of the objects that a command names, or of as many as it asks for, spread over all live ones.
    private mutating func select(_ command: DataCommand, _ index: Int) throws(ControlFault) -> [Int] {
        let ids = command.ids
        let count = command.count
        let selected: [Int]? = withTable(index) { table, _, _ in
            if !ids.isEmpty {
                let positions = ids.compactMap { id in table[id] == nil ? nil : table.position(of: id) }
                return positions.count == ids.count ? positions : nil
            }
            let live = table.objects.indices.filter { !table.objects[$0].isDeleted }
            guard live.count >= count else { return nil }
            return (0..<count).map { live[$0 * live.count / count] }
        }
        guard let selected else { throw .notFound("There are not as many live objects, or not all ids exist.") }
        return selected
    }

    mutating func totals(_ index: Int, places: (String) -> Int) -> ObjectTotals {
        withTable(index) { table, _, _ in
            var totals = Self.totals(table.objects, places: places)
            let kinds = Set(table.objects.map(\.kind)).subtracting([""])
            for kind in kinds {
                totals.kinds[kind] = Self.totals(table.objects.filter { $0.kind == kind }, places: places)
            }
            return totals
        }
    }

    private static func totals(_ objects: [SandboxObject], places: (String) -> Int) -> ObjectTotals {
        var totals = ObjectTotals()
        var sums: [String: Int] = [:]
        for object in objects {
            if object.isDeleted {
                totals.deleted += 1
                continue
            }
            totals.count += 1
            if !object.status.isEmpty { totals.statuses[object.status, default: 0] += 1 }
            totals.ids.append(object.id)
            if !object.currency.isEmpty, let amount = object.amount { sums[object.currency, default: 0] += amount }
        }
        for (currency, sum) in sums {
            totals.amounts[currency] = ExactDecimal(coefficient: Int128(sum), places: places(currency))
        }
        return totals
    }
}

/// The objects of all accounts of one stand-in.
final class Dataset: SandboxData {
    let types: [ObjectType]
    private let make: @Sendable (Int) -> AccountData
    /// Whose objects they are.
    let accounts: [SandboxAccount]
    private let clock: SandboxClock
    private let exponents: CurrencyExponents
    private let objects = Mutex<[Int: AccountData]>([:])

    init(
        _ environment: SandboxEnvironment, name: String, types: [ObjectType], accounts: [SandboxAccount],
        exponents: CurrencyExponents = .iso4217, spanSeconds: Int64 = 730 * 86_400, historySeconds: Int64 = 30 * 86_400
    ) {
        self.types = types
        self.exponents = exponents
        clock = environment.clock
        self.accounts = accounts
        let counts = types.map { type in
            min(
                max(0, environment.configuration.objectCounts["\(name)/\(type.name)"] ?? type.defaultCount),
                SandboxLimits.objectsPerTypeMax)
        }
        let seed = environment.configuration.seed
        let start = environment.start
        make = { account in
            AccountData(
                DataContext(seed: seed, account: account, accountID: accounts[account].id, start: start), types,
                counts: counts, spanSeconds: spanSeconds, historySeconds: historySeconds)
        }
    }

    var typeNames: [String] { types.map(\.name) }

    /// Calls `body` with the objects of an account.
    func withAccount<Result, Failure: Error>(
        _ account: Int, _ body: (inout AccountData) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try objects.withLock { objects throws(Failure) in
            try body(&objects[account, default: make(account)])
        }
    }

    /// Calls `body` with one type's objects of an account.
    func withTable<Result>(
        _ account: Int, _ index: Int, _ body: (inout ObjectTable, ObjectType, DataContext) -> Result
    ) -> Result {
        withAccount(account) { $0.withTable(index, body) }
    }

    private func index(_ type: String, account: Int) throws(ControlFault) -> Int {
        guard let index = types.firstIndex(where: { $0.name == type }) else {
            throw .notFound("There is no such type; there are \(typeNames.joined(separator: ", ")).")
        }
        guard accounts.indices ~= account else { throw .notFound("There are \(accounts.count) accounts.") }
        return index
    }

    func totals(_ type: String, account: Int) throws(ControlFault) -> ObjectTotals {
        let index = try index(type, account: account)
        return withAccount(account) { $0.totals(index) { exponents.places(of: $0) } }
    }

    func apply(_ command: DataCommand) throws(ControlFault) -> [String] {
        let index = try index(command.type, account: command.account)
        let now = clock.milliseconds
        return try withAccount(command.account) { data throws(ControlFault) in
            try data.apply(command, index, now: now)
        }
    }
}
