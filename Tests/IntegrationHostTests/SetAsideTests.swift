// What a repair says about a file that it set aside: whose it is, and how to put it back.

import Foundation
import Storage
import TestSupport
import Testing

@testable import Configuration
@testable import ConnectionModel
@testable import HostControl
@testable import Users

@Suite("Files set aside", .timeLimit(.minutes(1)))
struct SetAsideTests {
    @Test("The ids of users and connections are found in damaged bytes, each once")
    func ids() {
        let id = "conn-0bf" + String(repeating: "a", count: 22)
        let text =
            #"x"userId": "ad\u00e9","id":"\#(id)",\#(id) "userId":"b" "userId":"b" "userId":5 conn-short "userId":"open"#
        let found = SetAsideIDs(in: Array(text.utf8) + [0xFF, 0x00])
        #expect(found.users == ["ad\u{E9}", "b"])
        #expect(found.connections == [id])
        #expect(SetAsideIDs(in: []).users.isEmpty)
    }

    @Test("A damaged document is moved away, and the repair names its user, its connections and its place")
    func document() async throws {
        let directory = try TemporaryDirectory()
        var configuration = Configuration()
        configuration.dataDirectory = directory.path + "/data"
        let data = try DataDirectory(path: configuration.dataDirectory)
        let id = try await UserStore(data.documents).update("keeper") { (user) throws(ServiceError) in
            try user.add(
                service: "s", variant: nil, status: .connected, shard: UserStore.shard(of: "keeper"),
                random: String(repeating: "b", count: 22), at: SessionFixtures.now)
        }
        try await data.flush()
        data.close()
        let name = "users/\(UserStore.shard(of: "keeper"))/keeper.json"
        let path = configuration.dataDirectory + "/" + name
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing("\"connected\"", with: "\"cOnnected\"")
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        let (lines, failure) = try ControlClient.perform(.check(repairs: true), configuration)
        #expect(failure == nil)
        let kept = try #require(lines.first { $0.contains("kept as quarantine/") })
        #expect(kept.hasSuffix("; users: keeper; connections: \(id)"), "\(kept)")
        #expect(lines.contains { $0.contains("to put it back: stop the host") && $0.hasSuffix("move it to \(name)") })
    }
}
