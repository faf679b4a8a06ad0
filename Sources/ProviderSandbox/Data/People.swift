// Invented people, companies and addresses. Some hold what careless code breaks on: quotes, ampersands, accents, other
// scripts.

enum People {
    static let given = [
        "Ada", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Grace", "Héctor", "Ines", "Jürgen", "Kofi", "Łucja",
        "Mei", "Nadia", "Oisín", "Priya", "Quentin", "Rosa", "Søren", "Tomás", "Uma", "Valentina", "Wen", "Zoë",
    ]
    static let family = [
        "Abara", "Brandt", "Castillo", "D'Angelo", "Eriksen", "Fujita", "García", "Horváth", "Iyer", "Jansen",
        "Kowalska", "Lindqvist", "Moreau", "Nguyễn", "O'Brien", "Petrov", "Quispe", "Rossi", "Şahin", "Tanaka",
        "Ueda", "Varga", "Williams", "Zhang",
    ]
    private static let companyStart = [
        "Alder", "Bluefin", "Cobalt", "Driftwood", "Ember", "Fjord", "Granite", "Harbour", "Indigo", "Juniper",
    ]
    private static let companyEnd = [
        "Analytics", "& Sons", "Bakery", "Café", "Consulting", "Design \"Studio\"", "Films", "Labs", "Logistics",
        "商事",
    ]
    static let cities: [(city: String, state: String?, code: String, country: String)] = [
        ("Lisboa", nil, "1100-148", "PT"), ("Portland", "OR", "97205", "US"), ("München", "BY", "80331", "DE"),
        ("大阪市", "大阪府", "530-0001", "JP"), ("Kuwait City", nil, "13001", "KW"), ("Leeds", nil, "LS1 4AP", "GB"),
    ]
    private static let streets = ["Harbour Road", "Rua do Alecrim", "Lindenstraße", "Mill Lane", "Canal Street"]

    static func name(_ random: inout SeededRandom) -> (given: String, family: String) {
        (random.pick(given), random.pick(family))
    }

    static func company(_ random: inout SeededRandom) -> String {
        random.pick(companyStart) + " " + random.pick(companyEnd)
    }

    static func street(_ random: inout SeededRandom) -> String { "\(random.within(1...240)) \(random.pick(streets))" }

    /// An address under a domain that cannot exist (RFC 2606).
    static func email(_ number: Int, _ word: String = "person") -> String { "\(word)\(number)@example.com" }

    static func phone(_ random: inout SeededRandom) -> String { "+1555\(String(1_000_000 + random.below(9_000_000)))" }
}
