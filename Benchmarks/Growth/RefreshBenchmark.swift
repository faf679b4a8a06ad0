// Tokens that are all due at once, at a provider that answers after some time: how many the host renews in a second. The connections are
// written into the data directory, with sealed tokens.

import ConnectionModel
import Credentials
import Cryptography
import Foundation
import HTTPServer
import HostTesting
import ProviderSDK
import Storage
import TestSupport
import Users

enum RefreshBenchmark {
    /// Answers token requests after a pause.
    private struct SlowTokens: HTTPApplication {
        let pause: Duration

        func respond(to request: borrowing HTTPRequest, _ response: inout ResponseWriter) -> DeferredResponse? {
            DeferredResponse { [pause] in
                try? await Task.sleep(for: pause)
                let body = #"{"access_token":"new","refresh_token":"newer","token_type":"bearer","expires_in":3600}"#
                return HTTPResponse(
                    status: .ok, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
            }
        }
    }

    static func run(connections count: Int, milliseconds: Int) async throws -> Bool {
        let upstream = try HTTPServer(
            ServerConfiguration(address: try SocketAddress("127.0.0.1:0"), loopCount: 1),
            application: SlowTokens(pause: .milliseconds(milliseconds)))
        let directory = try TemporaryDirectory()
        let origin = "http://\(try upstream.start())"
        let configuration = try directory.write(
            "host.json",
            IdleBenchmark.configuration(
                directory,
                providers: """
                    {"quickbooks":{"clientId":"c","clientSecret":"s","endpoints":{"authorize":"\(origin)/authorize",\
                    "token":"\(origin)/token","revoke":"\(origin)/revoke","api":"\(origin)"}}}
                    """))
        // The first start makes the key ring.
        let first = try await HostProcess(["serve", "--config", configuration])
        _ = await first.terminate()
        try await fill(count, directory)
        let host = try await HostProcess(["serve", "--config", configuration])
        let client = try TestClient(host.url)
        // What is measured begins with the first refresh and ends with the last.
        var (begun, done): (ContinuousClock.Instant?, Int) = (nil, 0)
        let deadline = ContinuousClock.now + .seconds(300)
        while done < count {
            guard ContinuousClock.now < deadline else {
                throw HostProcessError(description: "\(done) of \(count) tokens were renewed")
            }
            done = try await renewed(client)
            if done > 0, begun == nil { begun = .now }
            try await Task.sleep(for: .milliseconds(10))
        }
        let seconds = begun.map { (ContinuousClock.now - $0) / .seconds(1) } ?? .infinity
        _ = await host.terminate()
        await upstream.shutdown(grace: .seconds(1))
        var table = BenchmarkTable()
        table.add(
            "refreshes/s due at once, the provider takes \(milliseconds) ms", product: Double(count) / seconds,
            .atLeast(600))
        table.show()
        return table.isMet
    }

    private static func renewed(_ client: TestClient) async throws -> Int {
        let lines = try await client.get("/metrics").text.split(separator: "\n")
        let line = lines.first { $0.contains("token_refreshes_total") && $0.contains("succeeded") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
    }

    private static func fill(_ count: Int, _ directory: TemporaryDirectory) async throws {
        let data = try DataDirectory(path: directory.path + "/data")
        defer { data.close() }
        let users = UserStore(data.documents)
        let keys = try HostKeys(try KeyRing.load(path: directory.path + "/data/keys/key-ring"), path: "")
        let vault = CredentialVault(keys)
        let issued = Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 - 3500) * 1000)) ?? .epoch
        for number in 0..<count {
            let userID = "user-\(number)"
            try await users.update(userID) { (user) throws(ServiceError) in
                let id = try user.add(
                    service: "quickbooks", variant: nil, status: .connected, shard: UserStore.shard(of: userID),
                    random: String(format: "%022d", number), at: issued)
                let sealed = try ["accessToken", "refreshToken"].map { (field) throws(ServiceError) in
                    try vault.seal(Secret("secret-\(number)"), user: userID, connection: id, field: field)
                }
                try user.update(id) { (connection) throws(ServiceError) in
                    try connection.linked(to: "\(1000 + number)", at: issued)
                    try connection.refreshed(
                        SealedTokens(
                            accessToken: sealed[0], refreshToken: sealed[1],
                            expiresAt: issued.advanced(by: .seconds(3600))), at: issued)
                }
            }
        }
    }
}
