// The limits of connect sessions and of their pages, each from both sides.

import Foundation
import HostTesting
import Observability
import Primitives
import ProviderSDK
import Storage
import TestSupport
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Connections
@testable import IntegrationHost
@testable import Pages

@Suite("Limits of connect sessions and pages", .timeLimit(.minutes(1)))
struct ConnectLimitTests {
    private static let returnTo = "https://app.example.com/settings"
    private static let new = NewConnectSession(userID: "u", returnTo: returnTo)

    private static func sessions(_ fixture: OAuthFixture) -> ConnectSessions {
        ConnectSessions(
            fixture.data.documents, users: fixture.users, registry: fixture.registry, returnTo: [returnTo],
            time: fixture.time, log: Log(level: .error))
    }

    @Test("A link works until its life is over, and a session is kept for its time after that")
    func lives() async throws {
        let clock = ManualClock(millisecondsSince1970: TimeSource.system.now.milliseconds)
        let fixture = try OAuthFixture("http://127.0.0.1:1", time: clock.source)
        let sessions = Self.sessions(fixture)
        let (session, token) = try await sessions.create(Self.new)
        clock.advance(by: ConnectSessionLimits.lifetimeDefault - .milliseconds(1))
        #expect(session.isLive(at: fixture.time.now))
        clock.advance(by: .milliseconds(1))
        guard case .refused(.sessionExpired, _) = try await sessions.open(token.text, cookies: []) else {
            throw HostProcessError(description: "an expired link was opened")
        }
        clock.advance(by: ConnectSessionLimits.keptAfterEnd - .milliseconds(1))
        #expect(try await sessions.removeForgotten() == 0)
        clock.advance(by: .milliseconds(1))
        #expect(try await sessions.removeForgotten() == 1)
        fixture.stop()
    }

    @Test("A session remembers its last steps, and a browser's newest cookies are looked at")
    func counts() async throws {
        let fixture = try OAuthFixture("http://127.0.0.1:1")
        let sessions = Self.sessions(fixture)
        let (first, token) = try await sessions.create(Self.new)
        var session = first
        for index in 0...ConnectSessionLimits.stepsKept {
            session.begin(.init(service: "plain", variant: nil, connectionID: "\(index)", at: fixture.time.now))
        }
        #expect(session.steps.count == ConnectSessionLimits.stepsKept && session.steps[0].connectionID == "1")
        guard case .opened(let opened, let secret?) = try await sessions.open(token.text, cookies: []) else {
            throw HostProcessError(description: "the link was not opened")
        }
        let other = ConnectCookie.name(String(opened.id.dropLast()) + "0") + "=x"
        for (count, isFound) in [
            (ConnectSessionLimits.cookiesMax - 1, true), (ConnectSessionLimits.cookiesMax, false),
        ] {
            let cookies =
                ["\(ConnectCookie.name(opened.id))=\(secret)"] + Array(repeating: other, count: count)
            let found = try await sessions.sessions(cookies: [cookies.joined(separator: "; ")]) { _ in true }
            #expect(found.isEmpty != isFound)
        }
        fixture.stop()
    }

    @Test("A request for a session names so many providers, and a page takes so much in its address")
    func requests() async throws {
        let fixture = try RouteFixture(returnTo: [Self.returnTo])
        let superuser = try fixture.caller("admin", .memory, roles: ["superuser"])
        func body(_ count: Int) -> String {
            let services = Array(repeating: #""plain""#, count: count).joined(separator: ",")
            return #"{"userId":"u","returnTo":"\#(Self.returnTo)","services":[\#(services)]}"#
        }
        let path = "/api/connect/sessions"
        try await superuser.expect(400, from: "POST", path, body(ConnectSessionLimits.servicesMax + 1))
        try await superuser.expect(201, from: "POST", path, body(ConnectSessionLimits.servicesMax))
        let (session, token) = try await fixture.services.connectSessions.create(Self.new)
        let caller = try fixture.caller(nil, .memory)
        let opened = try await caller.send("GET", "/connect?session=\(token.text)")
        let cookie = try #require(opened.header("Set-Cookie"))
        let seconds = (ConnectSessionLimits.lifetimeDefault + PageLimits.cookieLifeAfterEnd).components.seconds
        #expect((seconds - 5...seconds).contains { cookie.contains("Max-Age=\($0);") })
        let field = "Cookie: " + cookie.prefix { $0 != ";" }
        let targets: [(target: String, bytesMax: Int, status: Int)] = [
            ("/connect/\(session.id)?q=", PageLimits.searchBytesMax, 200),
            ("/connect?session=", PageLimits.tokenBytesMax, 400),
            ("/connect/result?outcome=", PageLimits.outcomeBytesMax, 400),
        ]
        for (target, bytesMax, status) in targets {
            let inside = try await caller.send(
                "GET", target + String(repeating: "a", count: bytesMax), headers: [field])
            #expect(inside.status == status, "\(target)")
            let outside = try await caller.send(
                "GET", target + String(repeating: "a", count: bytesMax + 1), headers: [field])
            #expect(outside.status == 400 && outside.text != inside.text, "\(target)")
        }
    }

    @Test("A form takes a key up to its size")
    func keys() throws {
        let form = try #require(ConnectForm(.apiKey(APIKeyAuth())))
        #expect(form.problem(with: String(repeating: "k", count: PageLimits.valueBytesMax)) == nil)
        #expect(form.problem(with: String(repeating: "k", count: PageLimits.valueBytesMax + 1)) != nil)
    }

    @Test("A name and a logo of the branding are taken up to their sizes")
    func branding() throws {
        let directory = try TemporaryDirectory()
        func configuration(name: Int, logo: Int) throws -> Configuration {
            let bytes = Data([0x89, 0x50, 0x4E, 0x47] + [UInt8](repeating: 0, count: logo - 4))
            let path = directory.path + "/logo.png"
            try bytes.write(to: URL(fileURLWithPath: path))
            var configuration = Configuration()
            configuration.connect.branding.name = String(repeating: "n", count: name)
            configuration.connect.branding.logoFile = path
            return configuration
        }
        let (name, logo) = (ConfigurationLimits.brandingNameBytesMax, ConfigurationLimits.logoBytesMax)
        let good = try configuration(name: name, logo: logo)
        try good.check()
        #expect(try Branding(good, log: Log(level: .error)).logo?.mediaType == "image/png")
        #expect(throws: ConfigurationError.self) { try configuration(name: name + 1, logo: logo).check() }
        let large = try configuration(name: name, logo: logo + 1)
        #expect(throws: ConfigurationError.self) { try Branding(large, log: Log(level: .error)) }
    }
}
