// Backups as archives, plain and sealed: made, verified and restored, and refused when they are not whole.

import Audit
import Cryptography
import DocumentStore
import Glibc
import Primitives
import RecordStore
import StoreFiles
import Testing

@testable import Storage

/// A key pair for tests alone.
enum TestSeal {
    static let identity =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEILBdWkrwlMz584HueEXUzrUW1T8HuXl30SHskN4SPR52\n-----END PRIVATE KEY-----\n"
    static let recipient =
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEABBxMwSVMlOnIg+7Ey894OXHlPqyJA7n66+GdEhSNmj8=\n-----END PUBLIC KEY-----\n"
}

@Suite("Archives", .timeLimit(.minutes(2)))
struct ArchiveTests {
    let scratch = Scratch()
    let stream = StreamID("conn")

    /// A directory with three users and two streams; its last change waits in the journal.
    private func fill(_ path: String) async throws -> DataDirectory {
        let store = try DataDirectory.open(path, options: JournalTests.lazy)
        for id in ["alice", "bob", "Ålice"] {
            try await store.documents.save(.user(id), bytes("{\"id\":\"\(id)\"}"), expecting: .absent)
        }
        _ = try await store.records.append(batch([("a", "1"), ("b", "1")], checkpoint: "1"), to: stream)
        _ = try await store.records.append(batch([("a", "1")]), to: StreamID("Other"))
        try await store.flush()
        try await store.documents.save(.user("alice"), bytes("newest"), expecting: .revision(1))
        return store
    }

    private func write(_ store: DataDirectory, to name: String, sealed: Bool) async throws -> BackupOutcome {
        let path = scratch.path + "/" + name
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        let recipient = sealed ? try SealingRecipient(pem: TestSeal.recipient) : nil
        return try await store.backup(to: ArchiveOutput(descriptor: descriptor, name: name, recipient: recipient))
    }

    private func reading<Result>(
        _ name: String, identity: String? = nil, _ body: (ArchiveInput) throws -> Result
    ) throws -> Result {
        let descriptor = unsafe open(scratch.path + "/" + name, O_RDONLY)
        defer { close(descriptor) }
        return try body(
            ArchiveInput(
                descriptor: descriptor, name: name, identity: try identity.map { try SealingIdentity(pem: $0) }))
    }

    private func verified(_ name: String, identity: String? = nil) throws -> BackupOutcome {
        try reading(name, identity: identity) { archive in
            try DataDirectory.verify(archive: archive, scratch: scratch.path + "/verification")
        }
    }

    @Test("A plain and a sealed archive are verified and restored whole", arguments: [false, true])
    func anArchiveIsRestoredWhole(isSealed: Bool) async throws {
        let store = try await fill(scratch.path + "/data")
        let outcome = try await write(store, to: "backup", sealed: isSealed)
        #expect(outcome.documents == 3 && outcome.streams == 2 && outcome.skipped == [])
        let late = try await store.records.read(stream, after: .start).next
        _ = try await store.records.append(batch([("c", "1")]), to: stream)
        let later = try await store.records.read(stream, after: .start).next
        store.close()
        let identity = isSealed ? TestSeal.identity : nil
        let found = try verified("backup", identity: identity)
        #expect(found.documents >= 3 && found.streams == 2 && found.skipped == [])
        #expect(Scratch.names(scratch.path + "/verification") == [])
        let target = scratch.path + "/restored"
        _ = try reading("backup", identity: identity) { try DataDirectory.restore(from: $0, to: target) }
        for path in Scratch.tree(target) {
            let full = target + "/" + path
            #expect(Scratch.mode(full) == (Scratch.isDirectory(full) ? 0o700 : 0o600), "\(path)")
        }
        let restored = try DataDirectory.open(target)
        #expect(try await restored.check().problems == [])
        #expect(restored.installation.origin == .restored)
        #expect(try await restored.documents.load(.user("alice"))?.bytes == bytes("newest"))
        #expect(try await restored.documents.load(.user("Ålice"))?.revision == 1)
        #expect(try await restored.records.state(of: stream)?["payments"]?.checkpoint == bytes("1"))
        _ = try await restored.records.append(batch([("d", "1")]), to: stream)
        #expect(try await restored.records.briefs(stream, after: late) == ["+d=1"])
        #expect(await failure { try await restored.records.read(stream, after: later) } == .invalidCursor)
        restored.close()
    }

