// The limits that a caller of the host can reach: of the server, of sums, of rates, of requests and sessions.

import Configuration
import Dashboard
import Events
import HTTPServer

@testable import HTTPAPI
@testable import Requests
@testable import Sessions

private let rejections = "http_rejections_total"
private let ends = "http_connection_ends_total"

extension LimitSection {
    static let callers = [
        server, sums, rates, rateKeys, forwarded, answers, requests, sessions, hostSessions, apiKeys, applicationKeys,
        events, dashboard,
    ]

    private static let limits = HTTPServerLimits()

    private static let server = LimitSection(
        title: "Connections and requests", file: "Sources/HTTPServer/Server/HTTPServerLimits.swift",
        type: "HTTPServerLimits",
        rows: [
            .bytes("requestLineBytesMax", limits.requestLineBytesMax, .caller, "414, close", metric: rejections),
            .bytes("headerBytesMax", limits.headerBytesMax, .caller, "431, close", metric: rejections),
            .bytes("fieldLineBytesMax", limits.fieldLineBytesMax, .caller, "431, close", metric: rejections),
            .bytes("cookieLineBytesMax", limits.cookieLineBytesMax, .caller, "431, close", metric: rejections),
            .count("headerFieldsMax", limits.headerFieldsMax, .caller, "431, close", metric: rejections),
            .bytes("bodyBytesMax", limits.bodyBytesMax, .caller, "413, close", metric: rejections),
            .bytes("chunkLineBytesMax", limits.chunkLineBytesMax, .caller, "400, close", metric: rejections),
            .bytes("chunkExcessBytesMax", limits.chunkExcessBytesMax, .caller, "400, close", metric: rejections),
            .time("headerTimeout", limits.headerTimeout, .caller, "408, close", metric: rejections),
            .time("bodyTimeout", limits.bodyTimeout, .caller, "408, close", metric: rejections),
            .bytesPerSecond(
                "bodyBytesPerSecondMin", limits.bodyBytesPerSecondMin, .caller, "408, close", metric: rejections),
            .time("bodyRateGrace", limits.bodyRateGrace, .caller, "the least rate applies"),
            .bytes("streamBufferBytesMax", limits.streamBufferBytesMax, .caller, "the faster side waits"),
            .time("streamRateWindow", limits.streamRateWindow, .caller, "408, close", metric: rejections),
            .bytes("discardBytesMax", limits.discardBytesMax, .caller, "close after the answer"),
            .time("discardTimeout", limits.discardTimeout, .caller, "close"),
            .time("firstByteTimeout", limits.firstByteTimeout, .caller, "close without an answer", metric: ends),
            .time("idleTimeout", limits.idleTimeout, .caller, "close without an answer", metric: ends),
            .time("handlerTimeout", limits.handlerTimeout, .host, "503", metric: rejections),
            .time("writeStallTimeout", limits.writeStallTimeout, .caller, "reset", metric: ends),
            .bytesPerSecond("outputBytesPerSecondMin", limits.outputBytesPerSecondMin, .caller, "reset", metric: ends),
            .count("requestsPerConnectionMax", limits.requestsPerConnectionMax, .caller, "close after the answer"),
            .time(
                "idleBeforeEvictionMin", limits.idleBeforeEvictionMin, .caller, "may be closed for another",
                metric: ends),
            .count("pipelinedRequestsMax", limits.pipelinedRequestsMax, .caller, "other connections have their turn"),
            .bytes("outputBytesMax", limits.outputBytesMax, .caller, "further requests wait"),
            .bytes("waitingBytesMax", limits.waitingBytesMax, .caller, "reading stops"),
            .bytes("drainBytesMax", limits.drainBytesMax, .caller, "close"),
            .time("drainTimeout", limits.drainTimeout, .caller, "close"),
            .time("lingerTimeout", limits.lingerTimeout, .caller, "close"),
        ], others: ["connectionsMax", "connectionsPerAddressMax"])

    private static let configuration = Configuration()

