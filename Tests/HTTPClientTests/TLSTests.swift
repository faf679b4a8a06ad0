// TLS against the `openssl` program as a server, with certificates made for the test. Skipped where there is no such program.

import Foundation
import TestSupport
import Testing

@testable import HTTPClient

/// A certificate authority and certificates of it, in a directory of their own.
private final class Authority {
    let directory: String

    static let program = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/bin/openssl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    init() throws {
        directory = "/tmp/http-client-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try run(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem"
        )
        for (name, subject, days) in [("good", "DNS:localhost,IP:127.0.0.1", 2), ("other", "DNS:example.com", 2)] {
            try Data("subjectAltName=\(subject)\n".utf8).write(to: URL(filePath: "\(directory)/\(name).ext"))
            try run(
                "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=\(name) -keyout \(name).key -out \(name).csr"
            )
            try run(
                "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -days \(days) -extfile \(name).ext -out \(name).pem"
            )
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func command(_ arguments: String) throws -> [String] {
        [try #require(Self.program)] + arguments.split(separator: " ").map(String.init)
    }

    private func run(_ arguments: String) throws {
        let ending = try ChildProcess.run(try command(arguments), in: directory)
        try #require(ending.code == 0, "openssl \(arguments): \(ending.errors)")
    }

    /// Starts a server with the certificate `name`; gives its port and how to stop it.
    func serve(_ name: String, options: String = "") throws -> (port: Int, stop: () -> Void) {
        let process = try ChildProcess(
            try command("s_server -accept 127.0.0.1:0 -cert \(name).pem -key \(name).key -www \(options)"),
            in: directory, errors: .discarded)
        // `ACCEPT 127.0.0.1:41207`
        let text = try #require(process.output).lines(through: "ACCEPT ")
        let match = try #require(text.firstMatch(of: /ACCEPT \S*:([0-9]+)\n/), "\(text)")
        return (try #require(Int(match.1)), { process.kill() })
    }
}

@Suite(
    "TLS", .enabled(if: Authority.program != nil, "skipped: there is no openssl program"), .serialized,
    .timeLimit(.minutes(2)))
struct TLSTests {
    private func client(authorities: String?) throws -> HTTPClient {
        var configuration = HTTPClient.Configuration.reachingAll
        configuration.certificateAuthoritiesFile = authorities
        return try HTTPClient(configuration)
    }

    @Test("Only a server with a trusted certificate for its name gets the request")
    func certificates() async throws {
        let authority = try Authority()
        let good = try authority.serve("good")
        let other = try authority.serve("other")
        defer {
            good.stop()
            other.stop()
        }
        let trusting = try client(authorities: authority.directory + "/ca.pem")
        #expect(try await trusting.send(.init(url: "https://127.0.0.1:\(good.port)/")).status == 200)
        #expect(try await trusting.send(.init(url: "https://localhost:\(good.port)/")).status == 200)
        let wrongName = await failure(trusting, .init(url: "https://127.0.0.1:\(other.port)/"))
        #expect(wrongName == HTTPClientError(.tls(.certificate), host: "127.0.0.1"))
        await trusting.shutdown()

        let standard = try client(authorities: nil)
        let unknown = await failure(standard, .init(method: .post, url: "https://127.0.0.1:\(good.port)/", body: [1]))
        #expect(unknown == HTTPClientError(.tls(.certificate), host: "127.0.0.1"))
        await standard.shutdown()
    }

    @Test("TLS 1.2 and 1.3 are used, older versions refused")
    func versions() async throws {
        let authority = try Authority()
        let client = try client(authorities: authority.directory + "/ca.pem")
        for (options, isSpoken) in [
            ("-tls1_2", true), ("-tls1_3", true), ("-tls1_1 -cipher DEFAULT:@SECLEVEL=0", false),
        ] {
            let server = try authority.serve("good", options: options)
            defer { server.stop() }
            let request = HTTPClient.Request(url: "https://127.0.0.1:\(server.port)/")
            if isSpoken {
                #expect(try await client.send(request).status == 200)
            } else {
                #expect(await failure(client, request) == HTTPClientError(.tls(.handshake), host: "127.0.0.1"))
            }
        }
        await client.shutdown()
    }

    @Test("An unreadable file of certificate authorities has its own error")
    func authoritiesFile() async throws {
        let authority = try Authority()
        let server = try authority.serve("good")
        defer { server.stop() }
        for path in ["/does/not/exist.pem", authority.directory + "/good.ext"] {
            let client = try client(authorities: path)
            let error = await failure(client, .init(url: "https://127.0.0.1:\(server.port)/"))
            #expect(error == HTTPClientError(.tls(.authoritiesFile), host: "127.0.0.1"))
            await client.shutdown()
        }
    }

    @Test("A server that does not speak TLS fails the handshake, and gets no request")
    func plainServer() async throws {
        try await withServer { connection in
            let request = connection.request() ?? ""
            #expect(!request.contains("GET"))
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        } test: { server, client async throws in
            let request = HTTPClient.Request(
                url: "https://127.0.0.1:\(server.port)/", timeouts: .init(connect: .milliseconds(300)))
            let error = await failure(client, request)
            #expect(error?.kind == .tls(.handshake) || error?.kind == .timeout(.connect))
            #expect(error?.mayHaveBeenSent == false)
        }
    }
}
