// The limits of sessions, syncs, webhooks and notifications from both sides, where a value or a state machine shows them.

import Cryptography
import Primitives
import ProviderSDK
import RecordStore
import Testing
import Users

@testable import Configuration
@testable import ConnectionModel
@testable import Connections
@testable import HTTPAPI
@testable import Notifications
@testable import OAuth
@testable import Requests
@testable import Sessions
@testable import Sync
@testable import Webhooks

@Suite("Limits of the services", .timeLimit(.minutes(2)))
struct ServiceLimitTests {
    private static let now = Timestamp(seconds: 1_700_000_000) ?? .epoch

    private static func text(_ count: Int) -> String { String(repeating: "a", count: count) }

    // MARK: Sessions

    @Test("A token in as many cookies as it may have is put together, and one in more is none", arguments: [0, 1])
    func cookieChunks(excess: Int) {
        let count = SessionLimits.cookieChunksMax + excess
        let field = (0..<count).map { "token.\($0)=a" }.joined(separator: "; ")
        #expect(CookieChunks.joined("token", in: [field]) == (excess == 0 ? Self.text(count) : nil))
    }

    @Test("The cache of sessions takes its number of them, and forgets some beyond it")
    func sessionCache() {
        let cache = SessionCache()
        for number in 0..<(2 * SessionLimits.cachedSessionsMax) {
            let session = VerifiedSession(
                principal: Principal(userID: "u", kind: .session, sessionBinding: "u"),
                expiresAt: Self.now.advanced(by: .seconds(3600)))
            cache.store(cache.key("\(number)".utf8Span.span, place: 0), session, at: Self.now)
            if number == SessionLimits.cachedSessionsMax / 4 {
                #expect(cache.count == number + 1)
                #expect(cache.find(cache.key("0".utf8Span.span, place: 0), at: Self.now) != nil)
            }
        }
        #expect(cache.count <= SessionLimits.cachedSessionsMax)
        #expect(cache.find(cache.key("0".utf8Span.span, place: 0), at: Self.now) == nil)
    }

    @Test("A verified session is believed for its time, and not a moment longer")
    func cachedLifetime() {
        let cache = SessionCache()
        let key = cache.key("t".utf8Span.span, place: 0)
        let lifetime = SessionLimits.cachedSessionLifetimeMax
        let session = VerifiedSession(
            principal: Principal(userID: "u", kind: .session, sessionBinding: "u"),
            expiresAt: Self.now.advanced(by: lifetime * 2))
        cache.store(key, session, at: Self.now)
        #expect(cache.find(key, at: Self.now.advanced(by: lifetime - .milliseconds(1))) != nil)
        #expect(cache.find(key, at: Self.now.advanced(by: lifetime)) == nil)
    }

    @Test("An application key has a name and a life up to their limits", arguments: [0, 1])
    func applicationKeys(excess: Int) {
        func isGood(name: String = "a", days: Int? = nil) -> Bool {
            (try? NewApplicationKey(name: name, lifetimeDays: days, at: Self.now)) != nil
        }
        #expect(isGood(name: Self.text(ApplicationKeyLimits.nameBytesMax + excess)) == (excess == 0))
        #expect(isGood(days: ApplicationKeyLimits.lifetimeDaysMax + excess) == (excess == 0))
    }

    @Test("A key of a key set has an id up to its limit", arguments: [0, 1])
    func keyIDs(excess: Int) throws {
        let id = Self.text(SessionLimits.keyIDBytesMax + excess)
        let document = KeySetDocument(
            try SessionFixtures.keySet([(id, SessionFixtures.key), ("b", SessionFixtures.key)]))
        #expect(document?.verifiers.count == 2 - excess)
    }

    @Test(
        "As many secrets as may be in use are taken, and one more is a mistake of the configuration", arguments: [0, 1])
    func secrets(excess: Int) {
        var sessions = SessionsConfiguration()
        let secrets = (0..<(SessionLimits.secretsMax + excess)).map { Secret("secret-\($0)") }
        sessions.nextAuth = .init(secrets: secrets)
        #expect(((try? SessionSchemes.check(sessions, allowsPlainHTTP: false)) != nil) == (excess == 0))
    }

