// Makes provider text safe to store, log and show: bounded, printable, and without anything that could be a secret. Pure.

import Cryptography
import Primitives
package import ProviderSDK

/// Removes from texts what may not be shown.
package enum Redaction {
    /// Bytes of a provider's code that are shown.
    static let codeBytesMax = 64
    /// Bytes of a text that are shown.
    static let textBytesMax = 240
    /// The length in letters and digits from which a piece that contains digits counts as a secret.
    static let runBytesMax = 16
    /// The length in bytes from which a known secret is searched for: a shorter one is part of ordinary words.
    static let secretBytesMin = 6

    /// A provider's error code; nil when it does not look like one.
    package static func code(_ code: String?) -> String? {
        guard let code, !code.isEmpty, code.utf8.count <= codeBytesMax,
            code.utf8.allSatisfy({ isWord($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: " ") })
        else { return nil }
        return pieces(of: code).contains(where: isSecret) ? nil : code
    }

    /// A sentence with everything that could be a secret replaced by `…`.
    package static func text(_ text: String) -> String {
        var shown = ""
        for piece in pieces(of: text) {
            shown +=
                isSecret(piece)
                ? "…" : String(decoding: piece.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
        }
        guard shown.utf8.count > textBytesMax else { return shown }
        return String(shown.prefix(textBytesMax)) + "…"
    }

    /// `text` without `secrets`, in any of the forms in which a provider may send them back, whole or cut off at the end.
    package static func text(_ text: String, without secrets: [String]) -> String {
        var shown = Array(text.utf8)
        for secret in secrets + secrets.flatMap(basicPair) where secret.utf8.count >= secretBytesMin {
            shown = EchoedSecret(secret).removed(from: shown)
        }
        return Self.text(String(decoding: shown, as: UTF8.self))
    }

    /// The pair of a Basic credential (RFC 7617) and its password; empty for any other secret.
    private static func basicPair(_ secret: String) -> [String] {
        guard let bytes = try? Base64.decode(secret), bytes.allSatisfy({ 0x20...0x7E ~= $0 }),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { return [] }
        let password = bytes[(colon + 1)...]
        let decoded = try? PercentEncoding.decode(Array(password).span, plusIsSpace: true)
        return [String(decoding: bytes, as: UTF8.self), String(decoding: password, as: UTF8.self), decoded ?? ""]
    }

    /// The text in pieces that are all of a word, or all between words.
    private static func pieces(of text: String) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var isInWord: Bool?
        for byte in text.utf8 {
            let belongs = isWord(byte) || "+/=~".utf8.contains(byte)
            if belongs == isInWord { pieces[pieces.count - 1].append(byte) } else { pieces.append([byte]) }
            isInWord = belongs
        }
        return pieces
    }

    /// Whether a piece is long and mixed as tokens, keys and codes are.
    ///
    /// Words, numbers, host names and codes such as `AUTHENTICATION_FAILURE_401` are not.
    private static func isSecret(_ piece: [UInt8]) -> Bool {
        piece.split { !ASCII.isLetter($0) && !ASCII.isDigit($0) }.contains { run in
            run.count >= runBytesMax && run.contains(where: ASCII.isDigit) && run.contains(where: ASCII.isLetter)
        } || (piece.count >= 40 && piece.contains(where: ASCII.isDigit) && !piece.contains(UInt8(ascii: ".")))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || "_-.".utf8.contains(byte)
    }
}

extension ProviderError {
    /// Returns the failure in a form that may be stored, logged and shown: providers repeat request data in their errors.
    ///
    /// - Parameter secrets: what the request carried.
    package func shown(without secrets: [String] = []) -> ProviderError {
        var shown = self
        shown.message = Redaction.text(message, without: secrets)
        shown.code = code.map { Redaction.text($0, without: secrets) }
        return shown
    }
}
