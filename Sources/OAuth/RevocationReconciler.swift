// Ends the grants that connections gave up while the provider did not answer. The user's document holds them as tickets, and says
// when each is due.

import Background
import ConnectionModel
package import Observability
package import Primitives
package import ProviderSDK
import Providers
package import Users

/// Retries revocations.
package final class RevocationReconciler: Reconciler {
    /// A ticket of a user.
    struct Work: Identifiable, Sendable, Equatable {
        let user: String
        let connection: String
        let grant: Int

        var id: String { "\(connection)/\(grant)" }

        func isAbout(_ ticket: RevocationTicket) -> Bool {
            ticket.remnant.id.utf8.elementsEqual(connection.utf8) && ticket.remnant.grant.number == grant
        }
    }

    private typealias Queue = KeyedWorkQueue<FairWorkLine<Work>>

    /// Revocations at the same time.
    package static let concurrentMax = 4
    /// Revocations that may wait for a place; the next pass finds the others.
    package static let waitingMax = 1024
    /// How long a stop waits for revocations under way.
    static let stopGrace = Duration.seconds(5)

    private let users: UserStore
    private let oauth: OAuthService
    private let time: TimeSource
    private let log: Log
    private let queue: Queue

    package init(users: UserStore, oauth: OAuthService, time: TimeSource, log: Log) {
        self.users = users
        self.oauth = oauth
        self.time = time
        self.log = log
        queue = Queue(Self.line(), time: time)
        queue.start { [weak self] work in
            await self?.retry(work)
            return .done
        }
    }

    /// The revocations under way, and those that wait for a place.
    static func line() -> FairWorkLine<Work> {
        FairWorkLine(runningMax: concurrentMax, waitingMax: waitingMax, share: \.user)
    }

    package func reconcile(_ user: User, at now: Timestamp) async {
        for ticket in user.revocations where ticket.isDue(at: now) || ticket.isOver(at: now) {
            queue.schedule(Work(user: user.id, connection: ticket.remnant.id, grant: ticket.remnant.grant.number))
        }
    }

    package func addDue(of user: User, to moments: inout DueMoments) {
        for ticket in user.revocations { moments.add(ticket.isDue(at: moments.now) ? .epoch : ticket.nextAttemptAt) }
    }

    /// Starts no further work.
    package func stop() async { await queue.stop(grace: Self.stopGrace) }

    private func retry(_ work: Work) async {
        do {
            guard let ticket = try await users.user(work.user).revocations.first(where: work.isAbout) else { return }
            let answer =
                ticket.isOver(at: time.now)
                ? RevocationAnswer(.failed) : try await oauth.revocation(of: ticket, user: work.user)
            let now = time.now
            try await users.update(work.user) { (user) throws(ServiceError) in
                if answer.outcome == .pending {
                    user.revocationPostponed(ticket, answer.retryAfter, at: now)
                } else {
                    try user.revocationEnded(ticket, answer.outcome)
                }
            }
            guard answer.outcome != .pending else { return }
            Metrics.revocations[answer.outcome]?.add()
            log.info(
                answer.outcome == .failed
                    ? "A grant could not be ended at its provider; the host no longer tries."
                    : "A grant was ended after its connection.",
                [
                    "connectionId": .text(work.connection), "service": .text(ticket.remnant.service),
                    "revocation": .text(answer.outcome.rawValue),
                ])
            await users.flush()
        } catch {
            // A stop, or a store that cannot be written for now: the next walk finds it again.
            log.info(
                "A revocation could not be retried.",
                ["connectionId": .text(work.connection), "error": .text("\(error)")])
        }
    }
}

extension OAuthService {
    /// Ends the grant of a ticket at its provider; an access token that has ended meanwhile is replaced first.
    func revocation(of ticket: RevocationTicket, user: String) async throws -> RevocationAnswer {
        var connection = ticket.remnant
        if let end = connection.expiresAt, end <= time.now {
            switch await renewed(connection, user: user) {
            case .success(let tokens?):
                let (vault, now) = (vault, time.now)
                let sealed = try vault.sealed(tokens, user: user, connection: connection.id)
                // Durable before it is used, as every pair.
                try await users.update(user) { (user) throws(ServiceError) in
                    user.revocationRenewed(ticket, with: sealed, at: now)
                }
                connection = connection.carrying(sealed, at: now)
            case .success(nil): break
            case .failure(let failure):
                // A grant that is dead has ended.
                if failure.reason == .revoked { return RevocationAnswer(.revoked) }
                guard failure.reason != .misconfigured else { break }
                return RevocationAnswer(.pending, retryAfter: failure.pause)
            }
        }
        return try await revocation(of: connection, user: user)
    }

    /// The new pair of tokens of a connection that has ended; nil when it has no refresh token.
    private func renewed(
        _ connection: Connection, user: String
    ) async -> Result<TokenResponse?, RefreshFailure> {
        guard let provider = registry[connection.service], let oauth = provider.oauth(connection.variant),
            case .refreshToken = oauth.refresh, let url = provider.endpoint("token", variant: connection.variant),
            let clientID = provider.clientID(connection.variant),
            let token = try? vault.refreshToken(of: connection, user: user)
        else { return .success(nil) }
        let request = TokenRequest(
            oauth: oauth, clientID: clientID, clientSecret: provider.clientSecret(connection.variant),
            settings: provider.publicSettings
        ).refresh(token, at: url)
        do throws(RefreshFailure) {
            let response: ProviderResponse
            do { response = try await gateway.answer(request) } catch { throw RefreshFailure(error) }
            return .success(
                try TokenResponse.refreshed(
                    response, oauth: oauth, secrets: request.credentials() + [token.value], now: time.now))
        } catch {
            return .failure(error)
        }
    }
}
