// The launcher that the process tests stand on: what it starts, reads, waits for and ends.

import CLinux
import Glibc
import TestSupport
import Testing

@Suite("Child processes", .timeLimit(.minutes(1)))
struct ChildProcessTests {
    @Test("A command's exit code, output and errors are captured apart")
    func captures() throws {
        let ending = try ChildProcess.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        #expect(ending.code == 3)
        #expect(ending.output == "out\n")
        #expect(ending.errors == "err\n")
    }

    @Test("The folder and the variables are those asked for")
    func placement() throws {
        let ending = try ChildProcess.run(
            ["sh", "-c", "pwd; echo $COLOR; echo ${HOME-none}"], environment: ["COLOR": "blue"], in: "/usr")
        #expect(ending.output == "/usr\nblue\nnone\n")
    }

    @Test("A program that does not exist is an error")
    func missing() {
        #expect(throws: ChildProcess.Failure.self) { try ChildProcess.run(["/no/such/program"]) }
    }

    @Test("Output larger than a pipe holds is read on both streams at once")
    func large() throws {
        let script = "head -c 1000000 /dev/zero | tr '\\0' a >&2; head -c 1000000 /dev/zero | tr '\\0' b"
        let ending = try ChildProcess.run(["sh", "-c", script])
        #expect(ending.output.utf8.count == 1_000_000 && ending.errors.utf8.count == 1_000_000)
    }

    @Test("A command that takes too long is killed")
    func deadline() throws {
        let start = ContinuousClock.now
        #expect(throws: ChildProcess.Failure.self) {
            try ChildProcess.run(["sleep", "60"], within: .milliseconds(50))
        }
        let process = try ChildProcess(["sleep", "60"])
        #expect(throws: ChildProcess.Failure.self) { try process.wait(within: .milliseconds(50)) }
        #expect(try process.wait() == SIGKILL)
        #expect(start.duration(to: .now) < .seconds(30))
    }

    @Test("Lines are read as they come, and the end of the stream differs from a slow line")
    func lines() throws {
        let process = try ChildProcess(["sh", "-c", "echo one; echo two; exec sleep 60"])
        let output = try #require(process.output)
        #expect(try output.line() == "one")
        #expect(try output.lines(through: "tw") == "two\n")
        #expect(throws: ChildProcess.Failure.self) { try output.line(within: .milliseconds(50)) }
        process.kill()
        #expect(try output.line() == nil)
    }

    @Test("A signal reaches the process, and none is sent once it has ended")
    func signals() throws {
        let process = try ChildProcess(["sleep", "60"])
        #expect(process.isRunning)
        process.signal(SIGTERM)
        #expect(try process.wait() == SIGTERM)
        #expect(!process.isRunning)
        process.signal(SIGTERM)
        process.kill()
    }

    @Test("A process inherits no descriptor of the tests, and ignores and blocks no signal")
    func isolation() throws {
        // The start of a program would not close these.
        let open = (0..<2).map { _ in dup(2) }
        defer { for descriptor in open { close(descriptor) } }
        let ending = try ChildProcess.run(["sh", "-c", "ls /proc/self/fd; grep -E 'Sig(Blk|Ign)' /proc/self/status"])
        // The last one is of the folder that is listed.
        #expect(ending.output.hasPrefix("0\n1\n2\n3\nSig"), "\(ending.output)")
        #expect(ending.output.contains("SigBlk:\t0000000000000000"))
        // The C library itself ignores its two internal signals for a moment of the start.
        let ignored = ["SigIgn:\t0000000000000000", "SigIgn:\t0000000180000000"]
        #expect(ignored.contains { ending.output.contains($0) }, "\(ending.output)")
    }

    @Test("Processes are started and read while more than 1,024 descriptors are open")
    func manyDescriptors() throws {
        let open = (0..<1200).map { _ in unsafe cl_openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0) }
        defer { for descriptor in open where descriptor >= 0 { close(descriptor) } }
        try #require(open.allSatisfy { $0 >= 0 }, "the limit of open files is too low for this test")
        for _ in 0..<3 { #expect(try ChildProcess.run(["echo", "here"]).output == "here\n") }
    }

    @Test("A stream can go to a file, which keeps what it had")
    func file() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("log", "before\n")
        let process = try ChildProcess(["echo", "after"], output: .file(path), errors: .discarded)
        #expect(try process.wait() == 0)
        #expect(try ChildProcess.run(["cat", path]).output == "before\nafter\n")
    }
}