    @Test("tar unpacks a plain archive into a folder that restores")
    func tarUnpacksAPlainArchive() async throws {
        let store = try await fill(scratch.path + "/data")
        _ = try await write(store, to: "backup.tar", sealed: false)
        store.close()
        unsafe mkdir(scratch.path + "/unpacked", 0o700)
        let child = try Child(["tar", "-xf", scratch.path + "/backup.tar", "-C", scratch.path + "/unpacked"])
        #expect(try child.linesUntilEnd() == [])
        #expect(try DataDirectory.verify(backup: scratch.path + "/unpacked").skipped == [])
        #expect(
            try DataDirectory.restore(from: scratch.path + "/unpacked", to: scratch.path + "/restored").documents == 3)
    }

    @Test("An archive that was cut off anywhere, or changed anywhere, is refused", arguments: [false, true])
    func anArchiveThatIsNotWholeIsRefused(isSealed: Bool) async throws {
        let store = try await fill(scratch.path + "/data")
        _ = try await write(store, to: "backup", sealed: isSealed)
        store.close()
        let whole = try #require(Scratch.read(scratch.path + "/backup"))
        let identity = isSealed ? TestSeal.identity : nil
        var random = SplitMix64(seed: 7)
        // The two blocks at the end of a plain archive say nothing that its mark does not say.
        let ends = (0..<40).map { _ in Int(random.next() % UInt64(whole.count - 1100)) } + [0, 512, 1024]
        for end in ends {
            Scratch.write(Array(whole[..<end]), to: scratch.path + "/cut")
            #expect(throws: StoreError.self, "cut at \(end)") { try verified("cut", identity: identity) }
        }
        for index in (0..<60).map({ _ in Int(random.next() % UInt64(whole.count)) }) where isSealed {
            var changed = whole
            changed[index] ^= 1
            Scratch.write(changed, to: scratch.path + "/changed")
            #expect(throws: StoreError.self, "byte \(index)") { try verified("changed", identity: identity) }
        }
        // Of a plain archive the contents have checksums.
        let data = try #require(Self.index(of: bytes("newest"), in: whole) ?? (isSealed ? 0 : nil))
        var changed = whole
        changed[data] ^= 1
        Scratch.write(changed, to: scratch.path + "/changed")
        #expect(throws: StoreError.self) {
            try reading("changed", identity: identity) {
                try DataDirectory.restore(from: $0, to: scratch.path + "/restored")
            }
        }
        #expect(await failure { try DataDirectory.open(scratch.path + "/restored") } == .restoreUnfinished)
        _ = try reading("backup", identity: identity) {
            try DataDirectory.restore(from: $0, to: scratch.path + "/restored")
        }
    }

    private static func index(of word: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.indices.dropLast(word.count).first { bytes[$0] == word[0] && bytes[$0...].starts(with: word) }
    }

    @Test("What is no backup is refused with what it is")
    func whatIsNoBackupIsRefused() async throws {
        let store = try await fill(scratch.path + "/data")
        _ = try await write(store, to: "sealed", sealed: true)
        store.close()
        for (content, fault) in [
            ([], BackupFault.notABackup), (bytes("some text"), .notABackup),
            ([UInt8](repeating: 1, count: 2000), .notABackup), ([UInt8](repeating: 0, count: 1024), .cutShort),
            (bytes(SealedStream.firstLine), .notABackup),
            (bytes(SealedStream.firstLine + "x25519 AAAA\n"), .identityForeign),
            (bytes(SealedStream.firstLine + "other AAAA\n"), .notABackup),
        ] {
            Scratch.write(content, to: scratch.path + "/file")
            let found = await failure { try verified("file", identity: TestSeal.identity) }
            #expect(found == .backup(fault), "\(content.prefix(60))")
        }
        #expect(await failure { try verified("sealed") } == .backup(.identityMissing))
        let other = try RSAPrivateKey.generate().pem()
        #expect(await failure { try verified("sealed", identity: other) } == .backup(.identityForeign))
    }

    @Test("An archive whose files would go elsewhere is refused before any of them is written")
    func filesThatWouldGoElsewhereAreRefused() async throws {
        let paths = [
            ["..", "users", "x.json"], ["users", "2bd", "..", "x"], ["keys", "000", "a.json"], ["plugins", "a.so"],
            ["audit", "../../x.log"], ["records", "000", "conn", "x"], ["users", "2bd", "alice.json", "x", "y"],
            ["records", "000", "..", "manifest"], ["etc"],
        ]
        for path in paths {
            let descriptor = unsafe open(scratch.path + "/odd", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            let writer = try ArchiveWriter(ArchiveOutput(descriptor: descriptor, name: "odd"))
            try writer.write(bytes("x"), to: path)
            try writer.finish()
            close(descriptor)
            let found = await failure {
                try reading("odd") { try DataDirectory.restore(from: $0, to: scratch.path + "/restored") }
            }
            guard case .backup(.damaged) = found else {
                Issue.record("\(path): \(String(describing: found))")
                continue
            }
        }
        #expect(Scratch.names(scratch.path) == ["odd", "restored"])
    }

    @Test(
        "A document that was deleted while the disk failed is in no backup, and the backup restores",
        arguments: [false, true])
    func aDocumentThatWasDeletedIsInNoBackup(isArchive: Bool) async throws {
        let faults = CountedFault(.error(EIO), at: [.write, .fdatasync, .fsync], nth: 1, lasts: true)
        faults.stop()
        let store = try DataDirectory.open(scratch.path + "/data", faults: faults, options: JournalTests.lazy)
        for id in ["alice", "bob"] { try await store.documents.save(.user(id), bytes(id), expecting: .absent) }
        try await store.flush()
        _ = try await store.documents.delete(.user("alice"), expecting: .any)
        faults.start()
        #expect(await failure { try await store.documents.save(.user("late"), bytes("x"), expecting: .absent) } != nil)
        faults.stop()
        let target = scratch.path + "/restored"
        if isArchive {
            _ = try await write(store, to: "backup", sealed: true)
            _ = try reading("backup", identity: TestSeal.identity) { try DataDirectory.restore(from: $0, to: target) }
        } else {
            _ = try await store.backup(to: scratch.path + "/folder")
            _ = try DataDirectory.restore(from: scratch.path + "/folder", to: target)
        }
        store.close()
        let restored = try DataDirectory.open(target)
        #expect(try await restored.documents.load(.user("alice")) == nil)
        #expect(try await restored.documents.load(.user("bob"))?.bytes == bytes("bob"))
        restored.close()
    }

    @Test("Verification of a folder finds what is damaged in it")
    func verificationOfAFolderFindsDamage() async throws {
        let store = try await fill(scratch.path + "/data")
        _ = try await store.backup(to: scratch.path + "/folder")
        store.close()
        #expect(try DataDirectory.verify(backup: scratch.path + "/folder").documents == 3)
        let name = try #require(Scratch.tree(scratch.path + "/folder").first { $0.hasSuffix("/bob.json") })
        var content = try #require(Scratch.read(scratch.path + "/folder/" + name))
        content[content.count - 5] ^= 1
        Scratch.write(content, to: scratch.path + "/folder/" + name)
        #expect(await failure { try DataDirectory.verify(backup: scratch.path + "/folder") } == .backup(.damaged(name)))
        unsafe unlink(scratch.path + "/folder/backup")
        #expect(await failure { try DataDirectory.verify(backup: scratch.path + "/folder") } == .backup(.cutShort))
    }
}
