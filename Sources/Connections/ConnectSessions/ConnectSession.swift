// A connect session: a link with which a user of an application connects an account in a browser. A state machine without a clock and
// without I/O.

import ConnectionModel
import Cryptography
package import ProviderSDK
package import Users

/// A link for one user that one browser may open.
package struct ConnectSession: Sendable, Equatable {
    /// How far a session has come.
    package enum State: String, Sendable, CaseIterable {
        /// No browser has opened it.
        case open
        /// A browser has opened it, and nothing is decided yet.
        case opened
        case connected
        /// The person refused or canceled.
        case denied
        case failed
        case revoked
        case expired
    }

    /// What a step ended with.
    package struct Outcome: Sendable, Equatable {
        package let service: String
        /// Why it failed; nil when it did not.
        package let reason: FailureReason?
        /// The connection; nil without one.
        package let connectionID: String?
        /// The status of the answer.
        package let status: Int
        /// A text for people, such as the name of an account; nil without one.
        package let note: String?
        /// The id of the request, for support.
        package let reference: String
        package let at: Timestamp

        package init(
            service: String, reason: FailureReason? = nil, connectionID: String? = nil, status: Int,
            note: String? = nil,
            reference: String, at: Timestamp
        ) {
            self.service = service
            self.reason = reason
            self.connectionID = connectionID
            self.status = status
            self.note = note
            self.reference = reference
            self.at = at
        }
    }

    /// An authorization that was begun in the session.
    package struct Step: Sendable, Equatable {
        package let service: String
        package let variant: String?
        package let connectionID: String
        package let at: Timestamp

        package init(service: String, variant: String?, connectionID: String, at: Timestamp) {
            self.service = service
            self.variant = variant
            self.connectionID = connectionID
            self.at = at
        }
    }

    package let id: String
    package let userID: String
    /// The providers that may be connected, in the order in which they are shown; empty for all.
    package let services: [String]
    package let permissions: [String]
    package let variant: String?
    /// The page of the application to which the session returns.
    package let returnTo: String
    /// The connection that is connected again; nil for a new one.
    package let reconnects: String?
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    let tokenDigest: [UInt8]
    /// The hash of the secret of the browser that opened the session; nil until one has.
    internal(set) package var browserDigest: [UInt8]?
    internal(set) package var isRevoked = false
    internal(set) package var steps: [Step] = []
    internal(set) package var outcome: Outcome?

    init(_ token: ConnectToken, _ new: NewConnectSession, at now: Timestamp) {
        id = token.id
        userID = new.userID
        services = new.services
        permissions = new.permissions
        variant = new.variant
        returnTo = new.returnTo
        reconnects = new.reconnects
        createdAt = now
        expiresAt = now.advanced(by: new.lifetime)
        tokenDigest = token.digest
    }

    init(
        id: String, userID: String, services: [String], permissions: [String], variant: String?, returnTo: String,
        reconnects: String?, createdAt: Timestamp, expiresAt: Timestamp, tokenDigest: [UInt8]
    ) {
        self.id = id
        self.userID = userID
        self.services = services
        self.permissions = permissions
        self.variant = variant
        self.returnTo = returnTo
        self.reconnects = reconnects
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.tokenDigest = tokenDigest
    }

    // MARK: State

    package func state(at now: Timestamp) -> State {
        if outcome != nil, outcome?.reason == nil { return .connected }
        if isRevoked { return .revoked }
        if let reason = outcome?.reason, steps.last.map({ $0.at < (outcome?.at ?? $0.at) }) ?? true {
            return reason == .denied ? .denied : .failed
        }
        if now >= expiresAt { return .expired }
        return browserDigest == nil ? .open : .opened
    }

    /// Whether something may still be begun in the session.
    package func isLive(at now: Timestamp) -> Bool { !isRevoked && now < expiresAt }

    /// Whether a callback still completes what the session began: an authorization may come back after the session's end.
    package func acceptsCallback(at now: Timestamp) -> Bool {
        guard !isRevoked else { return false }
        return isLive(at: now) || steps.last.map { now < $0.at.advanced(by: PendingAuthorization.lifetime) } ?? false
    }

    /// Whether nothing is left to show of the session.
    func isForgotten(at now: Timestamp) -> Bool { expiresAt.advanced(by: ConnectSessionLimits.keptAfterEnd) <= now }

    /// The session's user, as the caller of a request.
    package var principal: Principal {
        Principal(userID: userID, kind: .connect, sessionBinding: "connect:\(id)")
    }

    /// Whether the session allows `service`.
    package func allows(_ service: String) -> Bool {
        services.isEmpty || services.contains { $0.utf8.elementsEqual(service.utf8) }
    }

    /// Whether a person may connect another account than the one that is connected again: after having chosen one.
    package var offersOther: Bool { reconnects != nil && outcome?.reason == .wrongAccount }

    func isTokenGood(_ token: ConnectToken) -> Bool { constantTimeEquals(tokenDigest, token.digest) }

    func isBrowser(_ secret: String) -> Bool {
        browserDigest.map { constantTimeEquals($0, SHA256.digest(secret).bytes) } ?? false
    }

    // MARK: Transitions

    /// Gives the session to the browser with `secret`, unless another one has it.
    ///
    /// - Returns: whether the session now belongs to this browser.
    mutating func open(_ secret: String) -> Bool {
        guard browserDigest == nil else { return false }
        browserDigest = SHA256.digest(secret).bytes
        return true
    }

    mutating func revoke() { isRevoked = true }

    mutating func begin(_ step: Step) { steps = steps.suffix(ConnectSessionLimits.stepsKept - 1) + [step] }

    /// Records what a step ended with; a connection that was made stays the outcome.
    mutating func end(_ outcome: Outcome) {
        guard self.outcome == nil || self.outcome?.reason != nil || outcome.reason == nil else { return }
        self.outcome = outcome
    }
}

/// The parameters of a new session.
package struct NewConnectSession: Sendable {
    package let userID: String
    package var services: [String] = []
    package var permissions: [String] = []
    package var variant: String?
    package let returnTo: String
    package var reconnects: String?
    package var lifetime = ConnectSessionLimits.lifetimeDefault

    package init(userID: String, returnTo: String) {
        self.userID = userID
        self.returnTo = returnTo
    }
}

/// The bounds of connect sessions.
package enum ConnectSessionLimits {
    /// The sessions of one user that are kept; the oldest one that no browser opened makes room.
    package static let perUserMax = 20
    /// The providers that one session can name.
    package static let servicesMax = 64
    /// How long a link works unless the request says otherwise.
    package static let lifetimeDefault = Duration.seconds(1800)
    /// The longest and shortest life of a link.
    package static let lifetimeSecondsRange: ClosedRange<Int64> = 60...3600
    /// How long a session is kept after its end, so that its pages still say what happened.
    package static let keptAfterEnd = Duration.seconds(86_400)
    /// The authorizations of one session that are kept.
    package static let stepsKept = 10
    /// The cookies of sessions that are looked at to find the session of a callback.
    package static let cookiesMax = 32
}
