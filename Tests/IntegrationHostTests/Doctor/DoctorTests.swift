// What the doctor says of facts: disks, clocks and surveys, at both sides of each threshold.

import Configuration
import ConnectionModel
import Credentials
import HTTPClient
import HostTesting
import Primitives
import ProviderSDK
import Storage
import Synchronization
import TestSupport
import Testing
import Users

@testable import Doctor
@testable import HostControl

@Suite("Doctor", .timeLimit(.minutes(1)))
struct DoctorTests {
    private static func verdict(_ findings: [Finding], _ subject: String) -> Finding.Verdict? {
        findings.first { $0.subject == subject }?.verdict
    }

    @Test("Little space is a warning, hardly any a problem")
    func space() {
        func verdict(_ bytes: Int) -> Finding.Verdict? {
            let facts = DiskFacts(freeBytes: bytes, freeInodes: 10_000, countsInodes: true, writeTime: .zero)
            return Self.verdict(DiskCheck.findings(facts, folder: "data"), "disk-space")
        }
        #expect(verdict(DoctorLimits.freeBytesWarned) == .good)
        #expect(verdict(DoctorLimits.freeBytesWarned - 1) == .warning)
        #expect(verdict(DoctorLimits.freeBytesMin) == .warning)
        #expect(verdict(DoctorLimits.freeBytesMin - 1) == .problem)
    }

    @Test("Few inodes are a problem where the file system counts them")
    func inodes() {
        func verdict(_ inodes: Int, counts: Bool = true) -> Finding.Verdict? {
            let facts = DiskFacts(freeBytes: 1 << 40, freeInodes: inodes, countsInodes: counts, writeTime: .zero)
            return Self.verdict(DiskCheck.findings(facts, folder: "data"), "disk-inodes")
        }
        #expect(verdict(DoctorLimits.freeInodesMin) == nil)
        #expect(verdict(DoctorLimits.freeInodesMin - 1) == .problem)
        #expect(verdict(0, counts: false) == nil)
    }

    @Test("A slow disk is a warning, a very slow one or one that takes no writes a problem")
    func speed() {
        func verdict(_ time: Duration?) -> Finding.Verdict? {
            let facts = DiskFacts(freeBytes: 1 << 40, freeInodes: 10_000, countsInodes: true, writeTime: time)
            return Self.verdict(DiskCheck.findings(facts, folder: "data"), "disk-speed")
        }
        #expect(verdict(DoctorLimits.writeTimeWarned) == .good)
        #expect(verdict(DoctorLimits.writeTimeWarned + .milliseconds(1)) == .warning)
        #expect(verdict(DoctorLimits.writeTimeMax) == .warning)
        #expect(verdict(DoctorLimits.writeTimeMax + .milliseconds(1)) == .problem)
        #expect(verdict(nil) == .problem)
    }

    @Test("The clock is judged by most other clocks, and by files from the future")
    func clock() {
        func verdict(_ leads: [Duration], newest: Int64? = nil) -> Finding.Verdict {
            ClockCheck.finding(leads: leads, now: 1000, newestFile: newest).verdict
        }
        let most = DoctorLimits.clockSkewMax
        #expect(verdict([most, most]) == .good && verdict([.zero - most]) == .good)
        #expect(verdict([most + .seconds(1)]) == .problem && verdict([.zero - most - .seconds(1)]) == .problem)
        #expect(verdict([.zero, .zero, .seconds(9000)]) == .good)
        #expect(verdict([], newest: 1060) == .good && verdict([], newest: 1061) == .problem)
    }

    @Test(
        "What is stored is judged by who has to act",
        arguments: [
            ("pluginMissing", Finding.Verdict.problem), ("credentialUnreadable", .problem), ("misconfigured", .problem),
            ("refused", .problem), ("revoked", .warning), ("ended", .warning), ("scopeLost", .warning),
            ("working", .good), ("transient", .good),
        ])
    func connections(kind: String, expected: Finding.Verdict) {
        var survey = InstallationSurvey(version: "1")
        survey.connections = [kind: 3]
        #expect(Self.verdict(SurveyCheck.findings(survey, version: "1"), "connections") == expected)
    }

    @Test("Another version, a pause, a store without writes, damaged users, letters and failing webhooks are named")
    func stored() {
        func wrong(_ change: (inout InstallationSurvey) -> Void) -> [String] {
            var survey = InstallationSurvey(version: "1")
            change(&survey)
            return SurveyCheck.findings(survey, version: "1").filter { $0.verdict != .good }.map(\.subject)
        }
        #expect(wrong { _ in } == [])
        #expect(wrong { $0.version = "0.9" } == ["version"])
        #expect(wrong { $0.pauseReason = "a copy" } == ["background"])
        #expect(wrong { $0.readOnlyReason = "io" } == ["store"])
        #expect(wrong { $0.unreadableUsers = 1 } == ["store"])
        #expect(wrong { $0.deadLetters = 1 } == ["dead-letters"])
        #expect(wrong { $0.connections = ["notificationsFailing": 1] } == ["notifications"])
    }

