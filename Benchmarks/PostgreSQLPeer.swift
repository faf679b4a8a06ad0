// PostgreSQL as a peer: a cluster in a temporary folder, reached over a socket there, and pgbench with one prepared insert of a row
// with an index, durable as by default. Ended by its own control program.

import Foundation
import HostTesting
import TestSupport

/// A running PostgreSQL; nil where none is installed.
final class PostgreSQLPeer {
    private let binaries: String
    private let folder: String
    private let port = 5499

    /// The URL of the database.
    var url: String { "host=\(folder) port=\(port) user=postgres dbname=postgres sslmode=disable" }

    init?() throws {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted {
            Int($0) ?? 0 < Int($1) ?? 0
        }
        guard let version = versions.last,
            FileManager.default.isExecutableFile(atPath: "\(root)/\(version)/bin/pgbench")
        else { return nil }
        binaries = "\(root)/\(version)/bin"
        folder = "/tmp/integration-host-peer-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        if geteuid() == 0 { try Self.run(["chown", "postgres", folder]) }
        try run(["\(binaries)/initdb", "-D", folder + "/data", "-A", "trust", "-U", "postgres"])
        let options =
            "-p \(port) -c listen_addresses= -c unix_socket_directories=\(folder) -c shared_buffers=256MB -c max_wal_size=2GB"
        try run(["\(binaries)/pg_ctl", "-D", folder + "/data", "-w", "-l", folder + "/log", "-o", options, "start"])
        try run([
            "\(binaries)/psql", "-q", "-h", folder, "-p", "\(port)", "-U", "postgres", "-c",
            """
            create table user_integration(id bigserial primary key, usr text, integration text, connected boolean,
            created timestamptz default now()); create index on user_integration(usr)
            """,
        ])
    }

    /// Ends it and removes its folder.
    func stop() {
        _ = try? run(["\(binaries)/pg_ctl", "-D", folder + "/data", "-m", "fast", "-w", "stop"])
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Inserts rows of 10,000 users for some time.
    func inserts(clients: Int, seconds: Int) throws -> Load {
        let script = folder + "/insert.sql"
        try """
        \\set u random(1, 10000)
        insert into user_integration(usr, integration, connected) values('user-' || :u, 'integration-' || :u % 7, true);
        """.write(toFile: script, atomically: false, encoding: .utf8)
        let output = try run([
            "\(binaries)/pgbench", "-h", folder, "-p", "\(port)", "-U", "postgres", "-n", "-M", "prepared", "-f",
            script, "-c",
            "\(clients)", "-j", "\(min(clients, 2))", "-T", "\(seconds)", "-l", "--log-prefix=\(folder)/times",
            "postgres",
        ])
        var load = Load(seconds: Double(seconds))
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix("times.") {
            for line in try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count > 2, let time = Double(words[2]) { load.milliseconds.append(time / 1000) }
            }
            try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
        load.milliseconds.sort()
        load.answers = load.milliseconds.count
        let rate = output.split(separator: "\n").first { $0.hasPrefix("tps = ") }?.split(separator: " ")
        if let rate, rate.count > 2, let rate = Double(rate[2]) { load.seconds = Double(load.answers) / rate }
        return load
    }

    @discardableResult
    private func run(_ command: [String]) throws -> String {
        // The server refuses to run as root.
        try Self.run(geteuid() == 0 ? ["runuser", "-u", "postgres", "--", "env", "-C", folder] + command : command)
    }

    @discardableResult
    private static func run(_ command: [String]) throws -> String {
        let ending = try ChildProcess.run(command)
        guard ending.code == 0 else { throw HostProcessError(description: "\(command): \(ending.errors)") }
        return ending.output
    }
}

/// A server in Go over the same PostgreSQL; nil where Go or the driver is not installed.
final class GoPeer {
    private let process: ChildProcess
    let port: UInt16
    let token: String

    /// Builds it from `Benchmarks/Peers/go-pgx` with the driver of Debian's package `golang-github-jackc-pgx-v4-dev`.
    init?(database: String, _ directory: TemporaryDirectory) throws {
        let sources = "/usr/share/gocode"
        let program = directory.path + "/go-pgx"
        guard FileManager.default.fileExists(atPath: sources + "/src/github.com/jackc/pgx/v4"),
            let build = try? ChildProcess.run(
                ["go", "build", "-o", program, "Benchmarks/Peers/go-pgx/main.go"],
                environment: ProcessInfo.processInfo.environment.merging([
                    "GO111MODULE": "off", "GOPATH": sources, "GOCACHE": directory.path + "/go-cache",
                ]) { $1 }), build.code == 0
        else { return nil }
        process = try ChildProcess([program, database])
        // “listening PORT TOKEN”
        let words = (try process.output?.line() ?? "").split(separator: " ")
        guard words.count == 3, let port = UInt16(words[1]) else {
            throw HostProcessError(description: "the Go peer did not start")
        }
        self.port = port
        token = String(words[2])
    }

    func stop() { process.kill() }
}
