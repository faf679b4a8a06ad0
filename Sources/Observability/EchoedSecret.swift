// Finds a secret in what a peer sent back, in any form that a program gives to a text: escaped, encoded, or inside of something
// encoded. Pure.

import Cryptography
import Primitives

/// A secret that a request carried, as it can come back in the answer.
struct EchoedSecret {
    /// What to search for: the secret, and the part of every encoding of it that does not depend on what stands around it.
    private let forms: [Form]

    private struct Form {
        let bytes: [UInt8]
        /// Whether the case of letters does not matter: in hexadecimal.
        var ignoresCase = false
        /// Whether the form is within a longer word of Base64, which hides all of its content.
        var isBase64 = false
    }

    init(_ secret: String) {
        let plain = Array(secret.utf8)
        var forms = [Form(bytes: plain), Form(bytes: Hex.digits(plain), ignoresCase: true)]
        // RFC 6749 section 2.3.1 encodes client id and secret before Base64.
        let encoded = Array(PercentEncoding.encode(secret).utf8)
        for bytes in encoded == plain ? [plain] : [plain, encoded] {
            for offset in 0..<3 {
                let core = Self.base64Core(bytes, offset: offset)
                forms.append(Form(bytes: core, isBase64: true))
                let urlCore = core.map { byte -> UInt8 in
                    byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
                }
                if urlCore != core { forms.append(Form(bytes: urlCore, isBase64: true)) }
            }
        }
        self.forms = forms
    }

    /// The digits of Base64 that `bytes` alone decide when `offset` bytes stand before them in a group of three.
    private static func base64Core(_ bytes: [UInt8], offset: Int) -> [UInt8] {
        let digits = Array(Base64.encode([UInt8](repeating: 0, count: offset) + bytes).utf8)
        let first = (offset * 8 + 5) / 6
        let end = (offset + bytes.count) * 8 / 6
        return Array(digits[first..<end])
    }

    /// `text` with `…` for every occurrence, and for the beginning of one at the end of the text.
    func removed(from text: [UInt8]) -> [UInt8] {
        forms.reduce(text) { text, form in Self.removed(form, from: text) }
    }

    private static func removed(_ form: Form, from text: [UInt8]) -> [UInt8] {
        var left: [UInt8] = []
        var index = 0
        while index < text.count {
            guard var end = end(of: form, in: text, at: index) else {
                left.append(text[index])
                index += 1
                continue
            }
            if form.isBase64 {
                while let last = left.last, isBase64(last), last != UInt8(ascii: "=") { left.removeLast() }
                while end < text.count {
                    // The padding can be percent-encoded.
                    let isEncoded = text[end] == UInt8(ascii: "%") && number(text, end + 1, digits: 2) != nil
                    guard isEncoded || isBase64(text[end]) else { break }
                    end += isEncoded ? 3 : 1
                }
            }
            left += Array("…".utf8)
            index = end
        }
        return left
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || "+/-_=".utf8.contains(byte)
    }

    /// The end of the form at `start`; nil when something else is there.
    private static func end(of form: Form, in text: [UInt8], at start: Int) -> Int? {
        // A text can be read in several ways: `%25` is a percent sign, and three characters.
        var ways = [Way(matched: 0, at: start)]
        var seen: Set<Way> = []
        while let way = ways.popLast() {
            if way.matched == form.bytes.count { return way.at }
            // What is cut off at the end of the text is still most of a secret.
            guard way.at < text.count else {
                if way.matched >= Redaction.secretBytesMin { return way.at }
                continue
            }
            let next = steps(form, way, text)
            if next.count > 1 || !ways.isEmpty, !seen.insert(way).inserted { continue }
            ways += next
        }
        return nil
    }

    /// How much of a form has been read up to a place in a text.
    private struct Way: Hashable {
        let matched: Int
        let at: Int
    }

    /// The ways to go on by one character of the form, in any notation.
    private static func steps(_ form: Form, _ way: Way, _ text: [UInt8]) -> [Way] {
        let (wanted, found) = (form.bytes[way.matched], text[way.at])
        let isSame = found == wanted || form.ignoresCase && ASCII.lowercased(found) == wanted
        guard isSame || "%\\&+".utf8.contains(found) else { return [] }
        var steps =
            isSame || found == UInt8(ascii: "+") && wanted == 0x20
            ? [Way(matched: way.matched + 1, at: way.at + 1)] : []
        for (character, end) in notations(text, way.at) where form.bytes[way.matched...].starts(with: character) {
            steps.append(Way(matched: way.matched + character.count, at: end))
        }
        return steps
    }

