// HTML as a type: text that comes from elsewhere is escaped, and only what is written in the source is markup. Knows no page.

/// A piece of HTML.
package struct HTML: Sendable, ExpressibleByStringInterpolation {
    package let markup: String

    package static let none = HTML(markup: "")

    private init(markup: String) { self.markup = markup }

    package init(stringLiteral markup: String) { self.markup = markup }

    package init(stringInterpolation: StringInterpolation) { markup = stringInterpolation.markup }

    /// A text, escaped.
    package init(text: String) { markup = Self.escaped(text) }

    /// Takes `markup` as it is; only for texts of this module, such as the stylesheet.
    package static func verbatim(_ markup: String) -> HTML { HTML(markup: markup) }

    /// The pieces one after the other.
    package init(_ pieces: [HTML]) { markup = pieces.map(\.markup).joined() }

    package var isEmpty: Bool { markup.isEmpty }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var markup = ""

        package init(literalCapacity: Int, interpolationCount: Int) { markup.reserveCapacity(literalCapacity) }

        package mutating func appendLiteral(_ literal: String) { markup += literal }
        package mutating func appendInterpolation(_ text: String) { markup += HTML.escaped(text) }
        package mutating func appendInterpolation(_ number: Int) { markup += String(number) }
        package mutating func appendInterpolation(_ piece: HTML) { markup += piece.markup }
        package mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { markup += piece.markup } }
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
