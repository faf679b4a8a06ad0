// The parts of pages that decide something: escaping, the words of every failure, colours with enough contrast, and signed outcomes.

import Cryptography
import Observability
import ProviderSDK
import Testing
import Users

@testable import Configuration
@testable import Connections
@testable import Credentials
@testable import Pages

@Suite("Parts of the connect pages", .timeLimit(.minutes(1)))
struct PagePartTests {
    @Test("A text is escaped in content and in attributes, and a piece of a page is not")
    func escaping() {
        let text = #"<a href="x" title='y'>&"#
        let html: HTML = #"<p title="\#(text)">\#(text)\#("<br>" as HTML)</p>"#
        let escaped = "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;"
        #expect(html.markup == #"<p title="\#(escaped)">\#(escaped)<br></p>"#)
    }

    @Test("Every reason has a page of its own, which names the provider or the application and a way on")
    func reasons() {
        let facts = FailureWords.Facts(app: "Fernhill", name: "Stripe", note: "because")
        var headings: Set<String> = []
        // A refused key is shown at its field.
        for reason in FailureReason.allCases where reason != .credentialRefused {
            let words = FailureWords(reason, facts)
            #expect(headings.insert(words.heading).inserted, "\(reason)")
            #expect(!words.text.isEmpty && !words.buttons.isEmpty, "\(reason)")
            for word in ["Oops", "please", "!", "went wrong"] {
                #expect(!(words.heading + words.text).contains(word), "\(reason)")
            }
        }
        #expect(FailureWords(.denied, facts).heading == "You did not allow access")
        #expect(FailureWords(.refused, facts).text.contains("“because”"))
        #expect(!FailureWords(.misconfigured, facts).buttons.contains(.tryAgain))
        #expect(!FailureWords(.alreadyUsed, facts).buttons.contains(.tryAgain))
    }

    static let colors: [(color: String, light: String?, dark: String?)] = [
        ("#0f5c73", "--fill:#0f5c73;--fill-hover:#0c4a5c;--on-fill:#ffffff;--accent:#0f5c73;", nil),
        ("#ffff00", nil, "--fill:#ffff00;--fill-hover:#ffff00;--on-fill:#13202a;--accent:#ffff00;"),
        ("#ffffff", nil, "--fill:#ffffff;--fill-hover:#ffffff;--on-fill:#13202a;--accent:#ffffff;"),
    ]

    @Test("A colour is used where it can be read, judged for light and dark apart", arguments: colors)
    func contrast(color: String, light: String?, dark: String?) throws {
        let colors = BrandColors(try #require(Color(color)))
        #expect(colors.light == light)
        #expect(colors.dark == dark)
    }

    @Test("Black on white has the contrast 21, and what is no colour is none")
    func contrastOfBlack() throws {
        let (black, white) = (try #require(Color("#000000")), try #require(Color("#ffffff")))
        #expect(abs(black.contrast(to: white) - 21) < 0.001)
        #expect(Color("#fff") == nil && Color("0f5c73#") == nil && Color("#0f5c7g") == nil)
    }

    @Test("A signed outcome is read as it was written; any other address is refused")
    func outcomes() throws {
        let keys = try HostKeys(KeyRing.generate(), path: "")
        let addresses = OutcomeAddress(keys: keys)
        let outcome = ConnectSession.Outcome(
            service: "stripe", reason: .refused, status: 400, note: "no “more”", reference: "r",
            at: try #require(Timestamp(iso8601: "2026-05-14T10:42:00Z")))
        let address = try #require(addresses.address(of: outcome, retryAfterSeconds: 7))
        let value = String(address.dropFirst("/connect/result?outcome=".count))
        let read = try #require(addresses.outcome(of: value))
        #expect(read.outcome == outcome && read.retryAfterSeconds == 7)
        let other = OutcomeAddress(keys: try HostKeys(KeyRing.generate(), path: ""))
        #expect(other.outcome(of: value) == nil)
        for changed in ["", "..", value + "x", String(value.dropLast()), value.replacing(".", with: "..")] {
            #expect(addresses.outcome(of: changed) == nil)
        }
    }

    @Test("Labels inside a sentence keep the capitals of abbreviations")
    func labels() {
        #expect(Words.empty("Account ID") == "Enter your account ID")
        #expect(Words.empty("API key") == "Enter your API key")
        #expect(Words.list(["a"]) == "a" && Words.list(["a", "b", "c"]) == "a, b and c" && Words.list([]) == "")
    }
}
