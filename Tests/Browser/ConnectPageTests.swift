// The connect pages in a real browser, from a link to the stand-in's consent and back: every way of connecting, every turn that a person
// can take, and the pages at phone width, in the dark and without scripts.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite(
    "Connect pages in a browser", .serialized, .timeLimit(.minutes(10)),
    .enabled(if: Browser.isInstalled, Comment(rawValue: Browser.absence)))
struct ConnectPageTests {
    /// Runs `walk` in a browser, and then expects that no page wrote an error to the console.
    private static func walk(
        runsScripts: Bool = true, _ walk: (Browser) async throws -> Void
    ) async throws {
        let browser = try await Browser(runsScripts: runsScripts)
        do { try await walk(browser) } catch {
            try? await ConnectJourney.keep("failed", browser)
            let place = (try? await browser.address) ?? ""
            await browser.stop()
            throw BrowserError(description: "\(error) at \(place)")
        }
        // The application of these tests is not reachable.
        let errors = try await browser.consoleErrors().filter { !$0.contains("app.example.com") }
        #expect(errors.isEmpty, "\(errors)")
        await browser.stop()
    }

    @Test("Every provider with a consent page is connected from the list, and the page says as whom")
    func providers() async throws {
        let journey = try await ConnectJourney()
        let list = try await journey.installation.client(user: "u").get("/api/integrations")
        let ids = (list.json["integrations"]?.array ?? []).filter { $0["isAvailable"] == true }.compactMap {
            $0["id"]?.string
        }
        #expect(ids.count >= 8)
        try await Self.walk { browser in
            for id in ids {
                let (url, session) = try await journey.link()
                try await browser.open(url)
                try await browser.waitForHeading("Connect an account")
                #expect(!(try await browser.address.contains("ihc_")))
                try await browser.click(#"a.choice[href$="/\#(id)"]"#)
                if try await browser.has("input[name=variant][type=radio]") {
                    try await browser.click("button.btn-main")
                }
                if try await browser.has("input[name=accountId]") {
                    try await browser.type("account-1", into: "#accountId")
                    try await browser.click("button.btn-main")
                } else {
                    try await browser.click("button.btn-main")
                    try await browser.click("button[value=allow]")
                }
                let heading = try await browser.waitForHeading("Connected")
                try await browser.click("#stay")
                #expect(heading.hasPrefix("Connected "), "\(id)")
                #expect(!(try await browser.address.contains("code=")), "\(id)")
                #expect(try await journey.state(session) == "connected", "\(id)")
            }
        }
    }

    @Test("A person who refuses reads so, can try again, and reload and back show no trap")
    func denial() async throws {
        let journey = try await ConnectJourney()
        let (url, session) = try await journey.link(#""services":["xero"]"#)
        try await Self.walk { browser in
            try await browser.open(url)
            try await browser.waitForHeading("Fernhill asks to read your Xero data")
            try await browser.click("button.btn-main")
            try await browser.click("button[value=deny]")
            try await browser.waitForHeading("You did not allow access")
            #expect(try await browser.title.hasPrefix("Problem: You did not allow access – Fernhill"))
            #expect(try await browser.run("return document.activeElement.tagName") == "H1")
            #expect(try await journey.state(session) == "denied")
            try await browser.reload()
            try await browser.waitForHeading("You did not allow access")
            try await browser.click("a.btn-main")
            try await browser.waitForHeading("Fernhill asks")
            try await browser.click("button.btn-main")
            try await browser.waitForHeading("Xero")
            // The page on the way was replaced, so going back leads to the question.
            try await browser.back()
            try await browser.waitForHeading("Fernhill asks")
            try await browser.click("button.btn-main")
            try await browser.click("button[value=allow]")
            let heading = try await browser.waitForHeading("Connected as")
            try await browser.click("#stay")
            try await browser.reload()
            #expect(try await browser.waitForHeading("Connected as") == heading)
            #expect(try await journey.state(session) == "connected")
        }
    }

    @Test("Without scripts everything works, to the button that leads back")
    func withoutScripts() async throws {
        let journey = try await ConnectJourney()
        try await Self.walk(runsScripts: false) { browser in
            try await browser.open(try await journey.link().url)
            try await browser.waitForHeading("Connect an account")
            if try await browser.has("#q") {
                try await browser.type("xero", into: "#q")
                try await browser.press("\u{E007}")
                try await browser.waitForHeading("Connect an account")
                #expect(!(try await browser.has(#"a.choice[href$="/slack"]"#)))
            }
            try await browser.click(#"a.choice[href$="/xero"]"#)
            try await browser.waitForHeading("Fernhill asks")
            try await browser.click("button.btn-main")
            try await browser.click("button[value=allow]")
            try await browser.waitForHeading("Connected as")
            let address = try await browser.attribute("href", of: "#return")
            #expect(address.hasPrefix("https://app.example.com/settings?status=connected&connectionId=conn-"))
            #expect(address.hasSuffix("&service=xero"))
        }
    }

    @Test("A wrong value stays in the form with what is wrong, and the focus is on the summary")
    func form() async throws {
        let journey = try await ConnectJourney()
        try await Self.walk { browser in
            try await browser.open(try await journey.link(#""services":["arc"],"variant":"iidx""#).url)
            try await browser.waitForHeading("Your ARC account")
            try await browser.click("button.btn-main")
            #expect(try await browser.text(".summary").contains("Enter your account ID"))
            #expect(try await browser.title.hasPrefix("Problem: "))
            #expect(try await browser.run("return document.activeElement.className") == "summary")
            try await browser.type(String(repeating: "a", count: 300), into: "#accountId")
            try await browser.press("\u{E007}")
            #expect(try await browser.text(".summary").contains("at most 256"))
            #expect(try await browser.attribute("value", of: "#accountId").count == 300)
            #expect(try await browser.attribute("aria-describedby", of: "#accountId") == "accountId-h accountId-e")
            try await ConnectJourney.keep("form-error", browser)
            try await browser.type("  4Q7F-2209 ", into: "#accountId")
            try await browser.press("\u{E007}")
            try await browser.waitForHeading("Connected as 4Q7F-2209")
            try await browser.click("#stay")
        }
    }

    @Test("A second browser is refused, an ended link says so, and so does a page without its cookie")
    func links() async throws {
        let journey = try await ConnectJourney()
        let (url, session) = try await journey.link()
        try await Self.walk { first in
            try await first.open(url)
            try await first.waitForHeading("Connect an account")
            let page = try await first.address
            try await Self.walk { second in
                try await second.open(url)
                try await second.waitForHeading("This link is open elsewhere")
                try await second.open(page)
                try await second.waitForHeading("Sign in to Fernhill first")
            }
            _ = try await journey.application.send("DELETE", "/api/connect/sessions/\(session)")
            try await first.reload()
            try await first.waitForHeading("This link has expired")
            try await first.open(url + "x")
            try await first.waitForHeading("This link has expired")
            try await first.open(
                journey.installation.host.url + "/api/integrations/oauth/xero/callback?code=c&state=s")
            try await first.waitForHeading("Sign in to Fernhill first")
        }
    }

    @Test("Cancel returns to the application, which learns that nothing was allowed")
    func cancel() async throws {
        let journey = try await ConnectJourney()
        let (url, session) = try await journey.link()
        try await Self.walk { browser in
            try await browser.open(url)
            try await browser.waitForHeading("Connect an account")
            try? await browser.click("[data-cancel]")
            try await waitUntil("the end of the session") { try await journey.state(session) == "denied" }
        }
    }

    @Test("Every page fits a phone, light and dark, without scrolling sideways")
    func widths() async throws {
        let journey = try await ConnectJourney()
        let pages: [(name: String, link: String, path: [String])] = [
            ("choose", "", []), ("variant", #""services":["kai"]"#, []),
            ("permissions", #""services":["stripe"]"#, []),
            ("form", #""services":["arc"],"variant":"iidx""#, []),
            ("form-wrong", #""services":["arc"],"variant":"iidx""#, ["button.btn-main"]),
            ("denied", #""services":["slack"]"#, ["button.btn-main", "button[value=deny]"]),
            ("connected", #""services":["slack"]"#, ["button.btn-main", "button[value=allow]", "#stay"]),
        ]
        try await Self.walk { browser in
            for (name, link, path) in pages {
                try await browser.setWidth(1280)
                try await browser.open(try await journey.link(link).url)
                for selector in path { try await browser.click(selector) }
                _ = try await browser.text(".sheet h1")
                for (width, isDark) in [(360, false), (360, true), (320, false), (1280, false), (1280, true)] {
                    try await browser.setWidth(width)
                    try await browser.setDark(isDark)
                    let surplus = try await browser.run(
                        "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    #expect(surplus == 0, "\(name) at \(width)")
                    let small = try await browser.run(
                        """
                        return [].filter.call(document.querySelectorAll("main a.btn, main button, main .choice, main .input"),
                          e => e.offsetParent && e.getBoundingClientRect().height < 44).length
                        """)
                    #expect(small == 0, "\(name) at \(width) has targets of less than 44 pixels")
                    try await ConnectJourney.keep("\(name)-\(width)-\(isDark ? "dark" : "light")", browser)
                }
            }
        }
    }

    @Test("With the keyboard alone a person chooses, reads and connects")
    func keyboard() async throws {
        let journey = try await ConnectJourney()
        try await Self.walk { browser in
            try await browser.open(try await journey.link(#""services":["stripe","kai"]"#).url)
            try await browser.waitForHeading("Connect an account")
            var visited: [String] = []
            for _ in 0..<4 {
                try await browser.press("\u{E004}")
                visited.append(try await browser.run("return document.activeElement.textContent.trim()").string ?? "")
            }
            for name in ["Stripe", "Kai", "Cancel and return to Fernhill"] {
                #expect(visited.contains { $0.contains(name) }, "\(name): \(visited)")
            }
            try await browser.run(#"document.querySelector("a.choice[href$='/kai']").focus()"#)
            try await browser.press("\u{E007}")
            try await browser.waitForHeading("Which Kai network?")
            try await browser.run(#"document.querySelector("input[type=radio]").focus()"#)
            try await browser.press("\u{E015}")
            #expect(try await browser.run("return document.querySelector(':checked').value") == "min")
            try await browser.press("\u{E007}")
            try await browser.waitForHeading("Fernhill asks to read your Kai data")
        }
    }
}
