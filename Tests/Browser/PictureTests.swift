// The pictures of docs/images: every page that stands still, as people see it. They are made when the variable PICTURES names a folder
// (scripts/screenshots), and each is small enough for the repository.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

private enum Pictures {
    /// Where the pictures go; nil when none are asked for.
    static let folder = ProcessInfo.processInfo.environment["PICTURES"]
}

@Suite(
    "Pictures of the pages", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: Browser.isInstalled && Pictures.folder != nil, "PICTURES names no folder, or there is no Chromium"))
struct PictureTests {
    /// Bytes of a picture at most.
    private static let bytesMax = 64 << 10

    /// A page: its name, the link that leads to it, and what is pressed on the way.
    private struct Place {
        let name: String
        /// Members of the connect session; nil for a page outside of sessions.
        var link: String?
        var address = ""
        var path: [String] = []
    }

    private static let places = [
        Place(name: "connect-choose", link: ""), Place(name: "connect-variant", link: #""services":["kai"]"#),
        Place(name: "connect-permissions", link: #""services":["stripe"],"variant":"connect""#),
        Place(name: "connect-form", link: #""services":["arc"],"variant":"iidx""#),
        Place(name: "connect-form-error", link: #""services":["arc"],"variant":"iidx""#, path: ["button.btn-main"]),
        Place(
            name: "connect-connected", link: #""services":["xero"]"#,
            path: ["button.btn-main", "button[value=allow]", "#stay"]),
        Place(
            name: "connect-denied", link: #""services":["xero"]"#,
            path: ["button.btn-main", "button[value=deny]", "summary"]),
        Place(name: "connect-expired", address: "/connect?session=none"),
        Place(name: "connect-incomplete", address: "/connect/result?outcome=none"),
        Place(name: "connect-sign-in", address: "/api/integrations/oauth/xero/callback?code=c&state=s"),
        Place(name: "docs", address: "/docs"),
        Place(name: "docs-route", address: "/docs/postApiIntegrationsConnections"),
        Place(name: "docs-records", address: "/docs/records/stripe.payments"),
    ]

    @Test("Each page has a picture in light, and one in dark on a phone, of at most 64 KiB")
    func pictures() async throws {
        let journey = try await ConnectJourney()
        let host = journey.installation.host.url
        let folder = try #require(Pictures.folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let browser = try await Browser()
        do {
            try await browser.hideScrollBars()
            for place in Self.places {
                try await browser.setWidth(760)
                try await browser.setDark(false)
                let target = if let link = place.link { try await journey.link(link).url } else { host + place.address }
                try await browser.open(target)
                for selector in place.path { try await browser.click(selector) }
                _ = try await browser.text("main h1")
                try await keep(place.name, browser, in: folder)
                try await browser.setWidth(360)
                try await browser.setDark(true)
                try await keep(place.name + "-phone-dark", browser, in: folder)
            }
            try await dashboard(journey, browser, in: folder)
        } catch {
            await browser.stop()
            throw error
        }
        await browser.stop()
    }

    /// The pages of the dashboard, with a connection that has records.
    private func dashboard(_ journey: ConnectJourney, _ browser: Browser, in folder: String) async throws {
        let installation = journey.installation
        let made = try await HostProcess.run(installation.command("app-key", "create", "console", "--scope", "admin"))
        let user = try await installation.client(user: "user-1042")
        let id = try await installation.connect("stripe", user)
        _ = try await installation.sync(id, user, body: #"{"dataTypes":["customers","payments"]}"#)
        _ = try await installation.connect("xero", try await installation.client(user: "user-2207"))
        let one = "/dashboard/connections/\(id)"
        let query = "?user=user-1042"
        try await browser.open(installation.host.url + "/dashboard/sign-in")
        try await keep("dashboard-sign-in", browser, in: folder)
        try await browser.type(String(made.output.dropLast()), into: "#key")
        try await browser.click("button.btn-main")
        try await browser.waitForHeading("Overview")
        for (name, address) in [
            ("overview", "/"), ("connections", "/dashboard/connections"), ("connection", one + query),
            ("dead-letters", one + "/dead-letters" + query), ("deliveries", one + "/deliveries" + query),
            ("disconnect", one + "/disconnect" + query), ("providers", "/dashboard/providers"),
        ] {
            for (width, isDark, end) in [(1000, false, ""), (360, true, "-phone-dark")] {
                try await browser.setWidth(width)
                try await browser.setDark(isDark)
                try await browser.open(installation.host.url + address)
                _ = try await browser.text("h1")
                try await keep("dashboard-\(name)\(end)", browser, in: folder)
            }
        }
    }

    private func keep(_ name: String, _ browser: Browser, in folder: String) async throws {
        let picture = try await browser.screenshot(small: !name.hasPrefix("docs"))
        #expect(1 << 10...Self.bytesMax ~= picture.count, "\(name): \(picture.count) bytes")
        try picture.write(to: URL(fileURLWithPath: "\(folder)/\(name).webp"))
    }
}
