// API keys over a real store: created once, found by id, compared whole, invalid when revoked. Also the control commands for keys.

import Audit
import Cryptography
import DocumentStore
import Foundation
import ProviderSDK
import Storage
import StoreFiles
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import HostControl
@testable import Sessions

@Suite("API keys", .timeLimit(.minutes(2)))
struct APIKeyTests {
    @Test("A key is valid from its creation to its revocation, and only as Bearer")
    func life() async throws {
        let fixture = try AuthenticatorFixture()
        let key = try await fixture.apiKeys.create(userID: "ü")
        let (cached, found) = await fixture.principals("Bearer \(key.text)")
        #expect(cached?.principal == Principal(userID: "ü", kind: .apiKey, sessionBinding: "api-key:\(key.id)"))
        #expect(found?.principal == cached?.principal && found?.place == .header)
        #expect(await fixture.user(nil, ["integration-host-session=\(key.text)"]) == nil)
        #expect(try await fixture.apiKeys.list().map(\.id) == [key.id])
        #expect(try await fixture.apiKeys.revoke(key.id))
        #expect(await fixture.user("Bearer \(key.text)") == nil)
        #expect(try await !fixture.apiKeys.revoke(key.id))
        #expect(try await fixture.apiKeys.list().isEmpty)
        let lines = try await fixture.audit.page(after: 0, limit: 10, userID: "ü").entries
        #expect(
            lines.map { "\($0["action"]?.string ?? "") \($0["result"]?.string ?? "")" } == [
                "api-key.create begun", "api-key.create done", "api-key.revoke begun", "api-key.revoke done",
            ])
        #expect(lines.allSatisfy { $0["key"]?.string == key.id } && !"\(lines)".contains(key.text.suffix(43)))
    }

    @Test("A key is stored on disk as a hash only")
    func stored() async throws {
        let fixture = try AuthenticatorFixture()
        let key = try await fixture.apiKeys.create(userID: "u")
        try await fixture.data.flush()
        let path = fixture.path + "/" + DocumentKey(collection: "api-keys", id: Array(key.id.utf8)).description
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!text.contains(key.text.suffix(43)))
        #expect(text.contains(SHA256.digest(key.text).hex))
    }

    @Test("A damaged, truncated, extended or mixed key is refused")
    func damaged() async throws {
        let fixture = try AuthenticatorFixture()
        let first = try await fixture.apiKeys.create(userID: "u")
        let second = try await fixture.apiKeys.create(userID: "v")
        let bytes = Array(first.text.utf8)
        for index in bytes.indices {
            var changed = bytes
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(await fixture.user("Bearer \(String(decoding: changed, as: UTF8.self))") == nil, "\(index)")
        }
        let mixed = "ihk_\(first.id)_\(second.text.suffix(43))"
        for text in [
            String(first.text.dropLast()), first.text + "A", "ihk_", "ihk__", mixed, "ihk_../../users/x_" + first.text,
            "IHK" + first.text.dropFirst(3),
        ] {
            #expect(await fixture.user("Bearer \(text)") == nil, "\(text.utf8.count)")
        }
    }

    @Test("Keys are unique and have a recognizable form")
    func form() throws {
        let keys = try (0..<200).map { _ in try IssuedKey(.api) }
        #expect(Set(keys.map(\.id)).count == 200)
        #expect(Set(keys.map(\.text)).count == 200)
        let form = /ihk_[0-9A-Za-z]{16}_[0-9A-Za-z_-]{43}/
        #expect(keys.allSatisfy { $0.text.wholeMatch(of: form) != nil })
    }

    @Test("An invalid user id gets no key", arguments: ["", "a\nb"])
    func invalidUser(id: String) async throws {
        let fixture = try AuthenticatorFixture()
        await #expect(throws: ServiceError.self) { try await fixture.apiKeys.create(userID: id) }
        #expect(try await fixture.apiKeys.list().isEmpty)
    }
}