    @Test("A survey is read as it was written, and members that an older host does not send have their defaults")
    func coding() {
        var survey = InstallationSurvey(version: "1")
        survey.pauseReason = "a copy"
        survey.users = 7
        survey.connections = ["working": 2, "ended": 1]
        survey.isComplete = false
        #expect(InstallationSurvey(decoding: survey.encoded) == survey)
        #expect(InstallationSurvey(decoding: Array(#"{"version":"1"}"#.utf8)) == InstallationSurvey(version: "1"))
        #expect(InstallationSurvey(decoding: Array("{}".utf8)) == nil)
    }

    @Test("A report says what is wrong, what it means and what to do; its JSON says the same")
    func report() throws {
        let report = DoctorReport([
            .good("listen", "free"), .problem("keys", "gone", means: "nothing opens", do: "restore it"),
        ])
        #expect(report.hasProblem)
        #expect(report.text.contains("PROBLEM keys    gone\n") && report.text.contains("To do: restore it"))
        #expect(report.text.hasSuffix("1 problem."))
        let json = try JSONValue.parse(Array(report.json.utf8))
        #expect(json["healthy"] == false && json["findings"]?[1]?["remedy"] == "restore it")
        #expect(!DoctorReport([.warning("a", "b", means: "c", do: "d")]).hasProblem)
    }

    // MARK: Limits

    @Test("A survey looks at 10,000 users: with exactly as many it is complete, with one more it is not")
    func users() async throws {
        #expect(ControlLimits.surveyedUsersMax == 10_000)
        let directory = try TemporaryDirectory()
        var configuration = Configuration()
        configuration.dataDirectory = directory.path + "/data"
        _ = try KeyRings.keys(configuration, makes: true)
        let data = try DataDirectory(path: configuration.dataDirectory)
        defer { data.close() }
        let store = UserStore(data.documents)
        for id in ["a", "b", "c"] {
            try await store.update(id) { (user) throws(ServiceError) in
                _ = try user.add(
                    service: "nowhere", variant: nil, status: .connected, shard: UserStore.shard(of: id),
                    random: String(repeating: id, count: 22), at: .epoch)
            }
        }
        let commands = ControlCommands(alone: data, configuration)
        let all = try await commands.survey(usersMax: 3)
        #expect(all.users == 3 && all.isComplete && all.connections.values.reduce(0, +) == 3)
        let part = try await commands.survey(usersMax: 2)
        #expect(part.users == 2 && !part.isComplete)
    }

    /// A client that reaches this machine.
    private static func client() throws -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.addressPolicy = .any
        return try HTTPClient(configuration)
    }

    @Test("An answer of 64 KiB is read, a longer one is refused; its date shows how far the clocks are apart")
    func answers() async throws {
        let server = SocketServer { request in
            let count = DoctorLimits.answerBytesMax + (request.path == "/long" ? 1 : 0)
            return .status(
                200, [NamedValue("Date", "Sun, 06 Nov 1994 08:49:37 GMT")], String(repeating: "x", count: count))
        }
        defer { server.stop() }
        let client = try Self.client()
        let question = NetworkQuestion(client: client)
        let answer = try await question.ask(server.url + "/full", isDirect: true)
        #expect(answer.text.utf8.count == DoctorLimits.answerBytesMax)
        #expect(try #require(answer.clockLead) > .seconds(86_400 * 365))
        await #expect(throws: HTTPClientError.self) { try await question.ask(server.url + "/long", isDirect: true) }
        await client.shutdown()
    }

    @Test("An address that is silent for longer than the time for a question is not reachable; the time is 5 seconds")
    func silence() async throws {
        #expect(DoctorLimits.questionTimeMax == .seconds(5))
        let server = SocketServer { request in
            request.path == "/slow" ? .late(milliseconds: 700, .json(200, [:])) : .json(200, [:])
        }
        defer { server.stop() }
        let client = try Self.client()
        let question = NetworkQuestion(client: client, timeMax: .milliseconds(300))
        #expect(try await question.ask(server.url + "/fast", isDirect: true).status == 200)
        await #expect(throws: HTTPClientError.self) { try await question.ask(server.url + "/slow", isDirect: true) }
        await client.shutdown()
    }

    @Test("Eight providers are asked at the same time, and no more")
    func sideBySide() async {
        let state = Mutex((running: 0, most: 0))
        let results = await Doctor.sideBySide(Array(0..<40), max: DoctorLimits.questionsMax) { number in
            state.withLock {
                $0.running += 1
                $0.most = max($0.most, $0.running)
            }
            try? await Task.sleep(for: .milliseconds(2))
            state.withLock { $0.running -= 1 }
            return number
        }
        #expect(results.sorted() == Array(0..<40))
        #expect(state.withLock(\.most) == DoctorLimits.questionsMax)
    }
}
