// The host as platforms run it: lost key rings, secrets as they are mounted, signals that other programs send, and proxies.

import Foundation
import HostTesting
import ProviderSDK
import Synchronization
import TestSupport
import Testing

@Suite("Platforms", .timeLimit(.minutes(5)))
struct PlatformTests {
    @Test(
        "Without the key ring that sealed its data a host refuses to start and makes none, unless it is told to give it up"
    )
    func lostKeys() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "u")
        let id = try await installation.connect("xero", client)
        #expect(await installation.host.terminate() == 0)
        let ring = installation.data + "/keys/key-ring"
        try FileManager.default.moveItem(atPath: ring, toPath: installation.directory.path + "/kept")
        for arguments in [["serve"], ["token", "--user", "u"], ["keys", "list"]] {
            let refused = try await HostProcess.run(arguments + installation.command())
            #expect(refused.code == 1, "\(arguments)")
            #expect(refused.errors.contains("key ring") && refused.errors.contains(ring), "\(refused.errors)")
            if arguments == ["serve"] {
                #expect(refused.errors.contains("1 connections of 1 users"), "\(refused.errors)")
            }
            #expect(!FileManager.default.fileExists(atPath: ring), "\(arguments)")
        }
        let host = try await HostProcess(["serve", "--new-key-ring"] + installation.command())
        #expect(host.log.contains("A new key ring was made"))
        #expect(FileManager.default.fileExists(atPath: ring))
        let token = try await HostProcess.run(["token", "--user", "u"] + installation.command()).output
        let later = client.with(token: token.trimmingCharacters(in: .whitespacesAndNewlines))
        let explained = try await later.get(host.url + "/api/integrations/connections/\(id)/explain").text
        #expect(explained.contains("credentialUnreadable"), "\(explained)")
        #expect(await host.terminate() == 0)
        // The ring that was kept opens everything again.
        try FileManager.default.removeItem(atPath: ring)
        try FileManager.default.moveItem(atPath: installation.directory.path + "/kept", toPath: ring)
        try await installation.restart()
        let again = try await installation.client(user: "u")
        #expect(
            try await again.get("/api/integrations/connections/\(id)/explain").text.contains(#""class":"working""#))
    }

    @Test("SIGHUP, SIGUSR1 and SIGUSR2 do not end a host without a terminal", arguments: [SIGHUP, SIGUSR1, SIGUSR2])
    func signals(signal: Int32) async throws {
        let directory = try TemporaryDirectory()
        let host = try await HostProcess(["serve", "--data", directory.path + "/data", "--listen", "127.0.0.1:0"])
        host.signal(signal)
        try await Task.sleep(for: .milliseconds(300))
        let client = try TestClient(host.url)
        #expect(try await client.get("/readyz").status == 200)
        #expect(await host.terminate() == 0)
    }

    @Test("A terminal that closes stops the host in order")
    func closingTerminal() async throws {
        let directory = try TemporaryDirectory()
        let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        // TIOCSPTLCK and TIOCGPTN, whose names Swift does not import.
        var (isLocked, number): (Int32, Int32) = (0, 0)
        let isOpened = unsafe ioctl(terminal, 0x4004_5431, &isLocked) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0
        try #require(isOpened)
        let name = "/dev/pts/\(number)"
        let side = unsafe open(name, O_RDWR | O_NOCTTY)
        try #require(side >= 0)
        let host = try await HostProcess(
            ["serve", "--data", directory.path + "/data", "--listen", "127.0.0.1:0"], standardError: side)
        #expect(try await TestClient(host.url).get("/readyz").status == 200)
        close(side)
        close(terminal)
        host.signal(SIGHUP)
        // A program that a signal ends has the signal's number as its code.
        #expect(await host.waitForExit() == 0)
        let next = try await HostProcess.run(["check", "--data", directory.path + "/data"])
        #expect(next.code == 0, "\(next.errors)")
    }

    @Test("Files with byte order marks and Windows line ends are read, and one in UTF-16 is refused with the reason")
    func writtenElsewhere() async throws {
        let directory = try TemporaryDirectory()
        let secret = try directory.write("secret", "\u{FEFF}the-secret\r\n")
        let text =
            "\u{FEFF}{\r\n\"providers\": {\"xero\": {\"clientId\": \"c\", \"clientSecretFile\": \"\(secret)\"}}}\r\n"
        let path = try directory.write("host.json", text)
        let read = try await HostProcess.run(["providers", "--config", path, "--data", directory.path + "/data"])
        #expect(read.code == 0, "\(read.errors)")
        try Data([0xFF, 0xFE] + Array(text.utf8).flatMap { [$0, 0] }).write(to: URL(fileURLWithPath: path))
        let refused = try await HostProcess.run(["providers", "--config", path, "--data", directory.path + "/data"])
        #expect(refused.code == 78)
        #expect(refused.errors.contains("UTF-16"), "\(refused.errors)")
    }
}