@Suite("Control socket", .timeLimit(.minutes(2)))
struct ControlTests {
    @Test(
        "Commands and answers are unchanged after encoding and decoding",
        arguments: [
            ControlCommand.createAPIKey(userID: "a \"b\" ü"), .listAPIKeys, .revokeAPIKey(id: "x"),
            .listConnections(userID: "ü", asJSON: true), .check(repairs: true), .backup(directory: "/b"), .listKeys,
            .rotateKeys, .pruneKeys,
        ])
    func coding(command: ControlCommand) {
        #expect(ControlCommand(decoding: command.encoded) == command)
        for answer in [ControlAnswer.done([]), .done(["a", "b\n"]), .failed("why"), .incomplete(["a"], "b")] {
            #expect(ControlAnswer(decoding: answer.encoded) == answer)
        }
    }

    @Test(
        "Invalid command text is refused",
        arguments: ["", "{}", #"{"command":"halt"}"#, #"{"command":"api-key create"}"#])
    func invalid(text: String) { #expect(ControlCommand(decoding: Array(text.utf8)) == nil) }

    @Test("The control socket is private, serves clients in turn, survives invalid input, and is removed at the stop")
    func serves() async throws {
        let fixture = try AuthenticatorFixture()
        let directory = fixture.path
        var configuration = Configuration()
        configuration.dataDirectory = directory
        let server = try ControlServer(
            directory: directory, commands: ControlCommands(alone: fixture.data, configuration),
            log: SessionFixtures.log)
        var status = stat()
        #expect(unsafe lstat(directory + "/" + ControlSocket.name, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)

        let nonsense = try ControlSocket.connected(in: directory)
        nonsense.limitSilence(to: .seconds(10))
        try nonsense.writeAll(Array("nonsense".utf8))
        let refusal = ControlAnswer(decoding: try nonsense.readAll(bytesMax: 4096))
        #expect(refusal != nil)
        nonsense.close()
        let silent = try ControlSocket.connected(in: directory)
        silent.close()
        let large = try ControlSocket.connected(in: directory)
        large.limitSilence(to: .seconds(10))
        try? large.writeAll([UInt8](repeating: 0x20, count: ControlLimits.requestBytesMax + 1))
        #expect((try? large.readAll(bytesMax: 4096)) ?? [] == [])
        large.close()

        let made = try ControlClient.perform(.createAPIKey(userID: "u"), configuration).lines
        let key = try #require(made.first)
        #expect(made.count == 1)
        #expect(await fixture.user("Bearer \(key)") == "u")
        #expect(try ControlClient.perform(.listAPIKeys, configuration).lines.count == 1)
        let id = String(key.dropFirst(4).prefix(16))
        #expect(try ControlClient.perform(.revokeAPIKey(id: id), configuration).lines == ["revoked \(id)"])
        #expect(await fixture.user("Bearer \(key)") == nil)
        #expect(try ControlClient.perform(.revokeAPIKey(id: id), configuration).failure != nil)
        await server.stop()
        #expect(unsafe lstat(directory + "/" + ControlSocket.name, &status) != 0)
    }

    @Test("A socket file left by a killed host is replaced, and a path longer than a socket address works")
    func leftover() async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/" + String(repeating: "d", count: 150)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let left = try ControlSocket.listening(in: directory)
        left.close()
        #expect(throws: ControlSocketError.self) { try ControlSocket.connected(in: directory) }
        let fresh = try ControlSocket.listening(in: directory)
        defer { fresh.close() }
        let peer = try ControlSocket.connected(in: directory)
        #expect(peer.isPeerTrusted())
        peer.close()
    }

    @Test(
        "A command trusts a host of its own user or of root, and root also the host of the directory's owner",
        arguments: [
            (1000, 1000, 1000, true), (0, 1000, 1000, true), (1000, 0, 1000, true), (1001, 0, 1000, false),
            (1001, 1000, 1001, false), (1000, 0, nil, false),
        ] as [(uid_t, uid_t, uid_t?, Bool)])
    func trust(peer: uid_t, own: uid_t, owner: uid_t?, isTrusted: Bool) {
        #expect(ControlSocket.isTrusted(peer, by: own, owner: owner) == isTrusted)
    }
}
