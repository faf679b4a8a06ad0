// connect.js in a page of an application: the popup, its message, and the state of the session when a consent page has cut the two windows
// apart.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite(
    "Connecting in a popup", .serialized, .timeLimit(.minutes(5)),
    .enabled(if: Browser.isInstalled, Comment(rawValue: Browser.absence)))
struct PopupTests {
    /// A page of an application that connects when its button is pressed; it finds host and link in its address.
    private static let page = """
        <!doctype html><title>Application</title><link rel="icon" href="data:,"><h1>Application</h1>
        <button id="go">Connect</button><p id="out"></p>
        <script>
        var query=new URLSearchParams(location.search),script=document.createElement("script"),out=document.getElementById("out");
        script.src=query.get("host")+"/connect.js";
        script.onload=function(){document.getElementById("go").onclick=function(){
        IntegrationHost.open(query.get("link")).then(function(r){out.textContent=[r.status,r.service,r.connectionId].join(" ")})}};
        if(query.get("host"))document.head.append(script);
        </script>
        """

    /// - Parameter passing: a part of messages on the console that are no errors.
    private static func walk(
        _ link: String, passing: String? = nil, _ walk: (_ browser: Browser, _ application: String) async throws -> Void
    ) async throws {
        let server = SocketServer { _ in .status(200, [NamedValue("Content-Type", "text/html")], page) }
        let journey = try await ConnectJourney(page: server.url + "/settings")
        let url = try await journey.link(link).url
        let host = journey.installation.host.url
        let target = "\(server.url)/settings?host=\(host)&link=\(url)"
        let browser = try await Browser()
        do {
            try await browser.open(target)
            let application = try #require(try await browser.windows.first)
            try await waitUntil("the script") { try await browser.run("return !!window.IntegrationHost") == true }
            try await browser.click("#go")
            let popup = try await waitFor("the popup") {
                try await browser.windows.first { $0 != application }
            }
            try await browser.enter(window: popup)
            try await walk(browser, application)
        } catch {
            await browser.stop()
            throw error
        }
        let errors = try await browser.consoleErrors().filter { error in !(passing.map(error.contains) ?? false) }
        #expect(errors.isEmpty, "\(errors)")
        await browser.stop()
    }

    @Test("An account that is connected in a popup is reported to the page, and the popup closes")
    func connected() async throws {
        try await Self.walk(#""services":["xero"]"#) { browser, application in
            try await browser.click("button.btn-main")
            try await browser.click("button[value=allow]")
            try await browser.enter(window: application)
            try await waitUntil("the result") { try await browser.text("#out").hasPrefix("connected xero conn-") }
            try await waitUntil("the end of the popup") { try await browser.windows.count == 1 }
        }
    }

    @Test("When a consent page has cut the two windows apart, the state of the session is reported")
    func cut() async throws {
        // A consent page cuts the windows apart in the browser itself. Here only the opener is gone, and the browser remarks on `close`.
        let remark = "Unsafe attempt to initiate navigation"
        try await Self.walk(#""services":["arc"],"variant":"iidx""#, passing: remark) { browser, application in
            try await browser.waitForHeading("Your ARC account")
            try await browser.run("window.opener = null; window.close = function () {}")
            try await browser.type("account-1", into: "#accountId")
            // The next page takes the opener from the window, so it is cut there as well.
            try await browser.run(
                "document.querySelector('form').setAttribute('target', '_self'); window.name = ''")
            try await browser.click("button.btn-main")
            try await browser.waitForHeading("Connected as account-1")
            try await browser.enter(window: application)
            try await waitUntil("the result", within: .seconds(20)) {
                try await browser.text("#out").hasPrefix("connected arc conn-")
            }
        }
    }

    @Test("A refusal is reported, and the popup stays open to be read")
    func denied() async throws {
        try await Self.walk(#""services":["xero"]"#) { browser, application in
            try await browser.click("button.btn-main")
            try await browser.click("button[value=deny]")
            try await browser.waitForHeading("You did not allow access")
            try await browser.enter(window: application)
            try await waitUntil("the result") { try await browser.text("#out").hasPrefix("denied xero") }
        }
    }

    @Test("A session's state is read by its token, and only by the application's page")
    func state() async throws {
        let journey = try await ConnectJourney()
        let (url, _) = try await journey.link()
        let token = try #require(url.split(separator: "session=").last.map(String.init))
        let client = try await journey.installation.client(user: nil)
        let answer = try await client.get("/connect/state?session=\(token)")
        #expect(answer.status == 200 && answer.json["state"] == "open")
        #expect(answer.header("Access-Control-Allow-Origin") == "https://app.example.com")
        #expect(try await client.get("/connect/state?session=none").status == 404)
        let script = try await client.get("/connect.js")
        #expect(script.status == 200 && script.body.count < 2500)
    }
}
