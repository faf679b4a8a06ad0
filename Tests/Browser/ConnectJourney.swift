// What a browser test of the connect pages starts from: a host with its stand-ins, an application's key, and links made with it.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport

/// A host whose connect pages a browser walks through.
struct ConnectJourney {
    let installation: TestInstallation
    let application: TestClient
    /// The application's own page, which a browser can open.
    let returnTo: String

    /// - Parameter page: the page of the application, served by the test; nil for one that no browser reaches.
    init(page: String? = nil) async throws {
        returnTo = page ?? "https://app.example.com/settings"
        installation = try await TestInstallation(
            extra: """
                "rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0},
                "connect":{"returnTo":["\(returnTo)"],"branding":{"name":"Fernhill"}}
                """)
        let made = try await HostProcess.run(installation.command("app-key", "create", "back end"))
        guard made.code == 0 else { throw HostProcessError(description: made.errors) }
        application = try await installation.client(user: nil).with(token: String(made.output.dropLast()))
    }

    /// A link, and the id of its session.
    func link(_ more: String = "") async throws -> (url: String, id: String) {
        let members = more.isEmpty ? "" : ",\(more)"
        let made = try await application.post(
            "/api/connect/sessions", #"{"userId":"u","returnTo":"\#(returnTo)"\#(members)}"#)
        guard let url = made.json["url"]?.string, let id = made.json["id"]?.string else {
            throw HostProcessError(description: made.text)
        }
        return (url, id)
    }

    /// How far a session has come.
    func state(_ id: String) async throws -> String {
        try await application.get("/api/connect/sessions/\(id)").json.at("session.state")?.string ?? ""
    }

    /// Keeps a picture where the variable `SCREENSHOTS` names a folder.
    static func keep(_ name: String, _ browser: Browser) async throws {
        guard let folder = ProcessInfo.processInfo.environment["SCREENSHOTS"] else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await browser.screenshot().write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
    }
}
