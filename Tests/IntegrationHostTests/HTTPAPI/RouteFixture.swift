// All routes of a host over a temporary directory, with two providers: one with OAuth and one with typed account ids. The same
// request can be sent in memory and over a socket.

import HTTPServer
import HostTesting
import Primitives
import ProviderSDK
import TestSupport
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import HTTPAPI
@testable import IntegrationHost
@testable import OAuth
@testable import Observability
@testable import Providers
@testable import Requests
@testable import Sessions
@testable import Webhooks

/// How a request reaches the routes.
enum Transport: String, CaseIterable, Sendable {
    case memory, socket
}

/// A provider without pages.
private struct PlainProvider: Provider {
    let manifest: ProviderManifest
}

/// A host's routes and services.
final class RouteFixture: Sendable {
    /// The shared fixture; each test uses different users.
    static let shared = Result { try RouteFixture() }

    let services: HostServices
    let documents: [RouteFamily]
    let readiness: Readiness
    private let directory: TemporaryDirectory
    let path: RequestPath
    private let server: HTTPServer
    private let origin: String

    /// - Parameters:
    ///   - more: a provider besides the two.
    ///   - returnTo: the pages of the application.
    ///   - frameAncestors: the origins whose pages may show the connect pages in a frame.
    init(
        _ rateLimits: RateLimitsConfiguration = .init(connectionCreation: 0, sync: 0, oauth: 0, status: 0),
        more: ProviderManifest? = nil, returnTo: [String] = [], frameAncestors: [String] = []
    ) throws {
        directory = try TemporaryDirectory()
        var configuration = Configuration()
        configuration.dataDirectory = directory.path + "/data"
        configuration.publicURL = "https://host.example"
        configuration.allowedOrigins = ["https://app.example.com"]
        configuration.rateLimits = rateLimits
        configuration.logLevel = .error
        configuration.providers["plain"] = Self.settings
        configuration.connect.returnTo = returnTo
        configuration.connect.frameAncestors = frameAncestors
        configuration.connect.branding.name = "Fernhill"
        configuration.allowPrivateAddresses = more != nil
        let registry = try ProviderRegistry(
            ([Self.plain, Self.typed] + (more.map { [$0] } ?? [])).map {
                LoadedPlugin(provider: PlainProvider(manifest: $0), path: "")
            },
            configuration: configuration)
        let parts = try HostResources(
            configuration, time: .system, log: Log(level: .error), registry: registry)
        services = HostServices(parts)
        readiness = Readiness(parts.data)
        let routes = HostRoutes(parts: parts, services: services)
        documents = routes.documents
        path = try routes.requestPath(readiness: readiness)
        server = try HTTPServer(
            ServerConfiguration(address: try SocketAddress("127.0.0.1:0"), loopCount: 1), application: path)
        origin = "http://\(try server.start())"
    }

    private static var settings: ProviderConfiguration {
        var settings = ProviderConfiguration()
        settings.clientID = "client"
        settings.clientSecret = Secret("client-secret")
        for name in ["authorize", "token", "api"] { settings.endpoints[name] = "http://127.0.0.1:1/\(name)" }
        return settings
    }

    private static var plain: ProviderManifest {
        ProviderManifest(id: "plain", name: "Plain") { manifest in
            manifest.auth = .oauth2(OAuth2())
            manifest.linking = AccountLinking(accountIDAttribute: "plainId")
        }
    }

    private static var typed: ProviderManifest {
        ProviderManifest(id: "typed", name: "Typed") { manifest in
            manifest.auth = .accountID(AccountIDAuth())
            manifest.variants = [Variant(id: "red", name: "Red"), Variant(id: "blue", name: "Blue")]
        }
    }

    /// A caller whose requests go over `transport`; `user` is nil for a caller without a session.
    func caller(
        _ user: String?, _ transport: Transport, kind: PrincipalKind = .session, roles: [String] = []
    ) throws -> RouteCaller {
        let token = try user.map { user in
            try services.sessions.issue(
                userID: user, roles: roles, kind: kind, lifetime: .seconds(3600), at: TimeSource.system.now)
        }
        return RouteCaller(fixture: self, transport: transport, token: token)
    }

    func send(_ request: String, over transport: Transport) async throws -> TestResponse {
        switch transport {
        case .memory: return try #require(try await MemoryTransport.send(request, to: path))
        case .socket:
            let response = try await onOwnThread { [origin] in RawExchange.send(request, to: origin) }
            return try #require(response)
        }
    }
}

/// Sends requests to the routes as one caller.
struct RouteCaller {
    let fixture: RouteFixture
    let transport: Transport
    let token: String?

    func send(
        _ method: String, _ target: String, _ body: String? = nil, type: String = "application/json",
        headers: [String] = []
    ) async throws -> TestResponse {
        var head = ["\(method) \(target) HTTP/1.1", "Host: a", "Connection: close"] + headers
        if let token { head.append("Authorization: Bearer \(token)") }
        if let body { head += ["Content-Type: \(type)", "Content-Length: \(body.utf8.count)"] }
        return try await fixture.send(
            head.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""), over: transport)
    }

    /// Sends a request and expects a status, and each of `texts` in the body.
    @discardableResult
    func expect(
        _ status: Int, _ texts: String..., from method: String, _ target: String, _ body: String? = nil,
        type: String = "application/json", headers: [String] = [], location: SourceLocation = #_sourceLocation
    ) async throws -> TestResponse {
        let response = try await send(method, target, body, type: type, headers: headers)
        #expect(response.status == status, "\(method) \(target): \(response.text)", sourceLocation: location)
        for text in texts {
            #expect(response.text.contains(text), "\(method) \(target): \(response.text)", sourceLocation: location)
        }
        return response
    }
}