    private static let sums = LimitSection(
        title: "Sums over all callers", file: "Sources/Configuration/Configuration.swift", type: "LimitsConfiguration",
        rows: [
            .bytes(
                "memoryMiB", configuration.limits.memoryMiB << 20, .caller,
                "the newest request gets 503 with Retry-After",
                metric: "http_memory_refusals_total", setting: "limits.memoryMiB"),
            .count(
                "connections", configuration.limits.connections, .caller,
                "the longest idle one is closed, or the new one gets 503", metric: ends, setting: "limits.connections"),
            .count(
                "connectionsPerAddress", configuration.limits.connectionsPerAddress, .caller, "503, close",
                metric: rejections, setting: "limits.connectionsPerAddress"),
        ])

    private static let rates = LimitSection(
        title: "Rates", file: "Sources/Configuration/Configuration.swift", type: "RateLimitsConfiguration",
        rows: [
            rate("connectionCreation", configuration.rateLimits.connectionCreation, .user),
            rate("sync", configuration.rateLimits.sync, .user), rate("oauth", configuration.rateLimits.oauth, .user),
            rate("status", configuration.rateLimits.status, .user),
            rate("write", RateLimitsConfiguration.writeDefault, .user),
            rate("address", RateLimitsConfiguration.addressDefault, .caller),
        ])

    private static func rate(_ name: String, _ value: Int, _ party: LimitRow.Party) -> LimitRow {
        .perMinute(
            name, value, party, "429 with Retry-After", metric: "http_requests_total", setting: "rateLimits.\(name)")
    }

    private static let rateKeys = LimitSection(
        title: "Keys of rates", file: "Sources/Requests/Path/RateLimiter.swift", type: "RateLimiter",
        rows: [.count("keysMax", RateLimiter.keysMax, .caller, "the keys used longest ago are forgotten")])

    private static let forwarded = LimitSection(
        title: "Forwarded addresses", file: "Sources/Requests/Path/ClientAddresses.swift", type: "ClientAddresses",
        rows: [.count("hopsMax", ClientAddresses.hopsMax, .caller, "the others are not read")])

    private static let hostSessions = LimitSection(
        title: "Sessions of the host", file: "Sources/Sessions/HostSessions.swift", type: "HostSessions",
        rows: [.time("lifetimeMax", HostSessions.lifetimeMax, .operator, "the session ends then")])

    private static let answers = LimitSection(
        title: "Answers", file: "Sources/Requests/Path/AnswerBounds.swift", type: "AnswerBounds",
        rows: [.count("concurrentLargeMax", AnswerBounds.concurrentLargeMax, .user, "the answer waits")])

    private static let requests = LimitSection(
        title: "Values of requests", file: "Sources/HTTPAPI/Limits/RequestBounds.swift", type: "RequestBounds",
        rows: [
            .count("recordPageMax", RequestBounds.recordPageMax, .user, "400"),
            .count("deadLetterIDsMax", RequestBounds.deadLetterIDsMax, .user, "400"),
            .count("webhookDeliveryPageMax", RequestBounds.webhookDeliveryPageMax, .user, "400"),
            .count("userPageMax", RequestBounds.userPageMax, .user, "400"),
            .count("auditPageMax", RequestBounds.auditPageMax, .operator, "400"),
            .bytes("userIDBytesMax", RequestBounds.userIDBytesMax, .operator, "400"),
            .bytes("idempotencyKeyBytesMax", RequestBounds.idempotencyKeyBytesMax, .user, "400"),
            .bytes("serviceBytesMax", RequestBounds.serviceBytesMax, .user, "400"),
            .count("permissionsMax", RequestBounds.permissionsMax, .user, "400"),
            .bytes("permissionBytesMax", RequestBounds.permissionBytesMax, .user, "400"),
            .bytes("urlBytesMax", RequestBounds.urlBytesMax, .user, "400"),
            .bytes("callerStateBytesMax", RequestBounds.callerStateBytesMax, .user, "400"),
            .bytes("linkTokenBytesMax", RequestBounds.linkTokenBytesMax, .caller, "400"),
            .count("attributesMax", RequestBounds.attributesMax, .caller, "400"),
            .bytes("attributeNameBytesMax", RequestBounds.attributeNameBytesMax, .caller, "400"),
            .bytes("attributeBytesMax", RequestBounds.attributeBytesMax, .caller, "400"),
        ],
        others: [
            "recordPageDefault", "deadLetterPageDefault", "webhookDeliveryPageDefault", "userPageDefault",
            "auditPageDefault",
        ])

