// The backups that a host makes by itself: when one is due, their names, and which ones are kept.

import Cryptography
import DocumentStore
import Glibc
import StoreFiles
import Testing

@testable import Storage

@Suite("Backup folder", .timeLimit(.minutes(1)))
struct BackupFolderTests {
    let scratch = Scratch()

    @Test("A backup is due without one and after its interval, also when the newest is from the future")
    func aBackupIsDueAfterItsInterval() {
        let plan = BackupPlan(everySeconds: 3600, keep: 2)
        let table: [(newest: Int64?, now: Int64, isDue: Bool)] = [
            (nil, 0, true), (0, 3599, false), (0, 3600, true), (5000, 5000, false), (5000, 1401, false),
            (5000, 1400, true),
        ]
        for row in table { #expect(plan.isDue(newest: row.newest, now: row.now) == row.isDue, "\(row)") }
    }

    @Test("The newest backups are kept, and other files are never removed")
    func theNewestAreKept() {
        let names = [
            "integration-host-20260103T000000Z.tar", "integration-host-20251231T235959Z.tar.sealed",
            "integration-host-20260102T000000Z.tar.sealed", "notes.txt", "integration-host-20251301T000000Z.tar",
            "integration-host-20260101T000000Z.tar.part",
        ]
        #expect(BackupPlan(everySeconds: 1, keep: 2).surplus(names) == ["integration-host-20251231T235959Z.tar.sealed"])
        #expect(BackupPlan(everySeconds: 1, keep: 3).surplus(names) == [])
        #expect(BackupPlan(everySeconds: 1, keep: 0).surplus(names).count == 2)
    }

    @Test("A name says when a backup was begun, and no other name does")
    func aNameSaysWhen() {
        #expect(BackupFolder.name(at: 1_796_126_400, isSealed: false) == "integration-host-20261201T120000Z.tar")
        for seconds: Int64 in [0, 951_782_400, 1_796_126_399, 4_102_444_799] {
            for isSealed in [false, true] {
                #expect(BackupFolder.time(of: BackupFolder.name(at: seconds, isSealed: isSealed)) == seconds)
            }
        }
        for name in [
            "integration-host-20260230T000000Z.tar", "integration-host-20260101T240000Z.tar",
            "integration-host-20260101T000000Z", "integration-host-20260101T000000Z.tar.part",
            "integration-host-2026010aT000000Z.tar", "backup.tar", "integration-host-20260101T000000Z.tar.old",
        ] { #expect(BackupFolder.time(of: name) == nil, "\(name)") }
    }

    @Test("A backup has its name once it is whole; a failure leaves nothing, and old ones and parts go")
    func aBackupHasItsNameOnceItIsWhole() async throws {
        let store = try DataDirectory.open(scratch.path + "/data")
        try await store.documents.save(.user("alice"), bytes("{}"), expecting: .absent)
        let path = scratch.path + "/backups"
        unsafe mkdir(path, 0o700)
        let folder = BackupFolder(path: path)
        let plan = BackupPlan(everySeconds: 60, keep: 2)
        #expect(try folder.newest() == nil)
        Scratch.write(bytes("x"), to: path + "/integration-host-20200101T000000Z.tar.part")
        Scratch.write(bytes("x"), to: path + "/mine")
        for seconds: Int64 in [100, 200, 300] {
            let outcome = try await folder.make(at: seconds, recipient: nil, plan: plan) { output throws(StoreError) in
                #expect(!Scratch.names(path).contains(BackupFolder.name(at: seconds, isSealed: false)))
                return try await store.backup(to: output)
            }
            #expect(outcome.documents == 1)
        }
        let kept = [BackupFolder.name(at: 200, isSealed: false), BackupFolder.name(at: 300, isSealed: false), "mine"]
        #expect(Scratch.names(path) == kept)
        #expect(Scratch.mode(path + "/" + kept[0]) == 0o600)
        let failed = await failure {
            try await folder.make(at: 400, recipient: nil, plan: plan) { _ throws(StoreError) in throw .busy }
        }
        #expect(failed == .busy && Scratch.names(path) == kept)
        #expect(try folder.newest() == 300)
        store.close()
        #expect(await failure { try BackupFolder(path: path + "/none").newest() } != nil)
    }
}
