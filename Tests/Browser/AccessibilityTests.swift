// The connect pages against axe-core (WCAG 2.2 A and AA, and its best practices), light and dark, at phone width. axe-core comes from the
// Python package axe-playwright-python, of which nothing but that script is used.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

/// axe-core as it is installed on this machine.
private enum Axe {
    static let absence =
        "axe-core is not installed (pip install --no-deps axe-playwright-python), or there is no Chromium"

    /// The text of the script; nil without one.
    static let source: String? = {
        let find = """
            import importlib.util as u
            print((u.find_spec("axe_playwright_python") or u).submodule_search_locations[0])
            """
        let given = ProcessInfo.processInfo.environment["AXE"]
        let found = try? ChildProcess.run(["/usr/bin/env", "python3", "-c", find])
        let folder = found.flatMap { $0.code == 0 ? String($0.output.dropLast()) : nil }
        return [given, folder.map { $0 + "/axe.min.js" }].compactMap(\.self).lazy.compactMap {
            try? String(contentsOfFile: $0, encoding: .utf8)
        }.first
    }()
}

@Suite(
    "Accessibility of the connect pages", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: Browser.isInstalled && Axe.source != nil, Comment(rawValue: Axe.absence)))
struct AccessibilityTests {
    /// Whether axe-core is installed on this machine.
    static var isInstalled: Bool { Axe.source != nil }

    /// The rules that a page breaks, with the first element of each.
    static func violations(_ browser: Browser) async throws -> [String] {
        try await browser.run((Axe.source ?? "") + ";")
        let result = try await browser.runAndWait(
            """
            axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
              .then(r => done(r.violations.map(v => v.id + ": " + v.nodes[0].html)), e => done(["axe failed: " + e]))
            """)
        return (result.array ?? [.string("no answer")]).compactMap(\.string)
    }

    @Test("No page breaks a rule of WCAG 2.2, in the light and in the dark")
    func pages() async throws {
        let journey = try await ConnectJourney()
        let host = journey.installation.host.url
        let steps: [(link: String?, address: String, path: [String])] = [
            ("", "", []), (#""services":["kai"]"#, "", []), (#""services":["slack"]"#, "", []),
            (#""services":["arc"],"variant":"iidx""#, "", []),
            (#""services":["arc"],"variant":"iidx""#, "", ["button.btn-main", ".summary"]),
            (#""services":["slack"]"#, "", ["button.btn-main", "button[value=deny]", "details summary"]),
            (#""services":["slack"]"#, "", ["button.btn-main", "button[value=allow]", "#stay"]),
            (nil, host + "/connect?session=none", []), (nil, host + "/connect/result?outcome=none", []),
            (nil, host + "/api/integrations/oauth/xero/callback?code=c&state=s", []),
            (nil, host + "/docs", []), (nil, host + "/docs/postApiIntegrationsConnections", ["details summary"]),
            (nil, host + "/docs/records/stripe.payments", []), (nil, host + "/docs/none", []),
        ]
        let browser = try await Browser()
        do {
            try await browser.setWidth(360)
            for isDark in [false, true] {
                try await browser.setDark(isDark)
                for (link, address, path) in steps {
                    let target = if let link { try await journey.link(link).url } else { address }
                    try await browser.open(target)
                    for selector in path { try await browser.click(selector) }
                    _ = try await browser.text("main h1")
                    let surplus = try await browser.run(
                        "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    #expect(surplus == 0, "\(target)")
                    let found = try await Self.violations(browser)
                    let title = try await browser.title
                    #expect(found.isEmpty, "\(title), dark: \(isDark): \(found)")
                }
            }
        } catch {
            await browser.stop()
            throw error
        }
        await browser.stop()
    }
}
