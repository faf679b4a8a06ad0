// Finds the tokens in an answer of a token endpoint, however the rest of it is written, and reads lifetimes and scopes leniently. Pure.

import ConnectionModel
import ProviderSDK

/// The tokens of an answer, before anything beside them is judged.
struct TokenAnswer {
    /// The answer; nil when it has no form that can be read.
    let answer: JSONValue?
    /// The access token; nil when there is none.
    let access: String?
    /// The refresh token; nil when there is none that can be used.
    let refresh: String?
    /// What is odd about the tokens and their form.
    private(set) var oddities: [String] = []

    /// Whether both tokens are there.
    var hasPair: Bool { access != nil && refresh != nil }

    init(_ response: ProviderResponse, _ fields: TokenResponseFields) {
        var answer: JSONValue?
        if response.body.count <= OAuthLimits.tokenResponseBytesMax {
            answer = try? JSONValue.parseTolerantly(response.body)
            if answer?.damage != nil { oddities.append("a part of the answer cannot be read") }
            if answer?.kind != .object, let form = response.form { answer = form }
        }
        self.answer = answer
        guard let answer else {
            access = nil
            refresh = nil
            return
        }
        let body = fields.object(in: answer)
        access = fields.accessToken.first(in: body)?.string.flatMap { $0.isEmpty ? nil : $0 }
        let value = fields.refreshToken.first(in: body) ?? .null
        let text = value.string
        let isGood = text.map { $0.utf8.count <= ConnectionLimits.tokenBytesMax && Self.isPrintable($0) } ?? false
        refresh = isGood && text?.isEmpty == false ? text : nil
        if !value.isNull, !isGood { oddities.append("“\(fields.refreshToken)” is no text that can be sent") }
    }

    /// Whether a text can be sent in a form: any text without control characters.
    private static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// A word in lower case, without white space around it.
    static func word(_ text: String) -> String {
        let kept = text.drop(while: \.isWhitespace)
        let last = kept.lastIndex { !$0.isWhitespace }
        return last.map { kept[...$0].lowercased() } ?? ""
    }

    /// The lifetime at the first of `paths` that says one; nil when none does.
    ///
    /// It may be a text, and may have a fraction. Any value that is not a positive number of at most ten years is odd and counts as not said.
    static func seconds(_ paths: [ValuePath], in body: JSONValue, _ oddities: inout [String]) -> Int64? {
        for path in paths {
            guard let value = path.first(in: body), !value.isNull else { continue }
            let number = value.number ?? value.string.flatMap { JSONNumber(word($0)) }
            if let seconds = number?.double, seconds >= 1, seconds <= Double(TokenResponse.lifetimeSecondsMax) {
                return Int64(seconds)
            }
            oddities.append("“\(path)” is not a positive number of seconds")
        }
        return nil
    }

    /// The granted scopes; nil when the answer does not say, or names none.
    static func scopes(
        at path: ValuePath, in body: JSONValue, separator: String, _ oddities: inout [String]
    ) -> [String]? {
        guard let value = path.first(in: body), !value.isNull else { return nil }
        var scopes: [String] = []
        if let values = value.array {
            scopes = values.compactMap(\.string).filter { !$0.isEmpty }
        } else if let text = value.string {
            scopes = text.split { $0.isWhitespace || String($0) == separator }.map(String.init)
        }
        if scopes.isEmpty { oddities.append("“\(path)” names no scope") }
        return scopes.isEmpty ? nil : scopes
    }
}
