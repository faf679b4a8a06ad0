// Whether the disk takes writes, and who owns what root makes in the directory of another user.

import DocumentStore
import Glibc
import StoreFiles
import Testing

@testable import Storage

@Suite("Disk", .timeLimit(.minutes(1)))
struct DiskProbeTests {
    /// Fails every write while it is set.
    private final class Failing: FaultPlan {
        private let code: Int32
        private let switchFile: String

        init(_ code: Int32, switch path: String) {
            self.code = code
            switchFile = path
        }

        func fault(at call: FileCall, path: String) -> Fault? {
            guard call == .write, unsafe access(switchFile, F_OK) == 0 else { return nil }
            return .error(code)
        }
    }

    @Test(
        "A failed write shows at the next probe, and so does the end of the trouble",
        arguments: [(ENOSPC, DiskProblem.full), (EDQUOT, .full), (EFBIG, .failing)] as [(Int32, DiskProblem)])
    func trouble(code: Int32, problem: DiskProblem) async throws {
        let scratch = Scratch()
        let flag = scratch.path + ".fails"
        defer { unsafe unlink(flag) }
        let store = try DataDirectory.open(scratch.path, faults: Failing(code, switch: flag))
        var state = await store.probe(after: DiskState())
        #expect(state.problem == nil && state.freeBytes > 0)
        let file = unsafe open(flag, O_CREAT | O_WRONLY, 0o600)
        close(file)
        await #expect(throws: StoreError.self) {
            try await store.documents.save(.user("alice"), bytes("1"), expecting: .any)
        }
        state = await store.probe(after: state)
        #expect(state.problem == problem)
        state = await store.probe(after: state)
        #expect(state.problem == problem, "nothing has failed since, and the disk is as it was")
        unsafe unlink(flag)
        state = await store.probe(after: state)
        #expect(state.problem == nil)
        try await store.documents.save(.user("alice"), bytes("2"), expecting: .any)
        #expect(Scratch.tree(scratch.path).allSatisfy { !$0.hasSuffix(".tmp") })
        store.close()
    }

    @Test("What root makes in a service user's directory belongs to that user", .enabled(if: geteuid() == 0))
    func owner() async throws {
        let scratch = Scratch()
        #expect(unsafe chown(scratch.path, 65534, 65534) == 0)
        let store = try DataDirectory.open(scratch.path)
        try await store.documents.save(.user("alice"), bytes("1"), expecting: .any)
        try await store.documents.flush()
        store.close()
        let tree = Scratch.tree(scratch.path)
        #expect(tree.contains { $0.hasPrefix("users/") })
        for name in tree {
            var status = stat()
            #expect(unsafe lstat(scratch.path + "/" + name, &status) == 0)
            #expect(status.st_uid == 65534 && status.st_gid == 65534, "\(name)")
        }
    }
}
