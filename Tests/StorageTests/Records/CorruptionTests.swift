// Damaged files as callers meet them: never served, kept aside, and a matter of one document alone.

import CLinux
import DocumentStore
import Glibc
import Storage
import StoreFiles
import Testing

@testable import RecordStore

@Suite("Corruption", .timeLimit(.minutes(2)))
struct CorruptionTests {
    let scratch = Scratch()

    private func path(_ id: String) throws -> String {
        scratch.path + "/" + (try DocumentLocation(.user(id))).path
    }

    /// Two users on disk, in a closed directory.
    private func prepare() async throws {
        let store = try DataDirectory.open(scratch.path)
        try await store.documents.save(.user("alice"), bytes("{\"a\":1}"), expecting: .absent)
        try await store.documents.save(.user("bob"), bytes("{\"b\":1}"), expecting: .absent)
        try await store.flush()
        store.close()
    }

    @Test("A damaged document is set aside and blocks its key until resolved")
    func aDamagedDocumentIsSetAsideAndBlocksItsKeyUntilResolved() async throws {
        try await prepare()
        let file = try path("alice")
        var damaged = try #require(Scratch.read(file))
        damaged[damaged.count - 6] ^= 1
        Scratch.write(damaged, to: file)
        for _ in 0..<2 {
            let store = try DataDirectory.open(scratch.path)
            for _ in 0..<2 {
                let error = await failure { try await store.documents.load(.user("alice")) }
                guard case .corrupt = error else {
                    Issue.record("served: \(String(describing: error))")
                    return
                }
                #expect(
                    await failure {
                        try await store.documents.save(.user("alice"), [], expecting: .absent)
                    } != nil)
            }
            #expect(try await store.documents.load(.user("bob"))?.revision == 1)
            store.close()
        }
        let folder = scratch.path + "/users/2bd"
        let names = Scratch.names(folder)
        #expect(names.count == 1 && names[0].hasPrefix("alice.json.corrupt-"))
        #expect(Scratch.read(folder + "/" + names[0]) == damaged)
        let store = try DataDirectory.open(scratch.path)
        try await store.documents.discardCorrupt(.user("alice"))
        try await store.documents.save(.user("alice"), bytes("{}"), expecting: .absent)
        #expect(try await store.documents.load(.user("alice"))?.bytes == bytes("{}"))
    }

    @Test("A restored file unblocks its key without a restart")
    func aRestoredFileUnblocksItsKeyWithoutARestart() async throws {
        try await prepare()
        let file = try path("alice")
        let good = try #require(Scratch.read(file))
        Scratch.write(bytes("garbage"), to: file)
        let store = try DataDirectory.open(scratch.path)
        #expect(await failure { try await store.documents.load(.user("alice")) } != nil)
        Scratch.write(good, to: file)
        #expect(try await store.documents.load(.user("alice"))?.bytes == bytes("{\"a\":1}"))
    }

    @Test("Swapped files are found")
    func swappedFilesAreFound() async throws {
        try await prepare()
        let alice = try #require(Scratch.read(try path("alice")))
        let bob = try #require(Scratch.read(try path("bob")))
        Scratch.write(bob, to: try path("alice"))
        Scratch.write(alice, to: try path("bob"))
        let store = try DataDirectory.open(scratch.path)
        for id in ["alice", "bob"] {
            guard case .corrupt(_, .wrongDocument) = await failure({ try await store.documents.load(.user(id)) })
            else {
                Issue.record("served")
                continue
            }
        }
    }

    @Test("An empty file a directory and a pipe are damage")
    func anEmptyFileADirectoryAndAPipeAreDamage() async throws {
        try await prepare()
        let file = try path("alice")
        let makers: [(String) -> Void] = [
            { Scratch.write([], to: $0) }, { unsafe mkdir($0, 0o700) }, { unsafe mkfifo($0, 0o600) },
            { unsafe symlink("/etc/passwd", $0) },
        ]
        for make in makers {
            unsafe unlink(file)
            make(file)
            let store = try DataDirectory.open(scratch.path)
            guard case .corrupt = await failure({ try await store.documents.load(.user("alice")) }) else {
                Issue.record("served")
                continue
            }
            store.close()
        }
    }

    @Test("A newer schema is neither served nor overwritten")
    func aNewerSchemaIsNeitherServedNorOverwritten() async throws {
        try await prepare()
        let newer = bytes("{\n\"schema\": 7,\n\"future\": true\n}\n")
        Scratch.write(newer, to: try path("alice"))
        let store = try DataDirectory.open(scratch.path)
        let key = DocumentKey.user("alice")
        for expecting in [Expectation.absent, .any, .revision(1)] {
            guard
                case .newerSchema(_, 7, 2) = await failure({
                    try await store.documents.save(key, [], expecting: expecting)
                })
            else {
                Issue.record("overwritten")
                continue
            }
        }
        #expect(await failure { try await store.documents.delete(key, expecting: .any) } != nil)
        #expect(Scratch.read(try path("alice")) == newer)
    }
}
