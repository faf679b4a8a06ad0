// A copy of a data directory beside its original: it works in the background only when an operator says so.

import Foundation
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("A copied data directory", .timeLimit(.minutes(3)))
struct CopiedDataTests {
    /// Serves `data` with the configuration of an installation.
    private static func serve(
        _ data: String, of installation: TestInstallation, _ flags: String...
    ) async throws -> HostProcess {
        try await HostProcess(
            installation.command("serve", "--data", data, "--listen", "127.0.0.1:0") + flags)
    }

    @Test("A copy starts paused and says so; it resumes by a command or by a flag, and stays resumed")
    func pauses() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "u")
        let id = try await installation.connect("xero", client)
        #expect(try await client.get("/readyz?verbose").json["background"] == "running")
        await installation.host.terminate()
        for resumes in ["command", "flag"] {
            let copy = installation.directory.path + "/copy-\(resumes)"
            #expect(try ChildProcess.run(["cp", "-a", installation.data, copy]).code == 0)
            let paused = try await Self.serve(copy, of: installation)
            let reader = try TestClient(paused.url, token: client.token)
            let ready = try await reader.get("/readyz?verbose")
            #expect(ready.status == 200)
            #expect(ready.json["background"] == "paused")
            #expect(ready.json["backgroundReason"]?.string?.contains("is a copy") == true)
            let notes = try await reader.get("/api/integrations/connections/\(id)/explain").json.at("explanation.notes")
            #expect(notes?.array?.first?.string?.contains("paused") == true)
            if resumes == "command" {
                let resumed = try await HostProcess.run(installation.command("resume", "--data", copy))
                #expect(resumed.code == 0, "\(resumed.errors)")
                #expect(try await reader.get("/readyz?verbose").json["background"] == "running")
            }
            await paused.terminate()
            let again = try await Self.serve(
                copy, of: installation, resumes == "flag" ? "--resume-background" : "--data=\(copy)")
            let last = try TestClient(again.url, token: client.token)
            #expect(try await last.get("/readyz?verbose").json["background"] == "running")
            await again.terminate()
        }
        let original = try await HostProcess.run(installation.command("resume"))
        #expect(original.output.contains("was not paused"))
    }
}
