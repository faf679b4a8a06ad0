// The directory around the stores: its lock, its permissions, its leftovers.

import CLinux
import DocumentStore
import Glibc
import StoreFiles
import Testing

@testable import Storage

@Suite("Data directory", .timeLimit(.minutes(2)))
struct DataDirectoryTests {
    let scratch = Scratch()

    @Test("A second opener learns which process has the directory")
    func aSecondOpenerIsToldWhoHasTheDirectory() async throws {
        let first = try DataDirectory.open(scratch.path)
        let error = await failure { try DataDirectory.open(scratch.path) }
        guard case .locked(let holder) = error else {
            Issue.record("opened twice: \(String(describing: error))")
            return
        }
        #expect(holder.hasPrefix("process \(getpid()) on host "))
        first.close()
        _ = try DataDirectory.open(scratch.path)
    }

    @Test("Everything after close is refused")
    func everythingAfterCloseIsRefused() async throws {
        let store = try DataDirectory.open(scratch.path)
        store.close()
        #expect(await failure { try await store.documents.load(.user("a")) } == .closed)
        #expect(await failure { try await store.documents.save(.user("a"), [], expecting: .any) } == .closed)
    }

    @Test("Only the files of dead writers are removed")
    func onlyTheFilesOfDeadWritersAreRemoved() async throws {
        let names = TemporaryNames()
        let own = names.next()
        #expect(!names.isLeftover(own))
        #expect(TemporaryNames().isLeftover(own))
        for other in ["alice.json", ".lock", ".tmp", own + "x", own.uppercased(), "x" + own, ".hidden.tmp"] {
            #expect(!TemporaryNames().isLeftover(other))
        }
        do {
            let store = try DataDirectory.open(scratch.path)
            try await store.documents.save(.user("alice"), bytes("{}"), expecting: .absent)
            store.close()
        }
        let shard = scratch.path + "/users/2bd/"
        Scratch.write([], to: shard + own)
        Scratch.write([], to: shard + "operator-notes.tmp")
        let store = try DataDirectory.open(scratch.path)
        #expect(Scratch.names(shard) == ["alice.json", "operator-notes.tmp"])
        store.close()
    }

    @Test("Nothing is readable by others whatever the umask")
    func nothingIsReadableByOthersWhateverTheUmask() async throws {
        // The umask belongs to the process; the other tests make nothing that depends on it.
        let before = umask(0)
        defer { umask(before) }
        let store = try DataDirectory.open(scratch.path + "/data")
        try await store.documents.save(.user("alice"), bytes("{}"), expecting: .absent)
        try await store.documents.save(.user("Alice"), bytes("{}"), expecting: .absent)
        try await store.flush()
        for path in ["data"] + Scratch.tree(scratch.path + "/data").map({ "data/" + $0 }) {
            let full = scratch.path + "/" + path
            #expect(Scratch.mode(full) == (Scratch.isDirectory(full) ? 0o700 : 0o600), "\(path)")
        }
    }

    @Test("A link in place of a folder is not followed")
    func aLinkInPlaceOfAFolderIsNotFollowed() async throws {
        let store = try DataDirectory.open(scratch.path)
        unsafe symlink("/tmp", scratch.path + "/users")
        #expect(await failure { try await store.documents.save(.user("a"), [], expecting: .any) } != nil)
    }
}
