// Backups as archives, as an operator makes them of a running host: to standard output, sealed to a public key, verified, restored.

import Cryptography
import Foundation
import HostTesting
import TestSupport
import Testing

@Suite("Backup commands", .timeLimit(.minutes(2)))
struct BackupCommandTests {
    private func shell(_ script: String, _ installation: TestInstallation) async throws -> ChildProcess.Ending {
        let command = "cd '\(installation.directory.path)' && host='\(HostProcess.executable.path)' && \(script)"
        return try await onOwnThread { try ChildProcess.run(["/bin/sh", "-c", command]) }
    }

    @Test("A running host writes a sealed backup into a pipe; it is verified, restored, and refused when it is cut off")
    func aSealedBackupGoesThroughAPipe() async throws {
        let installation = try await TestInstallation()
        let client = try await installation.client(user: "keeper")
        let id = try await installation.connect("stripe", client)
        _ = try await installation.sync(id, client, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let records = try await installation.records(id, client, query: "dataType=customers&limit=500")
        let key = try RSAPrivateKey.generate()
        let folder = installation.directory.path
        try key.pem().write(toFile: folder + "/key.pem", atomically: true, encoding: .utf8)
        try key.publicKey.pem().write(toFile: folder + "/key.pub", atomically: true, encoding: .utf8)

        let made = try await shell(
            "\"$host\" backup - --recipient key.pub --data '\(installation.data)' | cat > sealed", installation)
        #expect(made.code == 0 && made.output.isEmpty && made.errors.contains("copied to standard output"), "\(made)")
        let sealed = try Data(contentsOf: URL(fileURLWithPath: folder + "/sealed"))
        #expect(sealed.range(of: Data("keeper".utf8)) == nil)
        let verified = try await shell("\"$host\" backup verify sealed --identity key.pem", installation)
        #expect(verified.code == 0 && verified.output.contains("The backup is whole."), "\(verified)")
        let locked = try await shell("\"$host\" backup verify sealed", installation)
        #expect(locked.code == 1 && locked.errors.contains("--identity"), "\(locked)")
        try sealed.dropLast(1).write(to: URL(fileURLWithPath: folder + "/cut"))
        let cut = try await shell("\"$host\" backup verify cut --identity key.pem", installation)
        #expect(cut.code == 1 && cut.errors.contains("changed or is missing"), "\(cut)")

        let restored = folder + "/restored"
        let put = try await shell("\"$host\" restore - --identity key.pem --data restored < sealed", installation)
        #expect(put.code == 0, "\(put)")
        try FileManager.default.copyItem(atPath: installation.data + "/keys", toPath: restored + "/keys")
        let host = try await HostProcess(["serve", "--data", restored, "--listen", "127.0.0.1:0"])
        let reader = try TestClient(host.url, token: client.token)
        #expect(try await installation.records(id, reader, query: "dataType=customers&limit=500") == records)
    }

    @Test("A file of a backup appears when it is whole, replaces none, and a terminal or a wrong key is refused")
    func aFileAppearsWhenItIsWhole() async throws {
        let installation = try await TestInstallation()
        _ = try await installation.client(user: "keeper")
        let data = installation.data
        let made = try await shell(
            "\"$host\" backup today.tar --data '\(data)' && tar -tf today.tar | tail -n 1", installation)
        #expect(made.code == 0 && made.output.hasSuffix("\nbackup\n"), "\(made)")
        let again = try await shell("\"$host\" backup today.tar --data '\(data)'", installation)
        #expect(again.code == 1 && again.errors.contains("exists already"), "\(again)")
        try "no key".write(
            toFile: installation.directory.path + "/wrong", atomically: true, encoding: .utf8)
        let wrong = try await shell("\"$host\" backup sealed --recipient wrong --data '\(data)'", installation)
        #expect(wrong.code == 1 && wrong.errors.contains("is no public key for backups"), "\(wrong)")
        #expect(!FileManager.default.fileExists(atPath: installation.directory.path + "/sealed"))
        let mode = try await shell("stat -c %a today.tar; ls -A | grep -c part", installation)
        #expect(mode.output == "600\n0\n", "\(mode)")
        let closed = try await shell(
            "\"$host\" backup - --data '\(data)' | head -c 1 > /dev/null; \"$host\" check --data '\(data)'",
            installation)
        #expect(closed.code == 0, "\(closed)")
    }

    @Test("A host makes sealed backups by itself; metrics and doctor know their age, and the newest restores")
    func aHostMakesBackupsByItself() async throws {
        let directory = try TemporaryDirectory()
        let (folder, data) = (directory.path + "/backups", directory.path + "/data")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let key = try RSAPrivateKey.generate()
        try key.pem().write(toFile: directory.path + "/key.pem", atomically: true, encoding: .utf8)
        try key.publicKey.pem().write(toFile: directory.path + "/key.pub", atomically: true, encoding: .utf8)
        let config = directory.path + "/host.json"
        try #"{"backup": {"directory": "backups", "everyHours": 1, "keep": 2, "recipient": "key.pub"}}"#.write(
            toFile: config, atomically: true, encoding: .utf8)
        let arguments = ["--config", config, "--data", data]
        let before = try await HostProcess.run(["doctor"] + arguments)
        #expect(before.output.contains("holds no backup"), "\(before)")
        let host = try await HostProcess(["serve", "--listen", "127.0.0.1:0"] + arguments)
        try await waitUntil("a backup is made") {
            try FileManager.default.contentsOfDirectory(atPath: folder).contains { $0.hasSuffix(".tar.sealed") }
        }
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        let client = try TestClient(host.url, token: nil)
        try await waitUntil("the metrics show it") {
            let page = try await client.get("/metrics").text
            return page.contains("integration_host_backup_interval_seconds 3600")
                && page.contains(/\nintegration_host_backup_age_seconds [0-9]+\n/)
                && page.contains("integration_host_backup_failures_total 0")
        }
        let after = try await HostProcess.run(["doctor"] + arguments)
        #expect(after.output.contains("is 0 hours old"), "\(after)")
        let verified = try await HostProcess.run(
            ["backup", "verify", folder + "/" + name, "--identity", directory.path + "/key.pem"])
        #expect(verified.code == 0, "\(verified)")
        // A restart makes no other one before it is due.
        #expect(await host.terminate() == 0)
        let again = try await HostProcess(["serve", "--listen", "127.0.0.1:0"] + arguments)
        #expect(await again.terminate() == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name])
        try FileManager.default.removeItem(atPath: folder)
        let broken = try await HostProcess.run(["config", "check"] + arguments)
        #expect(broken.code == 78 && broken.errors.contains("backup.directory"), "\(broken)")
    }
}
