// Turns the stored data of a connection into an explanation. Pure: takes facts and returns a value. DiagnosisWords contains the
// sentences for the classes.

import ConnectionModel
import Observability
import ProviderSDK
import Providers
import Sync
import Users

/// The facts that an explanation is based on.
struct Diagnosis {
    let connection: Connection
    /// The provider; nil when its plugin is missing.
    let provider: ConfiguredProvider?
    let credential: CredentialState
    /// How long requests for the account are held back; nil when they are not.
    var pause: Duration?
    /// The progress of the running sync; nil when no sync runs.
    var progress: SyncProgress.Snapshot?
    /// The number of dead letters; nil when the records cannot be read.
    var deadLetters: Int? = 0
    /// What else a reader should know.
    var otherNotes: [String] = []
    /// Why the host does no background work; nil when it does.
    var pauseReason: String?
    let now: Timestamp

    /// How the connection is authorized; nil for providers without OAuth, and without the plugin.
    var oauth: OAuth2? { provider?.oauth(connection.variant) }

    /// How long an endpoint may accept no notification before it counts as failing.
    static let notificationFailureMax = Duration.seconds(300)

    var explanation: Explanation {
        let kind = kind
        let words = DiagnosisWords(diagnosis: self, kind: kind)
        return Explanation(
            kind: kind, state: words.state, action: words.action, lastAttempt: lastAttempt,
            providerCode: isAboutFailure(kind) ? Redaction.code(connection.failure?.code) : nil,
            detail: isAboutFailure(kind) ? connection.failure.map { Redaction.text($0.message) } : nil,
            nextRetry: retry(kind), dataTypes: dataTypes, grantEndsAt: connection.grantEnd(oauth),
            expiresSoon: connection.expiresSoon(oauth, at: now),
            notificationsWaiting: connection.outbox.count,
            deadLetters: deadLetters, notes: notes)
    }

    private var notes: [String] {
        [pauseReason].compactMap(\.self) + otherNotes
            + connection.grant.oddities.map { "In the last token response \($0); it counts as not said." }
    }

    // MARK: Class

    /// The class of the connection.
    var kind: DiagnosisClass {
        guard let provider else {
            // An integration that the application only reported has neither a credential nor an account.
            return connection.isManaged ? .pluginMissing : .unmanaged
        }
        switch credential {
        case .keyMissing, .damaged: return .credentialUnreadable
        case .none, .good: break
        }
        switch connection.status {
        case .disconnected: return .disconnected
        case .pending: return pending
        case .expired, .revoked:
            return connection.failure.map(kind(of:)) == .revoked || connection.status == .revoked ? .revoked : .ended
        case .error: return connection.failure.map(kind(of:)) ?? .refused
        case .connected: return connected(provider)
        }
    }

    private var pending: DiagnosisClass {
        if let failure = connection.failure { return kind(of: failure) }
        return connection.authorizations.contains { $0.expiresAt > now } ? .pending : .lapsed
    }

    private func connected(_ provider: ConfiguredProvider) -> DiagnosisClass {
        guard provider.canServe(connection.variant) else { return .misconfigured }
        if connection.isLapsed(at: now) { return .ended }
        switch progress?.wait {
        case .rateLimit: return .rateLimited
        case .retry: return .transient
        case .turn, nil: break
        }
        if let failure = currentFailure { return kind(of: failure) }
        if let pause, pause > .zero { return .rateLimited }
        if !lostScopes.isEmpty { return .scopeLost }
        if areNotificationsFailing { return .notificationsFailing }
        return .working
    }

    /// The last failure, unless a success came after it.
    var currentFailure: ConnectionFailure? {
        guard let failure = connection.failure else { return nil }
        let good = connection.syncs.first { $0.status == .completed }?.completedAt
        if let good, good > failure.at { return nil }
        return failure
    }

    private func kind(of failure: ConnectionFailure) -> DiagnosisClass {
        let code = failure.code?.lowercased() ?? ""
        switch failure.kind {
        case .authRevoked:
            // A refused code does not end a grant, because there was no grant yet.
            if code.contains("redirect") { return .misconfigured }
            return failure.operation == .exchange ? .codeRefused : .revoked
        case .authExpired: return .revoked
        case .scopeMissing: return .scopeLost
        case .rateLimited: return .rateLimited
        case .transient: return .transient
        case .unknown: return .unknown
        case .misconfigured: return .misconfigured
        case .permanent, .changesUnavailable, .other:
            if failure.operation == .authorize {
                if code == "callback_incomplete" { return .refused }
                return code.contains("redirect") || Self.operatorCodes.contains(code) ? .misconfigured : .denied
            }
            return code.contains("redirect") ? .misconfigured : .refused
        }
    }