    /// What an escape at `at` can stand for, each with its end.
    private static func notations(_ text: [UInt8], _ at: Int) -> [([UInt8], Int)] {
        switch text[at] {
        case UInt8(ascii: "%"): percent(text, at)
        case UInt8(ascii: "\\"): backslash(text, at)
        case UInt8(ascii: "&"): [entity(text, at)].compactMap(\.self)
        default: []
        }
    }

    /// `%41`, and `%2541` when the percent sign is encoded again.
    private static func percent(_ text: [UInt8], _ at: Int) -> [([UInt8], Int)] {
        var found: [([UInt8], Int)] = []
        var at = at + 1
        while let value = number(text, at, digits: 2) {
            found.append(([UInt8(value)], at + 2))
            guard value == 0x25 else { break }
            at += 2
        }
        return found
    }

    /// `\u0041`, `\x41`, `\/`, `\n`, `\\`; the backslash can be escaped again.
    private static func backslash(_ text: [UInt8], _ at: Int) -> [([UInt8], Int)] {
        let run = text[at...].prefix { $0 == UInt8(ascii: "\\") }
        var found = [2, 4].filter { run.count >= $0 }.map { ([UInt8(ascii: "\\")], at + $0) }
        if let escaped = escaped(text, run.endIndex) { found.append(escaped) }
        return found
    }

    /// What the character at `at` stands for behind a backslash, and its end.
    private static func escaped(_ text: [UInt8], _ at: Int) -> ([UInt8], Int)? {
        guard at < text.count else { return nil }
        switch text[at] {
        case UInt8(ascii: "u"):
            guard let unit = number(text, at + 1, digits: 4) else { return nil }
            guard 0xD800...0xDBFF ~= unit else { return character(unit, at + 5) }
            // The other half of a character beyond the first 65,536.
            let next = at + 5 + text[(at + 5)...].prefix { $0 == UInt8(ascii: "\\") }.count
            guard next < text.count, text[next] == UInt8(ascii: "u"), let low = number(text, next + 1, digits: 4),
                0xDC00...0xDFFF ~= low
            else { return nil }
            return character(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), next + 5)
        case UInt8(ascii: "x"): return number(text, at + 1, digits: 2).flatMap { character($0, at + 3) }
        case UInt8(ascii: "b"): return ([0x08], at + 1)
        case UInt8(ascii: "t"): return ([0x09], at + 1)
        case UInt8(ascii: "n"): return ([0x0A], at + 1)
        case UInt8(ascii: "f"): return ([0x0C], at + 1)
        case UInt8(ascii: "r"): return ([0x0D], at + 1)
        default: return ([text[at]], at + 1)
        }
    }

    private static let entities: [(name: String, byte: UInt8)] = [
        ("amp", UInt8(ascii: "&")), ("lt", UInt8(ascii: "<")), ("gt", UInt8(ascii: ">")), ("quot", UInt8(ascii: "\"")),
        ("apos", UInt8(ascii: "'")), ("nbsp", 0x20), ("plus", UInt8(ascii: "+")), ("equals", UInt8(ascii: "=")),
        ("sol", UInt8(ascii: "/")), ("lowbar", UInt8(ascii: "_")), ("period", UInt8(ascii: ".")),
        ("colon", UInt8(ascii: ":")),
    ]

    /// `&amp;`, `&#65;`, `&#x41;`; the ampersand can be escaped again, as `&amp;#65;`.
    private static func entity(_ text: [UInt8], _ at: Int) -> ([UInt8], Int)? {
        var at = at + 1
        while text[at...].starts(with: "amp;#".utf8) { at += 4 }
        guard let semicolon = text[at...].prefix(10).firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let name = text[at..<semicolon]
        if name.first == UInt8(ascii: "#") {
            let digits = String(decoding: name.dropFirst(), as: UTF8.self)
            let code =
                digits.first == "x" || digits.first == "X" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return code.flatMap { character($0, semicolon + 1) }
        }
        return entities.first { name.elementsEqual($0.name.utf8) }.map { ([$0.byte], semicolon + 1) }
    }

    private static func number(_ text: [UInt8], _ at: Int, digits: Int) -> UInt32? {
        guard at + digits <= text.count else { return nil }
        var number: UInt32 = 0
        for byte in text[at..<(at + digits)] {
            guard let digit = Hex.value(of: byte) else { return nil }
            number = number << 4 | UInt32(digit)
        }
        return number
    }

    private static func character(_ code: UInt32, _ end: Int) -> ([UInt8], Int)? {
        Unicode.Scalar(code).map { (Array(String($0).utf8), end) }
    }
}
