// Record streams after a crash and after damage: the torn end of an append goes, and nothing that was acknowledged is
// ever missed.

import Glibc
import Storage
import StoreFiles
import Testing

@testable import RecordStore

@Suite("Record recovery", .timeLimit(.minutes(2)))
struct RecordRecoveryTests {
    let stream = StreamID("conn")

    /// The segment file of the only stream, relative to the data directory.
    private func segment(in path: String) throws -> String {
        path + "/" + (try #require(Scratch.tree(path).last { $0.hasSuffix(".seg") }))
    }

    private func manifest(in path: String) throws -> String {
        path + "/" + (try #require(Scratch.tree(path).last { $0.hasSuffix("/manifest") }))
    }

    /// Two appends; returns the segment's bytes after the first and after the second, and the manifests before and
    /// after closing.
    private func prepare(_ path: String) async throws -> (first: Int, whole: [UInt8], open: [UInt8], closed: [UInt8]) {
        let store = try DataDirectory.open(path)
        _ = try await store.records.append(batch([("a", "1"), ("b", "1")], checkpoint: "1"), to: stream)
        let first = try #require(Scratch.read(try segment(in: path))).count
        _ = try await store.records.append(batch([("b", "2"), ("c", "1")], checkpoint: "2"), to: stream)
        let open = try #require(Scratch.read(try manifest(in: path)))
        store.close()
        let whole = try #require(Scratch.read(try segment(in: path)))
        return (first, whole, open, try #require(Scratch.read(try manifest(in: path))))
    }

    @Test("An append torn at any byte is as if it had not been")
    func anAppendTornAtAnyByteIsAsIfItHadNotBeen() async throws {
        let scratch = Scratch()
        let (first, whole, manifest, _) = try await prepare(scratch.path)
        for length in first..<whole.count {
            for filler in [0, 0xff] as [UInt8?] + [nil] {
                Scratch.write(manifest, to: try self.manifest(in: scratch.path))
                let rest = filler.map { [UInt8](repeating: $0, count: whole.count - length) } ?? []
                let torn = Array(whole[..<length]) + rest
                if torn == whole { continue }
                Scratch.write(torn, to: try segment(in: scratch.path))
                let store = try DataDirectory.open(scratch.path)
                #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1"], "\(length)")
                #expect(try await store.records.state(of: stream)?["payments"]?.checkpoint == bytes("1"))
                #expect(
                    try await store.records.append(batch([("b", "2"), ("c", "1")]), to: stream)
                        == AppendOutcome(added: 1, updated: 1))
                #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1", "*b=2", "+c=1"])
                store.close()
            }
        }
    }

    @Test("Every flipped byte of what was acknowledged is found")
    func everyFlippedByteOfWhatWasAcknowledgedIsFound() async throws {
        let scratch = Scratch()
        let (_, whole, _, manifest) = try await prepare(scratch.path)
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 0x10
            Scratch.write(manifest, to: try self.manifest(in: scratch.path))
            Scratch.write(damaged, to: try segment(in: scratch.path))
            let store = try DataDirectory.open(scratch.path)
            var errors: [StoreError] = []
            if let error = await failure({ try await store.records.all(stream) }) { errors.append(error) }
            if let error = await failure({ try await store.records.state(of: stream) }) { errors.append(error) }
            if let error = await failure({ try await store.records.append(batch([("z", "1")]), to: stream) }) {
                errors.append(error)
            }
            #expect(!errors.isEmpty, "byte \(index)")
            store.close()
        }
    }

    @Test("Every truncation of what was acknowledged is found")
    func everyTruncationOfWhatWasAcknowledgedIsFound() async throws {
        let scratch = Scratch()
        let (_, whole, _, manifest) = try await prepare(scratch.path)
        for length in stride(from: 0, to: whole.count, by: 3) {
            Scratch.write(manifest, to: try self.manifest(in: scratch.path))
            Scratch.write(Array(whole[..<length]), to: try segment(in: scratch.path))
            let store = try DataDirectory.open(scratch.path)
            guard case .corrupt = await failure({ try await store.records.all(stream) }) else {
                Issue.record("length \(length)")
                continue
            }
            store.close()
        }
    }

    @Test("Every flipped byte of a manifest is found")
    func everyFlippedByteOfAManifestIsFound() async throws {
        let scratch = Scratch()
        let (_, _, _, manifest) = try await prepare(scratch.path)
        for index in manifest.indices {
            var damaged = manifest
            damaged[index] ^= 0x04
            #expect(throws: Manifest.Failure.self) { try Manifest(parsing: damaged) }
        }
        for length in manifest.indices {
            #expect(throws: Manifest.Failure.self) { try Manifest(parsing: Array(manifest[..<length])) }
        }
        #expect(try Manifest(parsing: manifest).encoded() == manifest)
    }

    @Test("A payload that looks like a frame is not taken for one")
    func aPayloadThatLooksLikeAFrameIsNotTakenForOne() async throws {
        let scratch = Scratch()
        let (first, whole, manifest, _) = try await prepare(scratch.path)
        // A frame of another stream, whole, as the payload of a record whose own frame is torn behind it.
        var builder = FrameBuilder()
        _ = builder.finish(
            FrameHeader(kind: .page, dataType: 0, incarnation: 7, segment: 1, ordinal: 9, firstSequence: 3),
            checkpoint: nil)
        Scratch.write(manifest, to: try self.manifest(in: scratch.path))
        Scratch.write(Array(whole[..<(first + 100)]) + builder.frame, to: try segment(in: scratch.path))
        let store = try DataDirectory.open(scratch.path)
        #expect(try await store.records.briefs(stream) == ["+a=1", "+b=1"])
        store.close()
    }

    @Test(
        "After an error at any call the stream is what was acknowledged",
        arguments: [FileCall.write, .fdatasync, .fsync, .open, .rename, .mkdir, .truncate])
    func afterAnErrorAtAnyCallTheStreamIsWhatWasAcknowledged(call: FileCall) async throws {
        for code in [EIO, ENOSPC] {
            for nth in 1...100 {
                let scratch = Scratch()
                let plan = CountedFault(.error(code), at: [call], nth: nth)
                var acknowledged: [String] = []
                var unknown = false
                if let store = try? DataDirectory.open(scratch.path, faults: plan) {
                    for (index, id) in ["a", "b", "c", "d"].enumerated() {
                        let type = index == 2 ? "customers" : "payments"
                        let error = await failure {
                            try await store.records.append(batch([(id, "1"), (id + id, "1")], type: type), to: stream)
                        }
                        if error == nil { acknowledged += ["+\(id)=1", "+\(id)\(id)=1"] }
                        if case .readOnly = error { unknown = true }
                    }
                    store.close()
                }
                let store = try DataDirectory.open(scratch.path)
                let found = try await store.records.briefs(stream)
                #expect(
                    found.starts(with: acknowledged) && (unknown || found == acknowledged), "\(call) \(code) \(nth)")
                #expect(found.count.isMultiple(of: 2))
                _ = try await store.records.append(batch([("z", "1")]), to: stream)
                store.close()
                if plan.count < nth { break }
            }
        }
    }
}
