// Runs on the disk: which are found, listed, kept and erased; and the limits of keys and inputs.

import ConnectionModel
import DocumentStore
import ProviderSDK
import Storage
import StoreFiles
import TestSupport
import Testing

@testable import Actions
@testable import HTTPAPI
@testable import Requests

@Suite("Stored actions", .timeLimit(.minutes(1)))
struct ActionStoreTests {
    private static let now = Timestamp.epoch.advanced(by: .seconds(10_000_000))

    private static func run(_ id: String) -> ActionRunRecord {
        ActionRunRecord(id: id, action: "make", fingerprint: "f", sealedInputs: nil, at: now)
    }

    @Test("An ended run is kept for its time and then forgotten, and goes with its connection")
    func kept() async throws {
        let directory = try TemporaryDirectory()
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let store = ActionStore(data.documents)
        for id in ["run_1", "run_2"] { try await store.add(Self.run(id), connection: "conn-1", user: "user-1") }
        try await store.add(Self.run("run_3"), connection: "conn-12", user: "user-1")
        try await store.update("run_1", of: "conn-1") { $0.note(.done(["id": "1"]), canSettle: true, at: Self.now) }
        try await store.update("run_3", of: "conn-12") { $0.note(.done(.null), canSettle: true, at: Self.now) }
        #expect(try await store.run("run_1", of: "conn-1")?.phase == .succeeded)
        #expect(try await store.runs(of: "conn-1", limit: 10).map(\.id).sorted() == ["run_1", "run_2"])
        #expect(try await store.run("run_1", of: "conn-2") == nil)
        let end = Self.now.advanced(by: ActionLimits.keptTime)
        func sweep(_ moment: Timestamp) async throws -> Int {
            try await store.removeEnded(before: moment.advanced(by: .zero - ActionLimits.keptTime))
        }
        #expect(try await sweep(end) == 0)
        try await store.erase("conn-1")
        #expect(try await store.run("run_1", of: "conn-1") == nil)
        #expect(try await store.runs(of: "conn-1", limit: 10).isEmpty)
        #expect(try await store.run("run_3", of: "conn-12") != nil)
        #expect(try await sweep(end.advanced(by: .milliseconds(1))) == 1)
        #expect(try await store.run("run_3", of: "conn-12") == nil)
    }

    @Test("A run that ended while its connection was erased does not come back")
    func erased() async throws {
        let directory = try TemporaryDirectory()
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let store = ActionStore(data.documents)
        try await store.add(Self.run("run_1"), connection: "conn-1", user: "user-1")
        try await store.erase("conn-1")
        let late = try await store.update("run_1", of: "conn-1") {
            $0.note(.done(.null), canSettle: true, at: Self.now)
        }
        #expect(late == nil)
        #expect(try await store.run("run_1", of: "conn-1") == nil)
        // The same when the run was on its way to its own document.
        try await store.close(Self.run("run_1"), of: "conn-1")
        #expect(try await store.run("run_1", of: "conn-1") == nil)
    }

    @Test("A run that cannot be read is kept, and the sweep goes on to the others")
    func unreadable() async throws {
        let directory = try TemporaryDirectory()
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let store = ActionStore(data.documents)
        for number in 1...8 {
            try await store.add(Self.run("run_\(number)"), connection: "conn-1", user: "user-1")
            try await store.update("run_\(number)", of: "conn-1") {
                $0.note(.done(.null), canSettle: true, at: Self.now)
            }
        }
        let key = DocumentKey(
            collection: ActionStore.collection + Documents.archiveSuffix, id: Array("conn-1/run_9".utf8))
        try await data.documents.save(key, Array("{}".utf8), expecting: .absent)
        #expect(try await store.removeEnded(before: Self.now.advanced(by: .seconds(1))) == 8)
        #expect(try await data.documents.load(key) != nil)
    }

    @Test("Keys and inputs at their limits are taken, and longer ones refused")
    func lengths() throws {
        let key = String(repeating: "k", count: ActionLimits.keyBytesMax)
        #expect(try IntegrationsDeclarations.actionKey.read(key) == key)
        for refused in [key + "k", "", "a\u{7}", "é"] {
            #expect(throws: ServiceError.self) { try IntegrationsDeclarations.actionKey.read(refused) }
        }
        // The name, the quotes and the braces take eight bytes.
        let text = String(repeating: "t", count: ActionLimits.inputBytesMax - 8)
        #expect(try ActionService.bytes(of: ["a": .string(text)]).count == ActionLimits.inputBytesMax)
        #expect(throws: ServiceError.self) { try ActionService.bytes(of: ["a": .string(text + "t")]) }
    }
}
