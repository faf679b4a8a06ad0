// HTML as a type: text that comes from elsewhere is escaped, and only what is written in the source is markup. Knows no page.

/// A piece of HTML.
struct HTML: Sendable, ExpressibleByStringInterpolation {
    let markup: String

    static let none = HTML(markup: "")

    private init(markup: String) { self.markup = markup }

    init(stringLiteral markup: String) { self.markup = markup }

    init(stringInterpolation: StringInterpolation) { markup = stringInterpolation.markup }

    /// A text, escaped.
    init(text: String) { markup = Self.escaped(text) }

    /// Takes `markup` as it is; only for texts of this module, such as the stylesheet.
    static func verbatim(_ markup: String) -> HTML { HTML(markup: markup) }

    /// The pieces one after the other.
    init(_ pieces: [HTML]) { markup = pieces.map(\.markup).joined() }

    var isEmpty: Bool { markup.isEmpty }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var markup = ""

        init(literalCapacity: Int, interpolationCount: Int) { markup.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { markup += literal }
        mutating func appendInterpolation(_ text: String) { markup += HTML.escaped(text) }
        mutating func appendInterpolation(_ number: Int) { markup += String(number) }
        mutating func appendInterpolation(_ piece: HTML) { markup += piece.markup }
        mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { markup += piece.markup } }
    }

    /// A text for element content and quoted attributes.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
