// Erases users: their connections, records and grants, what other parts of the host keep of them, and their documents. The intent is
// durable before anything is erased, so that an erasure continues after a stop. Does not depend on HTTP.

package import Audit
package import Background
package import ConnectionModel
package import DocumentStore
package import Observability
package import Primitives
import ProviderSDK
import StoreFiles
import Synchronization
package import Users

/// A service that erases users.
package final class UserErasure: Sendable {
    /// What was erased.
    package struct Outcome: Sendable, Equatable {
        package var connections = 0
        /// The connections by what their providers answered to the end of the grant.
        package var revocations: [RevocationOutcome: Int] = [:]
        /// The API keys that were revoked.
        package var apiKeys = 0
    }

    private typealias Erased = Result<Outcome, ServiceError>

    private let users: UserStore
    private let lifecycle: ConnectionLifecycle
    private let records: RecordErasure
    private let grants: any GrantRevoking
    private let keys: any UserDataErasing
    private let linkTokens: LinkTokenStore
    private let connectSessions: ConnectSessions
    private let accounts: AccountUsers
    private let intents: DocumentCollection<PlainForm<ErasureIntent>>
    private let audit: AuditTrail
    private let time: TimeSource
    private let log: Log
    /// The erasures under way, by the bytes of the user's id.
    private let running = Mutex<[[UInt8]: Task<Erased, Never>]>([:])

    /// - Parameter keys: the users' API keys; they can exist without a document.
    package init(
        users: UserStore, documents: Documents, lifecycle: ConnectionLifecycle, records: RecordErasure,
        grants: any GrantRevoking, keys: any UserDataErasing, linkTokens: LinkTokenStore,
        connectSessions: ConnectSessions, accounts: AccountUsers, audit: AuditTrail, time: TimeSource, log: Log
    ) {
        self.users = users
        self.lifecycle = lifecycle
        self.records = records
        self.grants = grants
        self.keys = keys
        self.linkTokens = linkTokens
        self.connectSessions = connectSessions
        self.accounts = accounts
        self.audit = audit
        intents = DocumentCollection(documents, name: "user-erasures", noun: "erasure")
        self.time = time
        self.log = log
    }

    /// Erases a user; durable on return.
    ///
    /// It continues when the caller goes away. A caller who comes meanwhile gets the same outcome.
    ///
    /// - Throws: ``ServiceError/notFound`` when there is nothing to erase.
    package func erase(_ userID: String) async throws(ServiceError) -> Outcome {
        let id = Array(userID.utf8)
        let task = running.withLock { running in
            if let task = running[id] { return task }
            let task = Task { await self.run(userID) }
            running[id] = task
            return task
        }
        return try await task.value.get()
    }

    /// Continues the erasures that a stop or a failure interrupted.
    package func resume() async {
        do throws(ServiceError) {
            var position: Documents.ListPosition?
            repeat {
                let page = try await intents.ids(after: position)
                for id in page.ids where !Task.isCancelled { _ = try? await erase(String(decoding: id, as: UTF8.self)) }
                position = page.next
            } while position != nil && !Task.isCancelled
        } catch {
            log.warning("Could not look for interrupted erasures of users.", ["error": .text("\(error)")])
        }
    }

    /// Interrupts the erasures under way; the next start continues them.
    package func stop() async {
        let tasks = running.withLock { Array($0.values) }
        for task in tasks { task.cancel() }
        for task in tasks { _ = await task.value }
    }

    private func run(_ userID: String) async -> Erased {
        defer { running.withLock { $0[Array(userID.utf8)] = nil } }
        do throws(ServiceError) {
            let outcome = try await perform(userID)
            log.info(
                "A user was erased.",
                ["connections": .integer(outcome.connections), "apiKeys": .integer(outcome.apiKeys)])
            return .success(outcome)
        } catch {
            if error != .notFound {
                log.warning("A user could not be erased; the host will retry.", ["error": .text("\(error)")])
            }
            return .failure(error)
        }
    }

    private func perform(_ userID: String) async throws(ServiceError) -> Outcome {
        let id = Array(userID.utf8)
        var outcome = Outcome()
        let (stored, intent) = (try await users.stored(userID)?.value, try await intents.load(id))
        if stored != nil || intent != nil {
            try await audit.record(.eraseUser, AuditTarget(userID: userID), .begun)
        }
        // First, so that the user's own programs add nothing meanwhile.
        outcome.apiKeys = try await keys.eraseData(of: stored ?? User(id: userID))
        try await connectSessions.erase(user: userID)
        guard stored != nil || intent != nil else {
            guard outcome.apiKeys > 0 else { throw .notFound }
            return outcome
        }
        let now = time.now
        try await intents.update(id) { $0 = $0 ?? ErasureIntent(at: now) }
        // Before the document, which names the account that unused tokens are for.
        if let stored { _ = try await linkTokens.eraseData(of: stored) }
        try await eraseDocument(of: userID, &outcome)
        // After the document: a callback that is late may have added the user to the list of an account.
        _ = try await accounts.eraseData(of: User(id: userID))
        outcome.apiKeys += try await keys.eraseData(of: User(id: userID))
        // What was erased stays in the journal until all journaled changes are in their final files; so does the intent.
        await users.flush()
        // Before the intent goes: an erasure that ended has its line, if need be twice.
        try await audit.record(.eraseUser, AuditTarget(userID: userID), .done)
        _ = try await intents.remove(id)
        await users.flush()
        return outcome
    }

    /// Ends everything that the user's document knows of, and removes the document.
    private func eraseDocument(of userID: String, _ outcome: inout Outcome) async throws(ServiceError) {
        for attempt in 1...UserListLimits.attemptsMax {
            guard let user = try await users.stored(userID)?.value else { return }
            try await endConnections(of: user, &outcome)
            // Each grant that a provider has not confirmed gets a last request; its ticket goes with the document.
            if attempt == 1 { await endGrants(of: user) }
            let left = try await users.user(userID).erasures
            try await records.erase(left, of: userID)
            if try await users.remove(userID, where: { $0.connections.isEmpty && $0.erasures.isEmpty }) { return }
            guard !Task.isCancelled else { throw .canceled }
        }
        throw .unavailable("The user connects accounts during the erasure: try again.", retryAfterSeconds: 1)
    }

    /// Deletes the connections, some at the same time; asks each provider once to end the grant.
    private func endConnections(of user: User, _ outcome: inout Outcome) async throws(ServiceError) {
        let lifecycle = lifecycle
        let ended = await withTaskGroup(of: Result<RevocationOutcome?, ServiceError>.self) { group in
            var ended: [Result<RevocationOutcome?, ServiceError>] = []
            for (index, connection) in user.connections.enumerated() {
                if index >= UserListLimits.endingsMax, let result = await group.next() { ended.append(result) }
                group.addTask {
                    do throws(ServiceError) {
                        return .success(try await lifecycle.end(connection.id, .delete, of: user.id))
                    } catch {
                        // Another caller has ended it.
                        return error == .notFound ? .success(nil) : .failure(error)
                    }
                }
            }
            for await result in group { ended.append(result) }
            return ended
        }
        var failure: ServiceError?
        for result in ended {
            switch result {
            case .success(let answer):
                outcome.connections += 1
                // The ticket of a provider that did not answer goes with the user's document.
                if let answer { outcome.revocations[answer == .pending ? .failed : answer, default: 0] += 1 }
            case .failure(let error): failure = error
            }
        }
        if let failure { throw failure }
    }

    private func endGrants(of user: User) async {
        let (grants, time) = (grants, time)
        await withTaskGroup(of: Void.self) { group in
            for (index, ticket) in user.revocations.enumerated() {
                if index >= UserListLimits.endingsMax { await group.next() }
                group.addTask {
                    let answered = OneTimeEvent()
                    let request = Task {
                        defer { answered.signal() }
                        _ = try? await grants.revoke(ticket.remnant, user: user.id)
                    }
                    await answered.wait(atMost: ConnectionLifecycle.revocationWaitMax, time)
                    request.cancel()
                    await request.value
                }
            }
        }
    }
}

/// The note that a user must be erased; it stays until nothing is left of the user.
struct ErasureIntent: StoredValue {
    let begunAt: Timestamp

    init(at now: Timestamp) { begunAt = now }

    init(document: [UInt8]) throws(ServiceError) {
        // An intent that cannot be read is an intent all the same.
        begunAt = (try? JSONValue.parse(document))?.moment("begunAt") ?? .epoch
    }

    var document: [UInt8] {
        var writer = JSONWriter(capacity: 64)
        writer.object { $0.moment("begunAt", begunAt) }
        return writer.bytes
    }
}
