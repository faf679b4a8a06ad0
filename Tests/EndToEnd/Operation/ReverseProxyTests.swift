// The host behind the proxies of deploy/: nginx and Caddy with the files that operators copy, over TLS.

import Foundation
import Glibc
import HostTesting
import ProviderSDK
import TestSupport
import Testing

@Suite("Reverse proxies", .serialized, .timeLimit(.minutes(3)))
struct ReverseProxyTests {
    /// A proxy in front of a host.
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case nginx, caddy

        var testDescription: String { rawValue }

        /// Whether the proxy and what makes its certificate are installed: `apt-get install nginx-light caddy openssl`.
        var isInstalled: Bool {
            [rawValue, "openssl"].allSatisfy { program in
                ["/usr/sbin/", "/usr/bin/", "/usr/local/bin/"].contains {
                    FileManager.default.isExecutableFile(atPath: $0 + program)
                }
            }
        }
    }

    private static let installed = Kind.allCases.filter(\.isInstalled)

    @Test(
        "Everything works through the proxy: a connection, a sync, its records, and every route of the API",
        .enabled(
            if: !installed.isEmpty, "nginx and Caddy are not installed: apt-get install nginx-light caddy openssl"),
        arguments: installed)
    func everything(kind: Kind) async throws {
        let installation = try await TestInstallation(extra: Self.settings())
        let proxy = try await ReverseProxy(kind, before: installation.host.url)
        let token = try await installation.token(user: "u")
        let client = try TestClient(proxy.url, token: token, authorities: proxy.certificate)
        let id = try await installation.connect("stripe", client)
        let ended = try await installation.sync(id, client, body: #"{"syncType":"full"}"#)
        #expect(ended["status"] == "completed", "\(ended)")
        #expect(try await installation.records(id, client).count > 100)

        let direct = try TestClient(installation.host.url, token: token)
        let document = try await client.get("/openapi.json").json
        let routes = try #require(document["paths"]?.members)
        #expect(routes.count > 40)
        for (path, item) in routes {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] where item[method.lowercased()] != nil {
                // An answer without end; the tests of live events read it.
                if item[method.lowercased()]?.at("responses.200.content")?["text/event-stream"] != nil { continue }
                // Ids that nothing has; no such request changes anything.
                let target = path.replacing(#/\{[a-zA-Z_]+\}/#, with: "conn-none")
                let body = method == "GET" || method == "DELETE" ? nil : "[]"
                let (near, far) = (
                    try await direct.send(method, target, body: body), try await client.send(method, target, body: body)
                )
                #expect(near.status == far.status, "\(method) \(target): \(near.text) \(far.text)")
                #expect(near.header("content-type") == far.header("content-type"), "\(method) \(target)")
                #expect(
                    near.json.members?.map(\.key) == far.json.members?.map(\.key),
                    "\(method) \(target): \(near.text) \(far.text)")
            }
        }
    }

    @Test(
        "The client's address is the one that the proxy saw, whatever the client claims",
        .enabled(
            if: !installed.isEmpty, "nginx and Caddy are not installed: apt-get install nginx-light caddy openssl"),
        arguments: installed)
    func forwardedAddress(kind: Kind) async throws {
        let installation = try await TestInstallation(extra: Self.settings(strangers: 3))
        let proxy = try await ReverseProxy(kind, before: installation.host.url)
        let client = try TestClient(proxy.url, authorities: proxy.certificate)
        var statuses: [Int] = []
        for number in 1...5 {
            let claims = client.with(field: "X-Forwarded-For", "203.0.113.\(number)")
                .with(field: "Forwarded", "for=203.0.113.\(number)")
            statuses.append(try await claims.get("/api/integrations/connections").status)
        }
        #expect(statuses == [401, 401, 401, 429, 429])
    }

    private static func settings(strangers: Int = 0) -> String {
        #""trustedProxies":["127.0.0.1"],"rateLimits":{"connectionCreation":0,"sync":0,"oauth":0,"status":0,"#
            + #""address":\#(strangers)}"#
    }
}

/// A proxy that was started with the file of deploy/.
private final class ReverseProxy: Sendable {
    /// Where it listens.
    let url: String
    /// The file of its certificate.
    let certificate: String
    private let process: ChildProcess
    private let directory: TemporaryDirectory

    init(_ kind: ReverseProxyTests.Kind, before host: String) async throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        certificate = directory.path + "/certificate.pem"
        let key = directory.path + "/key.pem"
        let made = try ChildProcess.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
        ])
        guard made.code == 0 else { throw HostProcessError(description: made.errors) }
        let port = try Self.freePort()
        url = "https://localhost:\(port)"
        let file = try Self.configuration(
            kind, directory, key: key, certificate: certificate, port: port,
            host: String(host.dropFirst("http://".count)))
        let command =
            switch kind {
            case .nginx: ["nginx", "-c", file, "-e", "stderr"]
            case .caddy: ["caddy", "run", "--adapter", "caddyfile", "--config", file]
            }
        let log = directory.path + "/log"
        process = try ChildProcess(
            command,
            environment: [
                "PATH": "/usr/sbin:/usr/bin:/usr/local/bin", "HOME": directory.path, "XDG_DATA_HOME": directory.path,
                "XDG_CONFIG_HOME": directory.path,
            ], output: .discarded, errors: .file(log))
        let client = try TestClient(url, authorities: certificate)
        do {
            try await waitUntil("the proxy answers", within: .seconds(20)) {
                (try? await client.get("/readyz").status) == 200
            }
        } catch {
            throw HostProcessError(description: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "\(error)")
        }
    }

    /// Writes the file of deploy/, with the addresses and the certificate of the test in place of the example's.
    private static func configuration(
        _ kind: ReverseProxyTests.Kind, _ directory: TemporaryDirectory, key: String, certificate: String, port: Int,
        host: String
    ) throws -> String {
        let deploy = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "deploy/proxies")
        switch kind {
        case .nginx:
            let example = try String(contentsOf: deploy.appending(path: "nginx.conf"), encoding: .utf8)
                .replacing("127.0.0.1:8080", with: host).replacing("listen 443", with: "listen 127.0.0.1:\(port)")
                .replacing("integrations.example.com;", with: "localhost;")
                .replacing("/etc/ssl/integrations.example.com.pem", with: certificate)
                .replacing("/etc/ssl/integrations.example.com.key", with: key)
            let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(directory.path)/\($0);" }.joined(separator: "\n")
            return try directory.write(
                "nginx.conf",
                """
                daemon off;
                master_process off;
                user root;
                pid \(directory.path)/pid;
                events {}
                http {
                access_log off;
                \(paths)
                \(example)
                }
                """)
        case .caddy:
            let example = try String(contentsOf: deploy.appending(path: "Caddyfile"), encoding: .utf8)
                .replacing("127.0.0.1:8080", with: host)
                .replacing(
                    "integrations.example.com {", with: "\(url(port)) {\n\tbind 127.0.0.1\n\ttls \(certificate) \(key)")
            return try directory.write("Caddyfile", "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + example)
        }
    }

    private static func url(_ port: Int) -> String { "https://localhost:\(port)" }

    /// A port that no process listens on; another process may take it before the proxy does.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard code == 0 else { throw HostProcessError(description: "no free port: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