    /// Error codes of an authorization endpoint that the user cannot resolve (RFC 6749 section 4.1.2.1).
    private static let operatorCodes: Set = [
        "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "invalid_client",
    ]

    /// Whether the explanation is about the failure.
    private func isAboutFailure(_ kind: DiagnosisClass) -> Bool {
        switch kind {
        case .denied, .codeRefused, .revoked, .scopeLost, .misconfigured, .rateLimited, .transient, .unknown, .refused:
            currentFailure != nil
        default: false
        }
    }

    /// Requested scopes that a data type needs and that were not granted.
    var lostScopes: [String] {
        guard let provider else { return [] }
        var lost: [String] = []
        for type in provider.dataTypes(connection.variant) {
            for scope in provider.scopes(connection.variant).missing(type.scopes, granted: connection.grantedScopes)
            where connection.requestedScopes.contains(scope) && !lost.contains(scope) { lost.append(scope) }
        }
        return lost
    }

    /// Whether the endpoint is gone, or has accepted nothing for some time despite attempts.
    private var areNotificationsFailing: Bool {
        guard connection.settings.webhookURL != nil else { return false }
        if connection.webhook.disabledAt != nil { return true }
        return connection.webhook.failingSince.map { $0.advanced(by: Self.notificationFailureMax) <= now } ?? false
    }

    // MARK: Facts

    private var lastAttempt: Explanation.Attempt? {
        var attempts: [Explanation.Attempt] = []
        if let at = connection.connectedAt { attempts.append(.init(operation: .connect, at: at, outcome: .succeeded)) }
        if let at = connection.credentials.issuedAt, at != connection.connectedAt {
            attempts.append(.init(operation: .refresh, at: at, outcome: .succeeded))
        }
        if let sync = connection.syncs.first {
            let outcome: Explanation.Outcome =
                switch sync.status {
                case .running: .running
                case .completed: .succeeded
                case .partial: .partial
                case .failed, .canceled: .failed
                }
            attempts.append(.init(operation: .sync, at: sync.completedAt ?? sync.startedAt, outcome: outcome))
        }
        if let failure = connection.failure {
            let attempt = Explanation.Attempt(
                operation: failure.operation, at: failure.at, outcome: failure.kind == .unknown ? .unknown : .failed)
            // A failed or partly failed sync is already in the list.
            if !attempts.contains(where: { $0.operation == attempt.operation && $0.at == attempt.at }) {
                attempts.append(attempt)
            }
        }
        return attempts.max { $0.at < $1.at }
    }

    private func retry(_ kind: DiagnosisClass) -> Explanation.Retry? {
        // A failed refresh defines its next attempt itself, regardless of the class.
        if let failure = currentFailure, failure.operation == .refresh, let at = failure.retryAt, isAboutFailure(kind) {
            return .init(at: max(at, now), isAutomatic: true)
        }
        switch kind {
        case .rateLimited, .transient, .unknown, .refused, .scopeLost, .working: break
        case .notificationsFailing:
            guard case .at(let moment) = connection.nextDelivery(at: now) else { return nil }
            return .init(at: moment, isAutomatic: true)
        default: return nil
        }
        if let until = progress?.waitsUntil, progress?.wait != .turn {
            return .init(at: max(until, now), isAutomatic: true)
        }
        var earliest: Timestamp?
        if let pause, pause > .zero { earliest = now.advanced(by: pause) }
        if kind == .rateLimited, let retryAt = currentFailure?.retryAt, retryAt > now {
            earliest = max(retryAt, earliest ?? retryAt)
        }
        if let due = SyncSchedule.nextDue(connection, at: now) {
            return .init(at: max(due, earliest ?? now, now), isAutomatic: true)
        }
        return earliest.map { .init(at: $0, isAutomatic: false) }
    }

    private var dataTypes: [Explanation.DataTypeState] {
        guard let provider else { return [] }
        return provider.dataTypes(connection.variant).map { type in
            .init(
                name: type.name,
                missingScopes: provider.scopes(connection.variant).missing(
                    type.scopes, granted: connection.grantedScopes))
        }
    }
}
