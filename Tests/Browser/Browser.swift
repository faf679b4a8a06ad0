// A headless Chromium for tests, driven over the WebDriver protocol (W3C WebDriver 2). Knows no page of the host.

import Foundation
import HostTesting
import ProviderSDK
import Synchronization
import TestSupport

/// A failure of the browser or of its driver.
struct BrowserError: Error, CustomStringConvertible {
    let description: String
}

/// A browser with one profile.
final class Browser: Sendable {
    private static let programs = (
        driver: ["/usr/bin/chromedriver", "/usr/local/bin/chromedriver"],
        browser: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    )

    /// Whether this machine has a browser and its driver.
    static var isInstalled: Bool { find(programs.driver) != nil && find(programs.browser) != nil }

    /// Why tests are skipped where it has none.
    static let absence = "this machine has no Chromium with chromedriver (Debian: chromium and chromium-driver)"

    private static func find(_ paths: [String]) -> String? {
        paths.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private let driver: ChildProcess
    private let client: TestClient
    private let session: String
    private let profile: TemporaryDirectory

    /// Starts a browser.
    ///
    /// - Parameter runsScripts: whether pages may run scripts.
    init(runsScripts: Bool = true) async throws {
        guard let driverPath = Self.find(Self.programs.driver), let browserPath = Self.find(Self.programs.browser)
        else {
            throw BrowserError(description: Self.absence)
        }
        profile = try TemporaryDirectory()
        let process = try ChildProcess([driverPath, "--port=0"], output: .pipe, errors: .discarded)
        driver = process
        let started = try await onOwnThread { try process.output?.lines(through: "successfully on port") ?? "" }
        guard let port = started.split(separator: "on port ").last?.prefix(while: \.isNumber), !port.isEmpty else {
            throw BrowserError(description: "chromedriver does not say its port: \(started)")
        }
        client = try TestClient("http://127.0.0.1:\(port)")
        let scripts = runsScripts ? "" : #","prefs":{"profile.managed_default_content_settings.javascript":2}"#
        let answer = try await client.post(
            "/session",
            """
            {"capabilities":{"alwaysMatch":{"browserName":"chrome","goog:loggingPrefs":{"browser":"ALL"},
            "goog:chromeOptions":{"binary":"\(browserPath)","args":["--headless=new","--no-sandbox","--disable-gpu",
            "--disable-dev-shm-usage","--no-first-run","--window-size=1280,900","--user-data-dir=\(profile.path)"]\(scripts)}}}}
            """)
        guard let id = answer.json.at("value.sessionId")?.string else {
            process.kill()
            throw BrowserError(description: "no session: \(answer.text)")
        }
        session = id
        if runsScripts { try await holdReturn() }
    }

    /// Makes pages wait longer before they return to the application by themselves.
    ///
    /// On a busy machine five seconds can pass between two commands.
    private func holdReturn() async throws {
        let source = """
            const wait = window.setTimeout;
            window.setTimeout = (body, delay, ...rest) => wait(body, delay === 5000 ? 100000 : delay, ...rest);
            """
        try await command(
            "POST", "/goog/cdp/execute",
            ["cmd": "Page.addScriptToEvaluateOnNewDocument", "params": ["source": .string(source)]])
    }

    /// Ends the browser and its driver.
    func stop() async {
        _ = try? await client.send("DELETE", "/session/\(session)")
        driver.kill()
    }

    // MARK: Commands

    @discardableResult
    private func command(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        let answer = try await client.send(
            method, "/session/\(session)\(path)", body: method == "POST" ? (body ?? [:]).description : nil)
        guard answer.status == 200 else { throw BrowserError(description: "\(path): \(answer.text.prefix(400))") }
        return answer.json["value"] ?? .null
    }

    func open(_ url: String) async throws { try await command("POST", "/url", ["url": .string(url)]) }
    func back() async throws { try await command("POST", "/back") }
    func reload() async throws { try await command("POST", "/refresh") }

    var address: String { get async throws { try await command("GET", "/url").string ?? "" } }
    var title: String { get async throws { try await command("GET", "/title").string ?? "" } }

    /// The ids of the open windows.
    var windows: [String] {
        get async throws { try await command("GET", "/window/handles").array?.compactMap(\.string) ?? [] }
    }

    func enter(window: String) async throws { try await command("POST", "/window", ["handle": .string(window)]) }

    /// Runs a script, whose `return` is the result.
    @discardableResult
    func run(_ script: String) async throws -> JSONValue {
        try await command("POST", "/execute/sync", ["script": .string(script), "args": .array([])])
    }

    /// Runs a script and waits until it calls `done` with the result.
    func runAndWait(_ script: String) async throws -> JSONValue {
        try await command(
            "POST", "/execute/async",
            ["script": .string("const done = arguments[0];" + script), "args": .array([])])
    }

    /// Sends a command of the DevTools protocol.
    private func emulate(_ name: String, _ parameters: JSONValue) async throws {
        try await command("POST", "/goog/cdp/execute", ["cmd": .string("Emulation.\(name)"), "params": parameters])
    }

    /// Sets the width of the page in CSS pixels.
    func setWidth(_ width: Int) async throws {
        try await emulate(
            "setDeviceMetricsOverride",
            [
                "width": .number(JSONNumber(width)), "height": 780, "deviceScaleFactor": 1,
                "mobile": .boolean(width < 500),
            ])
    }

    /// Shows no scroll bars, as on a phone.
    func hideScrollBars() async throws { try await emulate("setScrollbarsHidden", ["hidden": true]) }

    /// Sets whether the person prefers dark pages.
    func setDark(_ isDark: Bool) async throws {
        try await emulate(
            "setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": .string(isDark ? "dark" : "light")]]])
    }

    /// A picture: of the whole page as PNG, or a small one as WebP, where `isWhole` says whether of what fits the window only.
    func screenshot(small isWhole: Bool? = nil) async throws -> Data {
        var parameters: [(key: String, value: JSONValue)] = [("captureBeyondViewport", .boolean(isWhole ?? true))]
        if isWhole != nil { parameters += [("format", "webp"), ("quality", 85)] }
        let result = try await command(
            "POST", "/goog/cdp/execute",
            ["cmd": "Page.captureScreenshot", "params": .object(parameters)])
        return Data(base64Encoded: result["data"]?.string ?? "") ?? Data()
    }

    /// What pages wrote to the console since the last call, errors of the network and of the policy included.
    ///
    /// A page with the status of an error is not a fault of the page, although the browser notes it.
    func consoleErrors() async throws -> [String] {
        let entries = try await command("POST", "/se/log", ["type": "browser"]).array ?? []
        return entries.filter { $0["level"] == "SEVERE" || $0["level"] == "WARNING" }.compactMap {
            $0["message"]?.string
        }.filter { !$0.contains("the server responded with a status of ") || $0.contains("/icon.svg") }
    }

    // MARK: Elements

    private func find(_ selector: String) async throws -> String? {
        let found = try await command(
            "POST", "/elements", ["using": "css selector", "value": .string(selector)])
        return found.array?.first?.members?.first?.value.string
    }

    /// Waits for an element, and returns its id.
    private func element(_ selector: String) async throws -> String {
        try await waitFor("the element \(selector)", within: .seconds(20), every: .milliseconds(50)) {
            try await find(selector)
        }
    }

    func has(_ selector: String) async throws -> Bool { try await find(selector) != nil }

    /// Sends a command about an element.
    ///
    /// A page that is replaced meanwhile is looked at again.
    private func ask(_ method: String, _ what: String, of selector: String) async throws -> JSONValue {
        for _ in 0..<5 {
            do { return try await command(method, "/element/\(try await element(selector))/\(what)") } catch {
                guard "\(error)".contains("stale element") else { throw error }
            }
        }
        return try await command(method, "/element/\(try await element(selector))/\(what)")
    }

    func text(_ selector: String) async throws -> String {
        try await ask("GET", "text", of: selector).string ?? ""
    }

    func attribute(_ name: String, of selector: String) async throws -> String {
        try await ask("GET", "attribute/\(name)", of: selector).string ?? ""
    }

    func click(_ selector: String) async throws { _ = try await ask("POST", "click", of: selector) }

    func type(_ text: String, into selector: String) async throws {
        let id = try await element(selector)
        try await command("POST", "/element/\(id)/clear")
        try await command("POST", "/element/\(id)/value", ["text": .string(text)])
    }

    /// Presses a key in the element that has the focus.
    func press(_ key: String) async throws {
        let active = try await command("GET", "/element/active").members?.first?.value.string ?? ""
        try await command("POST", "/element/\(active)/value", ["text": .string(key)])
    }

    /// Waits until the heading of the page contains `text`, and returns it.
    @discardableResult
    func waitForHeading(_ text: String) async throws -> String {
        try await waitFor("the heading “\(text)”", within: .seconds(20), every: .milliseconds(50)) {
            guard let id = try await find("h1"),
                let found = try? await command("GET", "/element/\(id)/text").string, found.contains(text)
            else { return nil }
            return found
        }
    }
}
