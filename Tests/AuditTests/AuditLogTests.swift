// The audit log over real files: order, restarts, failing disks, rotation, and what its lines say of users.

import Cryptography
import Foundation
import Glibc
import Primitives
import ProviderSDK
import StoreFiles
import TestSupport
import Testing

@testable import Audit

@Suite("Audit log", .timeLimit(.minutes(2)))
struct AuditLogTests {
    @Test("A log without a line has no folder, and its first line makes one that only the owner reads")
    func beginning() async throws {
        let fixture = try AuditFixture()
        let log = try fixture.open()
        #expect(fixture.names == [] && log.lastSequence == 0)
        #expect(try await log.check() == AuditReport())
        try await log.append(AuditFixture.entry)
        #expect(fixture.names == ["0000000000000001.log"])
        let attributes = try FileManager.default.attributesOfItem(
            atPath: fixture.directory.path + "/audit/0000000000000001.log")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("Lines of many tasks at once are one chain, and the next start continues it")
    func concurrency() async throws {
        let fixture = try AuditFixture()
        let log = try fixture.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<600 { group.addTask { try await log.append(AuditFixture.entry) } }
            try await group.waitForAll()
        }
        #expect(log.lastSequence == 600)
        let next = try fixture.open()
        #expect(next.lastSequence == 600 && next.openingBreaks == [])
        try await next.append(AuditFixture.entry)
        let report = try await next.check()
        #expect(report.isSound && report.lines == 601)
        #expect(
            report.lastHash == AuditChain.read(Array(try fixture.text().utf8).split(separator: 10).last ?? [])?.hash)
    }

    @Test("An unfinished last line is cut off at every length, and the log goes on behind the line before")
    func unfinishedLine() async throws {
        let whole = try AuditFixture()
        _ = try whole.make([3])
        let text = try whole.text()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for cut in 1...lines[2].utf8.count {
            let fixture = try AuditFixture()
            _ = try fixture.make([3])
            try fixture.write(String(text.dropLast(cut)))
            let log = try fixture.open()
            #expect(log.lastSequence == 2 && log.openingBreaks == [], "cut \(cut)")
            #expect(try fixture.text().split(separator: "\n").count == 2)
            try await log.append(AuditFixture.entry)
            let report = try await log.check()
            #expect(report.isSound && report.lines == 3, "cut \(cut)")
        }
    }

    @Test("A damaged last line stays and is reported, and lines behind it follow from the last sound one")
    func damagedLine() async throws {
        let fixture = try AuditFixture()
        _ = try fixture.make([3])
        try fixture.write(try fixture.text().replacingOccurrences(of: "\"seq\":3", with: "\"seq\"!3"))
        let damaged = try fixture.text()
        for _ in 0..<2 {
            let log = try fixture.open()
            #expect(log.openingBreaks.map(\.why) == [.malformed])
            try await log.append(AuditFixture.entry)
            let report = try await log.check()
            #expect(report.found == [.init(path: "audit/0000000000000001.log", line: 3, why: .malformed)])
        }
        #expect(try fixture.text().hasPrefix(damaged))
    }

    @Test("A line that the disk has no room for is refused as a whole, and the log goes on when there is room")
    func noSpace() async throws {
        for fault in [Fault.error(ENOSPC), .error(EDQUOT)] {
            let fixture = try AuditFixture(FileSystem(faults: FailOnce(.write, after: 1, fault)))
            let log = try fixture.open()
            try await log.append(AuditFixture.entry)
            await #expect(throws: StoreError.self) { try await log.append(AuditFixture.entry) }
            #expect(log.lastSequence == 1)
            try await log.append(AuditFixture.entry)
            let report = try await log.check()
            #expect(report.isSound && report.lines == 2)
        }
    }

    @Test("After a sync to disk that failed no line is taken, and the next start reads what is there")
    func failedSync() async throws {
        let fixture = try AuditFixture(FileSystem(faults: FailOnce(.fdatasync, after: 1, .error(EIO))))
        let log = try fixture.open()
        try await log.append(AuditFixture.entry)
        for _ in 0..<2 {
            await #expect {
                try await log.append(AuditFixture.entry)
            } throws: { error in
                if case StoreError.readOnly = error { true } else { false }
            }
        }
        #expect(log.lastSequence == 1)
        // Whether the line reached the disk is not known; either way the chain is whole.
        let report = try await fixture.open().check()
        #expect(report.isSound && (1...2).contains(report.lines))
    }

    @Test("A file takes lines until it is full, and then the next one begins where it ends")
    func rotation() async throws {
        let fixture = try AuditFixture()
        let count = AuditFixture.linesOfFullFile
        _ = try fixture.make([count - 1])
        let log = try fixture.open()
        try await log.append(AuditFixture.entry)
        #expect(fixture.names.count == 1)
        try await log.append(AuditFixture.entry)
        #expect(fixture.names == [AuditFolder.name(first: 1), AuditFolder.name(first: count + 1)])
        let excess = try fixture.text(AuditFolder.name(first: 1)).utf8.count - AuditLimits.fileBytesMax
        #expect(0..<AuditLimits.lineBytesMax ~= excess)
        let report = try await log.check()
        #expect(report.isSound && report.lines == count + 1)
        #expect(try fixture.open().lastSequence == count + 1)
    }

    @Test("Beyond the number of files the oldest goes, and a line says up to where")
    func dropping() async throws {
        let fixture = try AuditFixture()
        let full = AuditFixture.linesOfFullFile
        _ = try fixture.make([5, 4] + [Int](repeating: 1, count: AuditLimits.filesMax - 3) + [full])
        #expect(fixture.names.count == AuditLimits.filesMax)
        let log = try fixture.open()
        try await log.append(AuditFixture.entry)
        #expect(fixture.names.count == AuditLimits.filesMax && fixture.names.first == AuditFolder.name(first: 6))
        let last = try #require(AuditChain.read(Array(try fixture.text().utf8).split(separator: 10)[0]))
        #expect(last.json["action"]?.string == "audit.drop" && last.json["through"]?.integer == 5)
        let report = try await log.check()
        #expect(report.isSound, "\(report)")
        // One more file missing is no longer what the line says.
        try FileManager.default.removeItem(atPath: fixture.directory.path + "/audit/" + fixture.names[0])
        #expect(try await fixture.open().check().missingThrough == 9)
    }

    @Test("Pages follow each other over the files without a gap, and a filter does not lose the place")
    func pages() async throws {
        let fixture = try AuditFixture()
        _ = try fixture.make([3, 1, 4])
        let log = try fixture.open()
        for limit in 1...9 {
            var (found, place, pages): ([Int64], Int?, Int) = ([], 0, 0)
            while let after = place {
                let page = try await log.page(after: after, limit: limit) { _ in true }
                found += page.entries.compactMap { $0["seq"]?.integer }
                (place, pages) = (page.next, pages + 1)
            }
            #expect(found == Array(1...8))
            #expect(pages == (8 + limit - 1) / limit)
        }
        let even = try await log.page(after: 2, limit: 2) { ($0["seq"]?.integer ?? 1) % 2 == 0 }
        #expect(even.entries.compactMap { $0["seq"]?.integer } == [4, 6] && even.next == 6)
        #expect(try await log.page(after: 8, limit: 5) { _ in true }.entries.isEmpty)
        #expect(try await log.page(after: 99, limit: 5) { _ in true }.next == nil)
    }

    @Test("A line names no user, and the lines of a user are found with every key of the ring")
    func users() async throws {
        let fixture = try AuditFixture()
        let log = try fixture.open()
        let rotated = try fixture.ring.rotated()
        let target = AuditTarget(userID: "ann@example.com", connectionID: "conn-1", service: "stripe")
        try await fixture.trail(log).append(.connect, target, .done)
        try await AuditActor.$current.withValue(AuditActor(.application, keyID: "k", userID: "ann@example.com")) {
            try await fixture.trail(log, rotated).append(.disconnect, AuditTarget(connectionID: "conn-1"), .begun)
        }
        try await fixture.trail(log).append(.connect, AuditTarget(userID: "ben"), .done)
        #expect(try !fixture.text().contains("ann") && !fixture.text().contains("example"))
        let all = try await fixture.trail(log, rotated).page(after: 0, limit: 10, userID: "ann@example.com")
        #expect(all.entries.compactMap { $0["seq"]?.integer } == [1, 2])
        let first = try await fixture.trail(log).page(after: 0, limit: 10, userID: "ann@example.com")
        #expect(first.entries.compactMap { $0["seq"]?.integer } == [1])
        #expect(all.entries[1]["actor"]?["key"]?.string == "k")
        let hashes = all.entries.compactMap { $0["user"]?.string ?? $0["actor"]?["user"]?.string }
        #expect(Set(hashes).count == 2 && hashes[0].hasPrefix(fixture.ring.primaryID + ":"))
    }

    @Test("Lines wait up to their number, and go to the disk a batch at a time")
    func waiting() async throws {
        let plan = HeldSync()
        let fixture = try AuditFixture(FileSystem(faults: plan))
        let log = try fixture.open()
        let all = AuditLimits.waitingLinesMax
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { plan.latch.open() }
            group.addTask { try await log.append(AuditFixture.entry) }
            try await waitUntil("the first line's sync") { plan.syncs == 1 }
            for _ in 0..<all { group.addTask { try await log.append(AuditFixture.entry) } }
            try await waitUntil("the waiting lines") { log.waitingCount == all }
            await #expect(throws: StoreError.busy) { try await log.append(AuditFixture.entry) }
            plan.latch.open()
            try await group.waitForAll()
        }
        #expect(plan.syncs == 1 + all / AuditLimits.batchLinesMax)
        let report = try await log.check()
        #expect(report.isSound && report.lines == all + 1)
    }

    @Test("A page has looked at so many lines when it ends, and the next one goes on behind them")
    func scanned() async throws {
        let fixture = try AuditFixture()
        let count = AuditLimits.scannedLinesMax
        let full = AuditFixture.linesOfFullFile
        _ = try fixture.make([full, count + 1 - full])
        let log = try fixture.open()
        let page = try await log.page(after: 0, limit: 5) { _ in false }
        #expect(page.entries.isEmpty && page.next == count)
        let rest = try await log.page(after: count, limit: 5) { _ in true }
        #expect(rest.entries.count == 1 && rest.next == nil)
    }

    @Test("So many breaks are described, and one more is counted")
    func describedBreaks() async throws {
        let max = AuditLimits.describedBreaksMax
        for count in [max, max + 1] {
            let fixture = try AuditFixture()
            _ = try fixture.make([count])
            try fixture.write(try fixture.text().replacingOccurrences(of: "1970", with: "1971"))
            let report = try await fixture.open().check()
            #expect(report.breaks == count && report.found.count == max)
        }
    }

    @Test("Ids of callers are cut to a length with which a line keeps its bound")
    func longIDs() async throws {
        let fixture = try AuditFixture()
        let long = String(repeating: "\u{1}", count: 5000)
        let log = try fixture.open()
        var entry = AuditEntry(
            at: .epoch, action: .connect, result: .done, actor: AuditActor(.application, keyID: long))
        entry.target = AuditTarget(connectionID: long, service: long, keyID: long)
        try await log.append(entry)
        let report = try await log.check()
        #expect(report.isSound && report.lines == 1)
        #expect(try fixture.text().utf8.count < AuditLimits.lineBytesMax)
    }
}
