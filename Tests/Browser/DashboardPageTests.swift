// The dashboard in a browser: an operator signs in, finds a connection, acts on it and signs out; and every page fits and is read aloud.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite(
    "Dashboard in a browser", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: Browser.isInstalled, Comment(rawValue: Browser.absence)))
struct DashboardPageTests {
    /// A host with an operator's key, and a connection with records.
    private struct Desk {
        let installation: TestInstallation
        let key: String
        let connection: String

        init(isEmpty: Bool = false) async throws {
            installation = try await TestInstallation(
                extra: """
                    "rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0,"write":0},
                    "connect":{"branding":{"name":"Fernhill"}}
                    """)
            let made = try await HostProcess.run(
                installation.command("app-key", "create", "console", "--scope", "admin"))
            key = String(made.output.dropLast())
            guard !isEmpty else {
                connection = ""
                return
            }
            let ann = try await installation.client(user: "user-1042")
            connection = try await installation.connect("stripe", ann)
            let hook = try await ann.send(
                "PATCH", "/api/integrations/connections/\(connection)",
                body: #"{"settings":{"webhookUrl":"http://127.0.0.1:9/hook"}}"#)
            #expect(hook.status == 200, "\(hook.text)")
            _ = try await installation.sync(connection, ann, body: #"{"dataTypes":["customers","payments"]}"#)
            _ = try await installation.connect(
                "xero", try await installation.client(user: "usr_7QmV2xLr0cZp9Kd4TfWn81bYQ"))
        }

        func signIn(_ browser: Browser) async throws {
            try await browser.open(installation.host.url + "/")
            try await browser.waitForHeading("Sign in")
            try await browser.type(key, into: "#key")
            try await browser.click("button.btn-main")
            try await browser.waitForHeading("Overview")
        }
    }

    private static func walk(_ steps: (Browser) async throws -> Void) async throws {
        let browser = try await Browser()
        do { try await steps(browser) } catch {
            await browser.stop()
            throw error
        }
        #expect(try await browser.consoleErrors() == [])
        await browser.stop()
    }

    @Test("An operator signs in, finds a connection, syncs and disconnects it, and signs out")
    func journey() async throws {
        let desk = try await Desk()
        try await Self.walk { browser in
            try await browser.open(desk.installation.host.url + "/")
            try await browser.type("ihs_wrong", into: "#key")
            try await browser.click("button.btn-main")
            #expect(try await browser.text(".summary").contains("This key is not known"))
            #expect(try await browser.title.hasPrefix("Problem: "))
            try await desk.signIn(browser)
            #expect(try await browser.text(".bar").contains("Fernhill"))
            try await waitUntil("the live dot") { try await browser.text("#live") == "Live" }
            try await browser.click("a[href='/dashboard/connections']")
            try await browser.waitForHeading("Connections")
            try await browser.type("user-1042", into: "input[name=q]")
            try await browser.click(".filter .btn")
            try await waitUntil("the found connections") { try await browser.address.contains("q=user-1042") }
            try await browser.click("td a")
            try await waitUntil("the connection") { try await browser.has("form[action*='/sync?']") }
            try await waitUntil("the live dot") { try await browser.text("#live") == "Live" }
            try await browser.click("form[action*='/sync?'] button")
            #expect(try await browser.text(".callout.ok[data-focus]").contains("The sync has started."))
            // What happens meanwhile is offered, and moves nothing.
            try await waitUntil("the live dot") { try await browser.text("#live") == "Live" }
            let ann = try await desk.installation.client(user: "user-1042")
            _ = try await desk.installation.finishedSync(desk.connection, ann)
            _ = try await desk.installation.sync(desk.connection, ann, body: #"{"dataTypes":["customers"]}"#)
            try await waitUntil("the offer to show it") {
                try await browser.text("#newer").contains("Something changed")
            }
            try await browser.click(".btn-bad")
            try await browser.click("form .btn-bad")
            #expect(try await browser.text(".callout[data-focus]").contains("Disconnected"))
            try await browser.click(".bar form button")
            try await browser.waitForHeading("Sign in")
            try await browser.back()
            try await browser.open(desk.installation.host.url + "/dashboard/connections")
            try await browser.waitForHeading("Sign in")
        }
    }

    @Test("Every page fits a phone and a wide screen, light and dark, and breaks no rule of WCAG 2.2")
    func pages() async throws {
        let (desk, empty) = (try await Desk(), try await Desk(isEmpty: true))
        let one = "/dashboard/connections/\(desk.connection)"
        let user = "?user=user-1042"
        let records = try await desk.installation.records(
            desk.connection, try await desk.installation.client(user: "user-1042"))
        let record = records.first?["id"]?.string ?? ""
        let pages: [(name: String, path: String)] = [
            ("overview", "/"), ("overview-empty", "/"), ("connections", "/dashboard/connections"),
            ("connections-empty", "/dashboard/connections"),
            ("connections-none", "/dashboard/connections?q=nothing"), ("connection", one + user),
            ("records", one + "/records" + user),
            ("record", one + "/records" + user + "&record=\(record)"),
            ("dead-letters", one + "/dead-letters" + user), ("deliveries", one + "/deliveries" + user),
            ("disconnect", one + "/disconnect" + user), ("providers", "/dashboard/providers"),
            ("gone", one + "?user=other"),
        ]
        try await Self.walk { browser in
            try await browser.open(desk.installation.host.url + "/")
            try await Self.check("sign-in", browser)
            try await browser.click("button.btn-main")
            try await browser.type("ihs_wrong", into: "#key")
            try await browser.click("button.btn-main")
            _ = try await browser.text(".summary")
            try await Self.check("sign-in-wrong", browser)
            for isEmpty in [false, true] {
                let desk = isEmpty ? empty : desk
                try await browser.setWidth(1280)
                try await desk.signIn(browser)
                for (name, path) in pages where name.hasSuffix("-empty") == isEmpty {
                    try await browser.setWidth(1280)
                    try await browser.open(desk.installation.host.url + path)
                    _ = try await browser.text("h1")
                    try await Self.check(name, browser)
                }
            }
        }
    }

    /// Checks how a page looks at several widths, in the light and in the dark.
    private static func check(_ name: String, _ browser: Browser) async throws {
        for (width, isDark) in [(1280, false), (360, false), (360, true), (320, false)] {
            try await browser.setWidth(width)
            try await browser.setDark(isDark)
            let surplus = try await browser.run(
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            #expect(surplus == 0, "\(name) at \(width)")
            try await ConnectJourney.keep("dashboard-\(name)-\(width)-\(isDark ? "dark" : "light")", browser)
            guard width != 320, AccessibilityTests.isInstalled else { continue }
            let found = try await AccessibilityTests.violations(browser)
            #expect(found.isEmpty, "\(name) at \(width), dark: \(isDark): \(found)")
        }
    }
}