    private static let dashboard = LimitSection(
        title: "The dashboard", file: "Sources/Dashboard/DashboardLimits.swift", type: "DashboardLimits",
        rows: [
            .time("sessionLifetime", DashboardLimits.sessionLifetime, .operator, "sign in again"),
            .time("idleTimeMax", DashboardLimits.idleTimeMax, .operator, "sign in again"),
            .count("sessionsMax", DashboardLimits.sessionsMax, .operator, "the one who was idle longest is signed out"),
            .count("happeningMax", DashboardLimits.happeningMax, .host, "the oldest event is not shown"),
            .count("chartHours", DashboardLimits.chartHours, .host, "the oldest hour is not shown"),
        ],
        others: [
            "keyBytesMax", "connectionPageMax", "recordPageMax", "letterPageMax", "deliveryPageMax", "syncsShownMax",
            "shownRecordBytesMax",
        ])

    private static let events = LimitSection(
        title: "Live events", file: "Sources/Events/EventLimits.swift", type: "EventLimits",
        rows: [
            .count("keptEventsMax", EventLimits.keptEventsMax, .caller, "the oldest event goes"),
            .bytes("keptBytesMax", EventLimits.keptBytesMax, .caller, "the oldest event goes"),
            .count("readersMax", EventLimits.readersMax, .caller, "503", metric: "live_event_readers"),
            .count("readersPerCallerMax", EventLimits.readersPerCallerMax, .caller, "429"),
            .count("batchEventsMax", EventLimits.batchEventsMax, .host, "the next write has the rest"),
            .time("heartbeatPause", EventLimits.heartbeatPause, .host, "a comment is sent"),
            .time("answerTimeMax", EventLimits.answerTimeMax, .caller, "the answer ends, and the reader comes back"),
        ], others: ["tickPause", "retryPause"])

    private static let sessions = LimitSection(
        title: "Sessions", file: "Sources/Sessions/SessionLimits.swift", type: "SessionLimits",
        rows: [
            .bytes("userIDBytesMax", SessionLimits.userIDBytesMax, .caller, "401"),
            .count("cookiesPerNameMax", SessionLimits.cookiesPerNameMax, .caller, "the others are not read"),
            .count("cookieChunksMax", SessionLimits.cookieChunksMax, .caller, "401"),
            .count("secretsMax", SessionLimits.secretsMax, .operator, "exit code 78"),
            .count("cachedSessionsMax", SessionLimits.cachedSessionsMax, .caller, "older sessions are verified again"),
            .time(
                "cachedSessionLifetimeMax", SessionLimits.cachedSessionLifetimeMax, .caller,
                "the session is verified again"),
            .bytes("keySetBytesMax", SessionLimits.keySetBytesMax, .provider, "the key set is refused"),
            .count("keySetKeysMax", SessionLimits.keySetKeysMax, .provider, "the key set is refused"),
            .bytes("keyIDBytesMax", SessionLimits.keyIDBytesMax, .provider, "the key is not used"),
            .time("keySetFetchTimeout", SessionLimits.keySetFetchTimeout, .provider, "the fetch fails"),
        ], others: ["keySetLifetime", "keySetFetchInterval", "keySetFirstFetchInterval"])

    private static let applicationKeys = LimitSection(
        title: "Application keys", file: "Sources/Sessions/SessionLimits.swift", type: "ApplicationKeyLimits",
        rows: [
            .bytes("nameBytesMax", ApplicationKeyLimits.nameBytesMax, .operator, "400"),
            .count("lifetimeDaysMax", ApplicationKeyLimits.lifetimeDaysMax, .operator, "400"),
            .count("overlapHoursMax", ApplicationKeyLimits.overlapHoursMax, .operator, "400"),
        ], others: ["overlapHoursDefault", "lastUseIntervalMilliseconds"])

    private static let apiKeys = LimitSection(
        title: "Keys that the host issues", file: "Sources/Sessions/SessionLimits.swift", type: "IssuedKeyLimits",
        rows: [.count("listedMax", IssuedKeyLimits.listedMax, .operator, "the list ends")],
        others: ["secretBytes", "idCharacters", "pageMax"])
}
