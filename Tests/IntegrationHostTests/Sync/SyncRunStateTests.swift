// The next step of a run: sequences of events at moments of a manual clock, each with the expected step.

import ProviderSDK
import Testing

@testable import ConnectionModel
@testable import Sync
@testable import Webhooks

@Suite("Sync run state", .timeLimit(.minutes(2)))
struct SyncRunStateTests {
    enum Event: Sendable {
        case done(String)
        case fails(String, ProviderError.Kind, progressed: Bool = false, isOwnLimit: Bool = false)
        case cancel(SyncRunState.Cancellation)
    }

    /// After `events` at `seconds`, the run takes this step.
    struct Moment: Sendable {
        let seconds: Double
        let events: [Event]
        let step: SyncRunState.Step

        init(_ seconds: Double, _ events: Event..., next step: SyncRunState.Step) {
            self.seconds = seconds
            self.events = events
            self.step = step
        }
    }

    struct Story: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let dataTypes: [String]
        let moments: [Moment]

        init(_ name: String, _ dataTypes: [String] = ["a", "b"], _ moments: Moment...) {
            testDescription = name
            self.dataTypes = dataTypes
            self.moments = moments
        }
    }

    static let policy = RetryPolicy(
        firstPause: .seconds(1), backoffMax: .seconds(60), failingTimeMax: .seconds(100), pauseMax: .seconds(900),
        limitedTimeMax: .seconds(3600))

    static func finish(_ status: SyncRunStatus, _ failed: String...) -> SyncRunState.Step {
        .finish(
            SyncOutcome(status: status, failures: failed.map { SyncFailure(dataType: $0, error: error(.permanent)) }))
    }

    static func error(_ kind: ProviderError.Kind, isOwnLimit: Bool = false) -> ProviderError {
        ProviderError(kind, "It failed.", status: isOwnLimit ? nil : 500)
    }

    static let stories: [Story] = [
        Story(
            "one data type after the other, to the end", ["a", "b"], Moment(0, next: .sync("a")),
            Moment(1, .done("a"), next: .sync("b")), Moment(2, .done("b"), next: finish(.completed))),
        Story(
            "a failure that may pass lets the others go first, and is waited for when nothing else is left",
            ["a", "b"],
            Moment(0, .fails("a", .transient), next: .sync("b")),
            Moment(0.5, .done("b"), next: .wait(until: .seconds(1), .retry)), Moment(1, next: .sync("a")),
            Moment(1, .done("a"), next: finish(.completed))),
        Story(
            "each failure in a row doubles the pause", ["a"],
            Moment(0, .fails("a", .transient), next: .wait(until: .seconds(1), .retry)),
            Moment(1, .fails("a", .transient), next: .wait(until: .seconds(3), .retry)),
            Moment(3, .fails("a", .transient), next: .wait(until: .seconds(7), .retry)),
            Moment(7, .fails("a", .transient, progressed: true), next: .wait(until: .seconds(8), .retry))),
        Story(
            "failures without a page between them are given up after their time", ["a", "b"],
            Moment(0, .done("b"), .fails("a", .transient), next: .wait(until: .seconds(1), .retry)),
            Moment(99.5, .fails("a", .transient), next: finish(.partial, "a"))),
        Story(
            "with pages between them they are sat through without end", ["a"],
            Moment(0, .fails("a", .transient), next: .wait(until: .seconds(1), .retry)),
            Moment(99.5, .fails("a", .transient, progressed: true), next: .wait(until: .seconds(100.5), .retry))),
        Story(
            "a limit of requests holds up all data types, because it is the account's", ["a", "b"],
            Moment(0, .fails("a", .rateLimited(after: .seconds(30))), next: .wait(until: .seconds(37.75), .rateLimit)),
            Moment(37.75, next: .sync("a"))),
        Story(
            "a pause that nobody can sit through is a failure", ["a"],
            Moment(0, .fails("a", .rateLimited(after: .seconds(901))), next: finish(.failed, "a"))),
        Story(
            "a provider that refuses again and again is asked ever more seldom", ["a"],
            Moment(
                0, .fails("a", .rateLimited(after: .zero)), .fails("a", .rateLimited(after: .zero)),
                .fails("a", .rateLimited(after: .zero)), .fails("a", .rateLimited(after: .zero)),
                next: .wait(until: .seconds(4.25), .rateLimit)),
            Moment(3601, .fails("a", .rateLimited(after: .zero)), next: finish(.failed, "a"))),
        Story(
            "whoever waits for the host's own budget stays in line", ["a"],
            Moment(
                0, .fails("a", .rateLimited(after: .seconds(2)), isOwnLimit: true),
                next: .wait(until: .seconds(2.25), .rateLimit)),
            Moment(
                7200, .fails("a", .rateLimited(after: .seconds(2)), isOwnLimit: true),
                next: .wait(until: .seconds(7202.25), .rateLimit))),
        Story(
            "a data type that fails for good does not keep the others from being synced", ["a", "b"],
            Moment(0, .fails("a", .permanent), next: .sync("b")),
            Moment(1, .done("b"), next: finish(.partial, "a"))),
        Story(
            "a missing scope is that data type's alone", ["a", "b"],
            Moment(0, .fails("a", .scopeMissing(["x"])), next: .sync("b")),
            Moment(1, .fails("b", .scopeMissing(["x"])), next: finish(.failed, "a", "b"))),
        Story(
            "a dead grant ends everything", ["a", "b", "c"],
            Moment(0, .done("a"), .fails("b", .authRevoked), next: finish(.partial, "b"))),
        Story(
            "a host that stops leaves the run as it is, also while it waits", ["a"],
            Moment(
                0, .fails("a", .rateLimited(after: .seconds(60))), .cancel(.hostStops), next: .suspend)),
        Story(
            "a run that has ended is finished even when the host stops", ["a"],
            Moment(0, .done("a"), .cancel(.hostStops), next: finish(.completed))),
        Story(
            "a connection that was removed cancels its run", ["a", "b"],
            Moment(0, .done("a"), .cancel(.removed), next: finish(.canceled))),
        Story(
            "a connection that has expired fails what was not done", ["a", "b"],
            Moment(0, .done("a"), .cancel(.ended(.expired)), next: finish(.partial, "b"))),
        Story(
            "the first reason to end counts", ["a"],
            Moment(0, .cancel(.removed), .cancel(.hostStops), next: finish(.canceled))),
        Story(
            "a run has its time and not more", ["a", "b"],
            Moment(
                86_000, .fails("a", .rateLimited(after: .seconds(800))),
                next: .wait(until: .seconds(86_400), .rateLimit)),
            Moment(86_400, next: finish(.failed, "a", "b"))),
    ]

    @Test("Each event leads to the expected step", arguments: stories)
    func steps(story: Story) {
        var state = SyncRunState(story.dataTypes, policy: Self.policy, deadline: .seconds(86_400))
        for moment in story.moments {
            for event in moment.events {
                switch event {
                case .done(let name): state.complete(name)
                case .fails(let name, let kind, let progressed, let isOwnLimit):
                    state.fail(
                        name, Self.error(kind, isOwnLimit: isOwnLimit), progressed: progressed,
                        at: .seconds(moment.seconds), chance: 1)
                case .cancel(let reason): state.cancel(reason)
                }
            }
            let step = state.next(at: .seconds(moment.seconds))
            switch (step, moment.step) {
            case (.finish(let found), .finish(let expected)):
                #expect(found.status == expected.status)
                #expect(found.failures.map(\.dataType) == expected.failures.map(\.dataType))
            default: #expect(step == moment.step, "at \(moment.seconds) s")
            }
        }
    }

    @Test("The message for users names the data type and the problem")
    func message() {
        let failure = SyncFailure(dataType: "payments", error: ProviderError(.permanent, "No.", code: "x"))
        #expect(SyncOutcome(status: .failed, failures: [failure]).message == "payments: No. (x)")
        #expect(SyncOutcome(status: .completed, failures: []).message == nil)
    }

    @Test("Jitter spreads retry pauses, and never shortens a required pause")
    func jitter() {
        let transient = ProviderError(.transient, "")
        func pause(_ error: ProviderError, _ chance: Double) -> Duration? {
            Self.policy.pause(after: error, failures: 3, failingFor: .zero, chance: chance)
        }
        #expect(pause(transient, 0) == .seconds(2))
        #expect(pause(transient, 1) == .seconds(4))
        let limited = ProviderError(.rateLimited(after: .milliseconds(7500)), "", status: 429)
        #expect(pause(limited, 0) == .milliseconds(7500))
        #expect(pause(limited, 1) == .milliseconds(7500 + 1875 + 250))
    }
}
