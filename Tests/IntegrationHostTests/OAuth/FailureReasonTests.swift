// The reasons of callbacks that complete nothing: one for each way in which a state or a provider's answer is no good.

import Primitives
import ProviderSDK
import Testing
import Users

@testable import ConnectionModel
@testable import OAuth

@Suite("Reasons of failed callbacks", .timeLimit(.minutes(1)))
struct FailureReasonTests {
    private typealias Tests = CallbackTests

    private static func reason(
        _ state: String, _ fixture: OAuthFixture, _ query: [NamedValue] = [NamedValue("code", "c")],
        as principal: Principal = OAuthFixture.principal
    ) async -> FailureReason? {
        do throws(CallbackFailure) {
            _ = try await Tests.bring(state, query, to: fixture, as: principal)
            return nil
        } catch { return error.reason }
    }

    @Test("A state says whether it was used, has expired, belongs to another session or user, or was changed")
    func states() async throws {
        let server = try Tests.server()
        let clock = ManualClock(millisecondsSince1970: TimeSource.system.now.milliseconds)
        let fixture = try OAuthFixture(server.url, time: clock.source)
        let state = try await Tests.begin(fixture).state
        for other in [
            Principal(userID: "u", kind: .session, sessionBinding: "other"),
            Principal(userID: "v", kind: .session, sessionBinding: "s"),
        ] {
            #expect(await Self.reason(state, fixture, as: other) == .otherSession)
        }
        #expect(await Self.reason(String(state.dropLast()) + "_", fixture) == .stateInvalid)
        #expect(await Self.reason("none", fixture) == .stateInvalid)
        #expect(await Self.reason(state, fixture) == nil)
        #expect(await Self.reason(state, fixture, [NamedValue("code", "d")]) == .alreadyUsed)
        let late = try await Tests.begin(fixture).state
        clock.advance(by: .seconds(601))
        #expect(await Self.reason(late, fixture) == .stateExpired)
        // The account is connected with the earlier connection, so the one that was begun is gone.
        let second = try await Tests.begin(fixture).state
        #expect(await Self.reason(second, fixture) == nil)
        #expect(await Self.reason(second, fixture, [NamedValue("code", "d")]) == .alreadyUsed)
        clock.advance(by: .seconds(601))
        #expect(await Self.reason(second, fixture) == .stateExpired)
        server.stop()
        fixture.stop()
    }

    @Test(
        "An authorization that an application began for a user is completed by any session of the user, and by no other"
    )
    func onBehalf() async throws {
        let server = try Tests.server()
        let fixture = try OAuthFixture(server.url)
        let application = Principal(
            userID: "application:a", kind: .application, sessionBinding: "app-key:a", scopes: [])
        let begun = try await fixture.oauth.authorize(
            .init(service: "plain", redirectURI: "https://app.example.com/callback"), for: application.acting(for: "u"))
        let bot = Principal(userID: "u", kind: .bot, sessionBinding: "bot")
        let stranger = Principal(userID: "v", kind: .session, sessionBinding: "s")
        #expect(await Self.reason(begun.state, fixture, as: stranger) == .otherSession)
        #expect(await Self.reason(begun.state, fixture, as: bot) == .otherSession)
        let session = Principal(userID: "u", kind: .session, sessionBinding: "any")
        #expect(await Self.reason(begun.state, fixture, as: session) == nil)
        server.stop()
        fixture.stop()
    }

    static let codes: [(String, FailureReason)] = [
        ("access_denied", .denied), ("user_cancelled_login", .denied), ("admin_consent_required", .approvalNeeded),
        ("invalid_scope", .misconfigured), ("temporarily_unavailable", .providerUnavailable), ("quota", .refused),
    ]

    @Test("A provider's error code becomes a reason, also for the same callback again", arguments: codes)
    func refusals(code: String, reason: FailureReason) async throws {
        let server = try Tests.server()
        let fixture = try OAuthFixture(server.url)
        let state = try await Tests.begin(fixture).state
        for _ in 0..<2 { #expect(await Self.reason(state, fixture, [NamedValue("error", code)]) == reason) }
        fixture.stop()
        let again = try OAuthFixture(server.url, after: fixture)
        #expect(await Self.reason(state, again, [NamedValue("error", code)]) == reason)
        server.stop()
        again.stop()
    }

    static let tokenAnswers: [(Int, String, FailureReason)] = [
        (400, #"{"error":"invalid_grant"}"#, .codeRefused), (401, #"{"error":"invalid_client"}"#, .misconfigured),
        (503, "", .providerUnavailable), (429, "", .providerLimited),
    ]

    @Test("A code that is not exchanged has the reason of the provider's answer", arguments: tokenAnswers)
    func exchanges(status: Int, body: String, reason: FailureReason) async throws {
        let server = try Tests.server(token: { _ in .json(status, body) })
        let fixture = try OAuthFixture(server.url)
        let state = try await Tests.begin(fixture).state
        for _ in 0..<2 { #expect(await Self.reason(state, fixture) == reason) }
        server.stop()
        fixture.stop()
    }
}
