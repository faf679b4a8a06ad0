// Who is signed in to the dashboard and for how long, and the syncs of its chart: states without a clock.

import Primitives
import ProviderSDK
import Testing

@testable import Dashboard
@testable import Events
@testable import Requests

@Suite("Dashboard states", .timeLimit(.minutes(1)))
struct DashboardStateTests {
    private static let start = ManualClock().instant

    private static func session(_ key: String) -> DashboardSession { DashboardSession(keyID: key, formToken: "f") }

    @Test("A person is signed in until the lifetime or the idle time is over, and not a moment longer")
    func times() {
        var table = DashboardSessionTable()
        table.add(Self.session("a"), digest: [1], at: Self.start)
        let millisecond = Duration.milliseconds(1)
        var now = Self.start
        while now + DashboardLimits.idleTimeMax < Self.start + DashboardLimits.sessionLifetime {
            now = now + (DashboardLimits.idleTimeMax - millisecond)
            #expect(table.session([1], at: now) == Self.session("a"))
        }
        #expect(table.session([1], at: Self.start + (DashboardLimits.sessionLifetime - millisecond)) != nil)
        #expect(table.session([1], at: Self.start + DashboardLimits.sessionLifetime) == nil)
        table.add(Self.session("b"), digest: [2], at: Self.start)
        #expect(table.session([2], at: Self.start + DashboardLimits.idleTimeMax) == nil)
        #expect(table.count == 0)
    }

    @Test("So many people are signed in, and the one who was idle longest makes room")
    func room() {
        var table = DashboardSessionTable()
        func digest(_ number: Int) -> [UInt8] { [UInt8(number & 255), UInt8(number >> 8)] }
        for number in 0..<DashboardLimits.sessionsMax {
            table.add(Self.session("\(number)"), digest: digest(number), at: Self.start + .seconds(number))
        }
        let now = Self.start + .seconds(DashboardLimits.sessionsMax)
        #expect(table.session(digest(0), at: now) != nil)
        table.add(Self.session("x"), digest: digest(999), at: now)
        #expect(table.count == DashboardLimits.sessionsMax)
        #expect(table.session(digest(0), at: now) != nil && table.session(digest(1), at: now) == nil)
        table.remove(digest(0))
        #expect(table.session(digest(0), at: now) == nil)
    }

    @Test("A cookie is taken among others, and one of another name or length is not")
    func cookies() throws {
        let sessions = DashboardSessions(time: .system)
        let secret = try sessions.signIn(keyID: "k")
        let name = DashboardSessions.cookieName
        #expect(sessions.session(cookies: ["a=b; \(name)=\(secret)"])?.keyID == "k")
        #expect(sessions.session(cookies: ["a=b", "\(name)=x; \(name)=\(secret); c=d"])?.keyID == "k")
        for wrong in ["", "\(name)=", "\(name)=\(secret)x", "x\(name)=\(secret)", "\(name)x=\(secret)"] {
            #expect(sessions.session(cookies: [wrong]) == nil, "\(wrong)")
        }
        sessions.signOut(cookies: ["\(name)=\(secret)"])
        #expect(sessions.session(cookies: ["\(name)=\(secret)"]) == nil)
        let field = DashboardSessions.cookie("s", isSecure: true)
        #expect(field == "\(name)=s; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure")
        #expect(DashboardSessions.cookie(nil, isSecure: false).contains("Max-Age=0"))
    }

    @Test("Syncs count in their hour, old hours go, and a clock that goes back loses nothing")
    func hours() {
        var hours = SyncHours()
        let count = DashboardLimits.chartHours
        hours.add(hasFailed: false, hour: 1000)
        hours.add(hasFailed: true, hour: 1000)
        hours.add(hasFailed: false, hour: 1002)
        hours.add(hasFailed: false, hour: 1001)
        #expect(hours.hours.suffix(3) == [SyncHour(ended: 1, failed: 1), SyncHour(ended: 1), SyncHour(ended: 1)])
        hours.advance(to: 1000)
        #expect(hours.hours.last == SyncHour(ended: 1))
        hours.advance(to: 1000 + count - 1)
        #expect(hours.hours.first == SyncHour(ended: 1, failed: 1) && hours.hours.count == count)
        hours.advance(to: 1000 + count)
        #expect(hours.hours.first == SyncHour(ended: 1))
        hours.add(hasFailed: false, hour: 1)
        hours.advance(to: 1_000_000)
        #expect(hours.hours == Array(repeating: SyncHour(), count: count))
    }

    @Test("The newest events are shown up to their number, and syncs are counted besides")
    func activity() {
        let activity = Activity(time: .system)
        let count = DashboardLimits.happeningMax
        let events = (0...count).map { number in
            LiveEvent(.syncFailed, of: "conn-\(number)", service: "acme", user: "ann", at: .epoch)
        }
        activity.note(Array(events.prefix(count)))
        #expect(activity.events == events.prefix(count).reversed())
        activity.note([events[count], LiveEvent(.syncProgress, of: "c", service: "acme", user: "ann", at: .epoch)])
        #expect(activity.events.count == count && activity.events.first == events[count])
        #expect(activity.syncs.hours.last == SyncHour(failed: count + 1))
    }
}
