// The host under a service manager, and as a container's health check asks it.

import Foundation
import Glibc
import HostTesting
import TestSupport
import Testing

@Suite("Service managers and health checks", .timeLimit(.minutes(2)))
struct ServiceManagerTests {
    @Test("A service manager hears that the host is ready, alive again and again, and stopping")
    func notifications() async throws {
        let directory = try TemporaryDirectory()
        let manager = try NotifySocket(directory.path + "/notify")
        let host = try await HostProcess(
            ["serve", "--data", directory.path + "/data", "--listen", "127.0.0.1:0"],
            environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"])
        var messages: [String] = []
        for _ in 0..<4 { messages.append(try await manager.next()) }
        #expect(messages.contains { $0.hasPrefix("READY=1\nSTATUS=listening on http://127.0.0.1:") })
        #expect(messages.count { $0 == "WATCHDOG=1" } == 3)
        host.signal(SIGTERM)
        repeat { messages.append(try await manager.next()) } while messages.last == "WATCHDOG=1"
        #expect(messages.last == "STOPPING=1")
        #expect(await host.waitForExit() == 0)
    }

    @Test(
        "A manager that is not there, or a watchdog of another process, changes nothing",
        arguments: [
            ["NOTIFY_SOCKET": "/nonexistent/socket"], ["NOTIFY_SOCKET": "relative"], ["NOTIFY_SOCKET": ""],
            ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 200)],
            ["NOTIFY_SOCKET": "@no-such-socket", "WATCHDOG_USEC": "not a number", "WATCHDOG_PID": "1"],
        ])
    func absentManager(environment: [String: String]) async throws {
        let directory = try TemporaryDirectory()
        let host = try await HostProcess(
            ["serve", "--data", directory.path + "/data", "--listen", "127.0.0.1:0"], environment: environment)
        #expect(try await TestClient(host.url).get("/readyz").status == 200)
        #expect(await host.terminate() == 0)
    }

    @Test("`health` succeeds while a host is ready, and says why it does not")
    func health() async throws {
        let directory = try TemporaryDirectory()
        let host = try await HostProcess(["serve", "--data", directory.path + "/data", "--listen", "127.0.0.1:0"])
        let healthy = try await HostProcess.run(["health", "--url", host.url])
        #expect(healthy.code == 0 && healthy.output.contains("ready"), "\(healthy)")
        let port = host.url.split(separator: ":").last ?? ""
        let asConfigured = try await HostProcess.run(["health", "--listen", "0.0.0.0:\(port)"])
        #expect(asConfigured.code == 0, "\(asConfigured)")
        #expect(await host.terminate() == 0)
        let gone = try await HostProcess.run(["health", "--url", host.url])
        #expect(gone.code == 1 && gone.errors.contains("no host answers at \(host.url)"), "\(gone)")
    }
}

/// The socket of a service manager.
private final class NotifySocket: Sendable {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw HostProcessError(description: "bind: errno \(errno)") }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// The next message; fails after 20 seconds.
    func next() async throws -> String {
        try await onOwnThread { [descriptor] in
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { throw HostProcessError(description: "no message: errno \(errno)") }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
    }
}
