// The limits of connect sessions and of what their pages show, each from both sides.

import Foundation
import Observability
import ProviderSDK
import TestSupport
import Testing

@testable import Configuration
@testable import ConnectionModel
@testable import Connections
@testable import Pages

@Suite("Limits of connecting", .timeLimit(.minutes(1)))
struct ConnectLimitTests {
    private static let now = Timestamp(seconds: 1_000_000) ?? .epoch

    private static func session(_ change: (inout NewConnectSession) -> Void = { _ in }) throws -> ConnectSession {
        var new = NewConnectSession(userID: "u", returnTo: "https://app.example.com")
        change(&new)
        return ConnectSession(try ConnectToken(userID: "u"), new, at: now)
    }

    @Test("A link works for its default time, and its session is kept for a day after it")
    func times() throws {
        let session = try Self.session()
        let end = Self.now.advanced(by: ConnectSessionLimits.lifetimeDefault)
        let forgotten = end.advanced(by: ConnectSessionLimits.keptAfterEnd)
        let moment = Duration.milliseconds(-1)
        #expect(session.isLive(at: end.advanced(by: moment)) && !session.isLive(at: end))
        #expect(!session.isForgotten(at: forgotten.advanced(by: moment)) && session.isForgotten(at: forgotten))
    }

    @Test("As many steps of a session are kept as the limit says, the newest ones")
    func steps() throws {
        var session = try Self.session()
        for number in 0..<(ConnectSessionLimits.stepsKept + 1) {
            session.begin(.init(service: "s\(number)", variant: nil, connectionID: "c\(number)", at: Self.now))
            #expect(session.steps.count == min(number + 1, ConnectSessionLimits.stepsKept))
        }
        #expect(session.steps.first?.service == "s1")
    }

    @Test("The name of the application has at most so many bytes", arguments: [0, 1])
    func name(excess: Int) {
        var configuration = Configuration()
        configuration.connect.branding.name = String(
            repeating: "n", count: ConfigurationLimits.brandingNameBytesMax + excess)
        #expect(((try? configuration.checkConnect()) != nil) == (excess == 0))
    }

    @Test("A logo has at most so many bytes", arguments: [0, 1])
    func logo(excess: Int) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/logo.png"
        let image =
            [0x89, 0x50, 0x4E, 0x47] + [UInt8](repeating: 0, count: ConfigurationLimits.logoBytesMax - 4 + excess)
        try Data(image).write(to: URL(fileURLWithPath: path))
        var configuration = Configuration()
        configuration.connect.branding.logoFile = path
        #expect(((try? Branding(configuration, log: Log(level: .error))) != nil) == (excess == 0))
    }
}