    @Test("A configuration file is read up to its size", arguments: [0, 1])
    func configurationFile(excess: Int) {
        let text = "{}" + String(repeating: " ", count: ConfigurationLimits.fileBytesMax - 2 + excess)
        var configuration = Configuration()
        let isRead = (try? ConfigurationFile(path: "f", bytes: Array(text.utf8)).apply(to: &configuration)) != nil
        #expect(isRead == (excess == 0))
    }

    // MARK: Providers

    @Test("A token answer and a refresh token are read up to their sizes", arguments: [0, 1])
    func tokenAnswers(excess: Int) {
        func answer(_ refresh: String, bytes: Int = 0) -> TokenAnswer {
            let text = Array(#"{"access_token":"a","refresh_token":"\#(refresh)"}"#.utf8)
            let padding = [UInt8](repeating: 0x20, count: max(0, bytes - text.count))
            return TokenAnswer(ProviderResponse(status: 200, body: text + padding), TokenResponseFields())
        }
        let whole = answer("r", bytes: OAuthLimits.tokenResponseBytesMax + excess)
        #expect((whole.answer != nil) == (excess == 0))
        let token = Self.text(ConnectionLimits.tokenBytesMax + excess)
        #expect((answer(token).refresh == token) == (excess == 0))
    }

    // MARK: Values of requests

    @Test("A value of a request is taken up to its limit, and refused above", arguments: [0, 1])
    func values(excess: Int) {
        func isTaken<Value>(_ field: Requests.Field<Value>, _ value: JSONValue) -> Bool {
            (try? field.read(.object([(field.name, value)]))) != nil
        }
        func isTaken<Value>(_ parameter: Parameter<Value>, _ text: String) -> Bool {
            (try? parameter.read(text)) != nil
        }
        func texts(_ count: Int) -> JSONValue { .array((0..<count).map { .string("a\($0)") }) }
        let name = JSONValue.string(Self.text(RequestBounds.serviceBytesMax + excess))
        let url = Self.text(RequestBounds.urlBytesMax + excess)
        let permission = Self.text(RequestBounds.permissionBytesMax + excess)
        let scopes = (0..<(RequestBounds.permissionsMax + excess)).map { "s\($0)" }.joined(separator: ",")
        typealias Declared = IntegrationsDeclarations
        let taken = [
            isTaken(ConnectionFields.service, name), isTaken(ConnectionFields.variant, name),
            isTaken(ConnectionFields.redirectURI, .string(url)), isTaken(ConnectionFields.accountID, .string(url)),
            isTaken(ConnectionFields.permissions, texts(RequestBounds.permissionsMax + excess)),
            isTaken(ConnectionFields.permissions, [.string(permission)]),
            isTaken(Declared.scopes, scopes), isTaken(Declared.scopes, permission),
            isTaken(Declared.redirectURI, url),
            isTaken(Declared.callerState, Self.text(RequestBounds.callerStateBytesMax + excess)),
            isTaken(Declared.idempotencyKey, Self.text(RequestBounds.idempotencyKeyBytesMax + excess)),
            isTaken(Declared.letterIDs, texts(RequestBounds.deadLetterIDsMax + excess)),
            isTaken(Declared.recordLimit, String(RequestBounds.recordPageMax + excess)),
            isTaken(Declared.deadLetterLimit, String(SyncLimits.deadLetterPageMax + excess)),
            isTaken(Declared.deliveryLimit, String(RequestBounds.webhookDeliveryPageMax + excess)),
            isTaken(
                ApplicationKeyDeclarations.overlapHours,
                (try? JSONValue.parse(Array(String(ApplicationKeyLimits.overlapHoursMax + excess).utf8))) ?? .null),
            isTaken(UserDeclarations.limit, String(RequestBounds.userPageMax + excess)),
            isTaken(AuditDeclarations.limit, String(RequestBounds.auditPageMax + excess)),
            isTaken(AuditDeclarations.userID, Self.text(RequestBounds.userIDBytesMax + excess)),
            isTaken(ConnectSessionDeclarations.services, texts(ConnectSessionLimits.servicesMax + excess)),
            isTaken(
                ExternalAccountsDeclarations.token, .string(Self.text(RequestBounds.linkTokenBytesMax + excess))),
            isTaken(
                ExternalAccountsDeclarations.attributes,
                .object((0..<(RequestBounds.attributesMax + excess)).map { ("a\($0)", .string("b")) })),
            (try? ExternalAccountsRoutes.check(
                Self.text(RequestBounds.attributeNameBytesMax + excess), .string("b"))) != nil,
            (try? ExternalAccountsRoutes.check(
                "a", .string(Self.text(RequestBounds.attributeBytesMax + excess)))) != nil,
        ]
        #expect(taken == Array(repeating: excess == 0, count: taken.count))
    }

    // MARK: Syncs

    @Test("The remarks of a run are kept up to their limit, the first ones first", arguments: [0, 1])
    func notes(excess: Int) {
        var state = SyncRunState(["a", "b"], policy: SyncRunStateTests.policy, deadline: .seconds(60))
        state.complete("a", note: Self.text(SyncLimits.noteBytesMax / 2 - 3))
        // "a: ", a space, and "b: ".
        state.complete("b", note: Self.text(SyncLimits.noteBytesMax - SyncLimits.noteBytesMax / 2 - 4 + excess))
        guard case .finish(let outcome) = state.next(at: .zero) else { return #expect(Bool(false), "not finished") }
        let count = outcome.message?.utf8.count
        #expect(count == (excess == 0 ? SyncLimits.noteBytesMax : SyncLimits.noteBytesMax / 2))
    }

    @Test("A record is stored up to its size, and a larger one fails", arguments: [0, 1])
    func recordSize(excess: Int) throws {
        let mapping = FieldMapping("thing", sourceID: ["id"], [Field("name", from: "name")])
        func record(_ count: Int) -> SourceRecord { SourceRecord(["id": "1", "name": .string(Self.text(count))]) }
        let frame = try mapping.map(record(1).value, now: Self.now).json.count - 1
        var batch = RecordBatch(dataType: "things", checkpoint: nil)
        let large = record(SyncLimits.recordBytesMax - frame + excess)
        let isStored = (try? RecordIntake(mapping: mapping).add(large, to: &batch, now: Self.now)) != nil
        #expect(isStored == (excess == 0))
    }

    @Test("A walk begins again as often as it may, and then ends without a proof")
    func walkRestarts() {
        var walk = WalkCompleteness()
        for number in 0...SyncLimits.walkRestartsMax {
            let step = walk.meets(.broken)
            #expect(step == (number < SyncLimits.walkRestartsMax ? .restart : .proceed))
        }
        let end = walk.end(missing: 1, mustProve: false)
        #expect(end == .moved)
    }

    @Test("As many records as may be missing at once are deleted, and one more waits for the next read")
    func missingRecords() {
        for excess in [0, 1] {
            var count = AbsencePolicy.Count()
            count.missing = SyncLimits.missingRecordsMax + excess
            #expect(AbsencePolicy.isMass(count, of: count.missing + 1) == (excess == 1))
        }
    }

    @Test("Texts of dead letters are cut at their limit", arguments: [0, 1])
    func letterTexts(excess: Int) {
        let text = Self.text(SyncLimits.deadLetterTextBytesMax + excess)
        let failure = RecordFailure(sourceID: text, field: text, rule: text, problem: text).bounded
        #expect((failure.problem == text) == (excess == 0))
        #expect(failure.problem.utf8.count <= SyncLimits.deadLetterTextBytesMax)
        #expect(failure.sourceID == failure.problem)
    }

    @Test("A change waits for further ones up to its time, and keys up to their number wait")
    func debouncer() {
        let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)
        let quiet = Duration.seconds(2)
        var debouncer = Debouncer(quietTime: quiet)
        var now = start
        while now < start + SyncLimits.changesQuietTimeMax {
            let outcome = debouncer.take("c", at: now)
            #expect(outcome != .due)
            _ = debouncer.note("c", at: now)
            now = now + .seconds(1)
        }
        let outcome = debouncer.take("c", at: start + SyncLimits.changesQuietTimeMax)
        #expect(outcome == .due)
        for number in 0...SyncLimits.changesWaitingMax {
            let due = debouncer.note("\(number)", at: start)
            #expect((due != nil) == (number < SyncLimits.changesWaitingMax))
        }
    }

    // MARK: Webhooks and notifications

    @Test("Secrets and signatures of a delivery count up to their limits")
    func signatures() throws {
        let setting = (0...WebhookLimits.secretsMax).map { "key\($0)" }.joined(separator: ",")
        let keys = WebhookVerifier.keys(in: setting)
        #expect(keys.count == WebhookLimits.secretsMax && keys.last == "key\(WebhookLimits.secretsMax - 1)")
        let verifier = try #require(WebhookVerifier(IncomingVerifierTests.stripe, keys: ["key"]))
        let moment = String(Self.now.milliseconds / 1000)
        let good = HMACSHA256(key: Array("key".utf8)).code(for: Array("\(moment).".utf8))
        for excess in [0, 1] {
            let others = String(
                repeating: ",v1=" + String(repeating: "0", count: 64), count: WebhookLimits.signaturesMax - 1 + excess)
            let header = [NamedValue("Stripe-Signature", "t=\(moment)\(others),v1=\(good)")]
            let verdict = verifier.verdict(headers: header, body: [], at: Self.now)
            #expect(verdict == (excess == 0 ? .genuine(sentAt: Self.now) : .forged))
        }
    }

    @Test("A time in a signature has digits up to their limit", arguments: [0, 1])
    func timestampDigits(excess: Int) throws {
        let verifier = try #require(WebhookVerifier(IncomingVerifierTests.stripe, keys: ["key"]))
        let seconds = String(Self.now.milliseconds / 1000)
        let zeros = String(repeating: "0", count: WebhookLimits.timestampDigitsMax - seconds.utf8.count + excess)
        let code = HMACSHA256(key: Array("key".utf8)).code(for: Array("\(zeros)\(seconds).".utf8))
        let header = [NamedValue("Stripe-Signature", "t=\(zeros)\(seconds),v1=\(code)")]
        let verdict = verifier.verdict(headers: header, body: [], at: Self.now)
        #expect(verdict == (excess == 0 ? .genuine(sentAt: Self.now) : .unsigned))
    }

    @Test("An event is older than the grant beyond the difference that clocks may have")
    func clockSkew() {
        let skew = WebhookLimits.clockSkewMax
        let at = GrantAge(occurredAt: Self.now, grantedAt: Self.now.advanced(by: skew))
        let beyond = GrantAge(occurredAt: Self.now, grantedAt: Self.now.advanced(by: skew + .milliseconds(1)))
        #expect(at == .doubtful && beyond == .older)
    }

    @Test("Deliveries run up to their numbers, over all, by host and by user, and wait up to theirs")
    func deliveries() {
        let start = DispatchLineTests.start
        var all = DispatchLine()
        for number in 0...NotificationLimits.concurrentMax {
            #expect(DispatchLineTests.join(&all, DispatchLineTests.work(number, host: "h\(number):443")))
        }
        #expect(DispatchLineTests.started(&all, at: start).count == NotificationLimits.concurrentMax)
        var host = DispatchLine()
        for number in 0...NotificationLimits.waitingPerHostMax {
            let isTaken = host.join(DispatchLineTests.work(number))
            #expect(isTaken == (number < NotificationLimits.waitingPerHostMax))
        }
        #expect(DispatchLineTests.started(&host, at: start).count == NotificationLimits.concurrentPerHostMax)
        var user = DispatchLine()
        for number in 0...NotificationLimits.concurrentPerUserMax {
            let work = DispatchLineTests.work(number, host: "h\(number):443", user: "many")
            #expect(DispatchLineTests.join(&user, work))
        }
        #expect(DispatchLineTests.started(&user, at: start).count == NotificationLimits.concurrentPerUserMax)
        var waiting = DispatchLine()
        for number in 0...NotificationLimits.waitingMax {
            let work = DispatchLineTests.work(number, host: "h\(number):443")
            let isTaken = waiting.join(work)
            #expect(isTaken == (number < NotificationLimits.waitingMax))
        }
    }

    @Test("A change that syncs fail to read waits longer each time, up to the longest pause")
    func failedChange() throws {
        var change = PendingChange(dataType: "things")
        for failure in 1...20 {
            change.wasNotRead(failed: true, at: Self.now)
            let longest = Self.now.advanced(by: ConnectionLimits.syncRetryPauseMax)
            let end = try #require(change.notBefore)
            #expect(failure < 8 ? end < longest : end <= longest)
            #expect(change.dueFrom(at: Self.now) == end)
        }
        #expect(change.notBefore == Self.now.advanced(by: ConnectionLimits.syncRetryPauseMax))
    }
}
