// Requests that are refused before any route sees them: too long, too large, not well formed. They are answered in the shape of the
// document that their path belongs to, with the fields that every answer has.

import HostTesting
import ProviderSDK
import Testing

@Suite("Refusals in each document's shape", .timeLimit(.minutes(5)))
struct RefusalShapeTests {
    /// A path of each document, and what an error of the status looks like there.
    private static let documents: [(path: String, isShaped: @Sendable (TestResponse) -> Bool)] = [
        (
            "/api/v1/users/1/integrations/arc",
            { $0.json["success"] == false && $0.json["description"]?.string != nil && $0.json["error"] == nil }
        ),
        (
            "/external-accounts",
            {
                $0.json["statusCode"]?.integer == Int64($0.status) && $0.json["error"]?.string != nil
                    && $0.json["message"]?.string != nil
            }
        ),
        (
            "/api/userIntegration",
            { $0.json["status"]?.integer == Int64($0.status) && $0.json["error"]?.string != nil }
        ),
        ("/api/integrations/connections", { $0.json["success"] == false && $0.json["error"]?.string != nil }),
        (
            "/api/integrations/status",
            { $0.json["success"] == false && $0.json.at("error.code")?.string != nil }
        ),
    ]

    @Test("Refuses large bodies, long or malformed targets and too many fields")
    func refusals() async throws {
        let callers = try await Callers(logLevel: "info")
        let long = String(repeating: "x", count: 9000)
        let fields = (0..<120).map { "X-\($0): a\r\n" }.joined()
        for (path, isShaped) in Self.documents {
            for (target, header, status) in [
                (path, "Content-Length: 1100000\r\n", 413), ("\(path)/\(long)", "", 414), ("\(path)/%zz", "", 400),
                ("\(path)?a=%z", "", 400), (path, fields, 431), (path, "Content-Length: +1\r\n", 400),
            ] {
                let request =
                    "POST \(target) HTTP/1.1\r\nHost: a\r\nX-Correlation-Id: my.id-1\r\nConnection: close\r\n\(header)\r\n"
                let response = try #require(RawExchange.send(request, to: callers.user.origin))
                #expect(response.status == status, "\(target.prefix(60))")
                #expect(isShaped(response), "\(target.prefix(60)): \(response.text)")
                #expect(response.header("Content-Type") == "application/json")
                #expect(response.header("X-Duration-Ms") != nil)
                #expect(response.header("Cache-Control") == "private, no-cache, no-store, must-revalidate")
                // What a head says is known when it was read to its end and found good.
                #expect((response.header("X-Correlation-Id") == "my.id-1") == (status == 413))
                #expect(response.header("X-Correlation-Id") != nil)
            }
        }
        // Each of them is in the log, as every request is.
        await callers.installation.host.terminate()
        let lines = callers.installation.host.log.split(separator: "\n").filter {
            $0.contains("\"route\":\"unmatched\"")
        }
        #expect(lines.count == Self.documents.count * 6)
        #expect(lines.filter { $0.contains("\"correlationId\":\"my.id-1\"") }.count == Self.documents.count)
    }

    @Test("A path of no document is answered in the shape of the first")
    func noDocument() async throws {
        let callers = try await Callers()
        // A path of no document has the shape of the first.
        let other = try #require(RawExchange.send("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", to: callers.user.origin))
        #expect(other.status == 400 && other.json["error"]?.string != nil)
    }
}
