// What an answer repeats of what was sent, in every form in which programs write a text.

import Cryptography
import Primitives
import ProviderSDK
import Testing

@testable import Observability

@Suite("Redaction of echoed secrets", .timeLimit(.minutes(1)))
struct RedactionTests {
    /// Secrets that no rule finds by their look.
    static let secrets = [
        "secret", "pass word", "a+b/c=d&e", #"quo"te\back"#, "per%41cent", "<tag>'s", "grün-geheim", "se~cr",
    ]

    /// The forms of a text, each in a sentence of its own.
    static func forms(_ secret: String) -> [String] {
        let bytes = Array(secret.utf8)
        let units = secret.utf16.map { unit in
            let hex = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }.joined()
        let percent = PercentEncoding.encode(secret)
        let json = JSONValue.string(secret).description.dropFirst().dropLast()
        let html = secret.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
        return [
            secret, percent, percent.lowercased(), percent.replacing("%20", with: "+"),
            PercentEncoding.encode(percent), String(json), String(json).replacing("/", with: "\\/"), units,
            units.uppercased().replacing("\\U", with: "\\u"), units.replacing("\\", with: "\\\\"), html,
            html.replacing("/", with: "&#x2F;"), bytes.map { "&#\($0);" }.joined(), Hex.encode(bytes),
            Hex.encode(bytes).uppercased(), Base64.encode(bytes), Base64URL.encode(bytes),
            Base64.encode(Array("id:\(secret)".utf8)), Base64.encode(Array("cid:\(percent)".utf8)),
            Base64URL.encode(Array("client-id:\(secret):".utf8)),
            PercentEncoding.encode(Base64.encode(Array("my-client:\(secret)".utf8))),
            bytes.map { "%\(Hex.encode([$0]))" }.joined(),
        ]
    }

    @Test("No form of a secret from six bytes on stays in a text", arguments: secrets.filter { $0.utf8.count >= 6 })
    func forms(secret: String) {
        for form in Self.forms(secret) {
            // An entity of a byte is no entity of a character beyond ASCII.
            if form.hasPrefix("&#"), !secret.utf8.allSatisfy({ $0 < 0x80 }) { continue }
            let shown = Redaction.text("It says [\(form)] is bad.", without: [secret])
            #expect(shown == "It says […] is bad.", "\(form)")
        }
    }

    @Test("The password of a Basic credential is removed in its own form too")
    func basic() {
        let sent = Base64.encode(Array("client:top%20word".utf8))
        for echo in [sent, "top%20word", "top word", "client:top word"] {
            let shown = Redaction.text("Bad: \(echo).", without: [sent])
            #expect(!shown.contains("word") && !shown.contains(sent), "\(shown)")
        }
    }

    @Test("The beginning of a secret at the end of a text is removed, from six bytes on")
    func cut() {
        #expect(Redaction.text("bad code letters", without: ["letters-and-more"]) == "bad code …")
        #expect(Redaction.text("bad code letter%73", without: ["letters-and-more"]) == "bad code …")
        #expect(Redaction.text("bad code lette", without: ["letters-and-more"]) == "bad code lette")
    }

    @Test("Shorter secrets and other words stay")
    func kept() {
        let text = "The client id is not known; 100% of 5 & 6 \\ 7."
        #expect(Redaction.text(text, without: ["known", "secret", "%%%%%%", "&&&&&&"]) == text)
    }

    @Test("A text of escapes that can be read in many ways is searched quickly")
    func quick() {
        let text = String(repeating: "%25", count: 300)
        let secret = String(repeating: "%", count: 200) + "x"
        let start = ContinuousClock.now
        _ = Redaction.text(text, without: [secret])
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
