// What operators and browsers rely on besides the documents: health, metrics, the request log, other origins.

import HostTesting
import ProviderSDK
import Testing

@Suite("System routes", .timeLimit(.minutes(5)))
struct SystemTests {
    @Test("Health, readiness and metrics answer without a session, and metrics count by route")
    func operators() async throws {
        let callers = try await Callers()
        try await Case("GET", "/healthz", 200).run(callers.nobody)
        try await Case("GET", "/readyz", 200).run(callers.nobody)
        for _ in 0..<3 { try await Case("GET", "/api/integrations/status", 200).run(callers.user) }
        try await Case("GET", "/api/integrations/status", 401).run(callers.nobody)
        let id = try await callers.installation.connect("stripe", callers.user)
        _ = try await callers.installation.sync(
            id, callers.user, body: #"{"syncType":"full","dataTypes":["customers"]}"#)
        let metrics = try await callers.nobody.get("/metrics")
        #expect(metrics.header("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
        let route = #"method="GET",route="/api/integrations/status""#
        for line in [
            "http_requests_total{\(route),status=\"200\"} 3", "http_requests_total{\(route),status=\"401\"} 1",
            "http_request_duration_seconds_bucket{\(route),le=\"+Inf\"} 4",
            "http_request_duration_seconds_count{\(route)} 4", "integration_host_syncs_total{outcome=\"succeeded\"} 1",
        ] {
            #expect(metrics.text.contains(line + "\n"), "\(line)")
        }
        for secret in [callers.user.token ?? "none", id] { #expect(!metrics.text.contains(secret)) }
        for line in metrics.text.split(separator: "\n") where !line.hasPrefix("#") {
            #expect(line.split(separator: " ").last.flatMap { JSONNumber(String($0)) } != nil, "\(line)")
        }
        try await Case("GET", "/icons/unknown.svg", 404).run(callers.nobody)
        try await Case("GET", "/icons/stripe", 404).run(callers.nobody)
        try await Case("GET", "/nothing", 404).run(callers.nobody)
        try await Case("POST", "/healthz", 405).run(callers.nobody)
    }

    @Test("Every request is logged with its id, user, duration and answer")
    func requestLog() async throws {
        let configured = try await TestInstallation(extra: Callers.unlimited, logLevel: "info")
        let client = try await configured.client(user: "logged \"user\"")
        _ = try await client.post(
            "/api/userIntegration",
            #"{"isconnected":true,"userId":"logged \"user\"","integrationId":"integration-123"}"#)
        let response = try await client.get("/api/integrations/status")
        // What no route sees has its line, too.
        let origin = configured.host.url
        let large = RawExchange.send(
            "POST /api/integrations HTTP/1.1\r\nHost: a\r\nX-Correlation-Id: too-large\r\nContent-Length: 9000000\r\n\r\n",
            to: origin)
        #expect(large?.status == 413)
        let malformed = RawExchange.send("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", to: origin)
        _ = try await client.send("GET", "/api/nothing", headers: [("X-Correlation-Id", "nothing")])
        #expect(await configured.host.terminate() == 0)
        let lines = configured.host.log.split(separator: "\n").compactMap { try? JSONValue.parse(Array($0.utf8)) }
        let line = lines.first { $0["correlationId"]?.string == response.header("X-Correlation-Id") } ?? .null
        #expect(line["msg"] == "request")
        #expect(line["userId"] == "logged \"user\"")
        #expect(line["route"] == "/api/integrations/status")
        #expect(line["status"] == 200)
        #expect(line["integrationCount"] == 1)
        #expect(line["expiredCount"] == 0)
        #expect(line["durationMs"]?.integer != nil)
        for (id, method, status) in [
            ("too-large", "POST", 413), (malformed?.header("X-Correlation-Id"), "-", 400), ("nothing", "GET", 404),
        ] as [(String?, JSONValue, JSONValue)] {
            let told = lines.first { $0["correlationId"]?.string == id } ?? .null
            #expect(told["method"] == method && told["status"] == status, "\(told)")
            #expect(told["durationMs"]?.integer != nil)
        }
        #expect(line["ts"]?.string.flatMap(Timestamp.init(iso8601:)) != nil)
        #expect(!configured.host.log.contains(client.token ?? "none"))
    }

    @Test("Only a page of an allowed origin may read answers, and cookies do not write across sites")
    func origins() async throws {
        let callers = try await Callers(extra: Callers.unlimited + #","allowedOrigins":["https://app.example.com"]"#)
        for path in ["/api/integrations/status", "/api/integrations", "/external-accounts/x", "/api/nothing"] {
            let allowed = try await callers.user.send("GET", path, headers: [("Origin", "https://app.example.com")])
            #expect(allowed.header("Access-Control-Allow-Origin") == "https://app.example.com")
            #expect(allowed.header("Access-Control-Allow-Credentials") == "true")
            #expect(allowed.header("Vary") == "Origin")
            for origin in [
                "https://evil.example", "null", "https://app.example.com.evil.example", "http://app.example.com",
                "https://app.example.com:8443", "*",
            ] {
                let refused = try await callers.user.send("GET", path, headers: [("Origin", origin)])
                #expect(refused.header("Access-Control-Allow-Origin") == nil, "\(origin)")
                #expect(refused.header("Vary") == "Origin")
            }
        }
        let cookie = "rds-session-development=\(callers.user.token ?? "")"
        let body = #"{"isconnected":false,"userId":"1","integrationId":"i"}"#
        for (headers, status) in [
            ([("Origin", "https://app.example.com")], 200), ([("Origin", "https://evil.example")], 403),
            ([("Sec-Fetch-Site", "cross-site")], 403), ([], 200), ([("Origin", "null")], 403),
            ([("Origin", "https://app.example.com"), ("Sec-Fetch-Site", "cross-site")], 403),
            ([("Origin", "https://app.example.com"), ("Sec-Fetch-Site", "same-site")], 200),
            ([("Origin", "https://app.example.com"), ("Origin", "https://evil.example")], 403),
            ([("Origin", callers.user.origin), ("Sec-Fetch-Site", "cross-site")], 403),
            ([("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")], 403),
            ([("Origin", callers.user.origin)], 200), ([("Content-Type", "text/plain")], 415),
        ] as [([(String, String)], Int)] {
            let response = try await callers.nobody.send(
                "POST", "/api/userIntegration", body: body,
                headers: [("Cookie", cookie), ("Content-Type", "application/json")]
                    + headers.map { (name: $0.0, value: $0.1) })
            #expect(response.status == status, "\(headers)")
        }
    }
}
