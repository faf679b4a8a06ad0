// One object of a stand-in: what differs between objects and what filters, totals and changes need. Everything else of
// it is drawn from its number when it is written out.

import ProviderSDK

struct SandboxObject: Sendable {
    /// Its place among the objects of its type, the oldest first.
    let number: Int
    /// The provider's id.
    let id: String
    /// Seconds since 1970.
    let created: Int64
    /// Milliseconds since 1970.
    var updated: Int64
    var status = ""
    /// What it is among the objects of its type: SPEND or RECEIVE; empty where they are all alike.
    var kind = ""
    /// ISO 4217 in upper case; empty where there is no money.
    var currency = ""
    /// Minor units, as the provider's totals count them; nil where there is no amount.
    var amount: Int?
    /// The number of the object it belongs to: a customer, a channel.
    var owner: Int?
    /// The number of the parent object of the same type, such as a reply's message.
    var parent: Int?
    /// How often it was changed.
    var revision = 0
    var isDeleted = false
}

/// What all objects of one account have in common.
struct DataContext: Sendable {
    let seed: UInt64
    let account: Int
    /// The account's id at the provider.
    let accountID: String
    /// The end of the generated past, in seconds since 1970.
    let start: Int64

    func draw(_ type: String, _ number: Int, salt: UInt64 = 0) -> SeededRandom {
        SeededRandom(seed: seed, account: account, type: type, number: number, salt: salt)
    }
}

/// One type of object: how it is made, written out and changed.
struct ObjectType: Sendable {
    /// The name that the host's data types and control commands have for it.
    let name: String
    let defaultCount: Int
    /// The object of this number, created at this second.
    let make: @Sendable (DataContext, _ number: Int, _ created: Int64) -> SandboxObject
    /// The object as the provider writes it.
    let render: @Sendable (DataContext, SandboxObject) -> [UInt8]
    /// What a data command without further instructions changes.
    let change: @Sendable (DataContext, inout SandboxObject) -> Void
    /// What follows from a change: an invoice made void owes nothing.
    let settle: @Sendable (inout SandboxObject) -> Void
    /// What a deletion does where the provider keeps the object; nil where the object goes.
    let retire: (@Sendable (inout SandboxObject) -> Void)?

    init(
        _ name: String, count: Int,
        make: @escaping @Sendable (DataContext, _ number: Int, _ created: Int64) -> SandboxObject,
        render: @escaping @Sendable (DataContext, SandboxObject) -> [UInt8],
        change: @escaping @Sendable (DataContext, inout SandboxObject) -> Void,
        settle: @escaping @Sendable (inout SandboxObject) -> Void = { _ in },
        retire: (@Sendable (inout SandboxObject) -> Void)? = nil
    ) {
        self.name = name
        defaultCount = count
        self.make = make
        self.render = render
        self.change = change
        self.settle = settle
        self.retire = retire
    }

    /// A type whose objects have nothing but an id that filters or totals could look at, and that change in what is drawn alone.
    init(
        _ name: String, count: Int, id: @escaping @Sendable (DataContext, _ number: Int) -> String,
        text: @escaping @Sendable (DataContext, SandboxObject) -> [(key: String, value: JSONValue)]
    ) {
        self.init(
            name, count: count,
            make: { context, number, created in
                SandboxObject(
                    number: number, id: id(context, number), created: created, updated: created * 1000)
            }, render: { JSONValue.object(text($0, $1)).serialized }, change: { _, _ in })
    }
}

/// Something that happened to an object, with the object as it was then.
struct ObjectChange: Sendable {
    enum Kind: String, Sendable { case created, updated, deleted }

    let number: Int
    let kind: Kind
    /// The type's place in the data set.
    let type: Int
    /// Milliseconds since 1970.
    let time: Int64
    let object: SandboxObject
}
