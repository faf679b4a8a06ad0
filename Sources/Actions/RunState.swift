// The life of a run as a state machine without I/O: intended, sent, and an end that is true. Knows no provider and no store.

package import ProviderSDK

/// Why a run did not succeed, for the application.
package struct RunFailure: Sendable, Equatable {
    /// The classes of failures.
    package enum Reason: String, Sendable, CaseIterable {
        /// The provider refused; nothing was done.
        case refused
        /// No byte of the request was sent.
        case notSent
        /// The answer was lost, and nothing says whether the request was carried out.
        case unknown
    }

    package let reason: Reason
    /// The provider's own code.
    package var code: String?
    package let message: String
    /// Whether the same action, with another key, may succeed later.
    package var isRetryable = false

    package init(_ reason: Reason, _ error: ProviderError) {
        self.init(reason, error.message, code: error.code)
        switch error.kind {
        case .rateLimited, .transient: isRetryable = reason != .unknown
        default: isRetryable = false
        }
    }

    package init(_ reason: Reason, _ message: String, code: String? = nil, isRetryable: Bool = false) {
        self.reason = reason
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
    }
}

/// One run of an action.
package struct ActionRunRecord: Sendable, Equatable {
    /// Where a run stands.
    package enum Phase: String, Sendable, CaseIterable {
        /// It is stored, and no byte was sent.
        case intended
        /// Its first byte may have been sent.
        case sent
        /// Its answer was lost; the host asks again.
        case unsettled
        case succeeded
        case failed
        /// Its answer was lost for good.
        case unknown

        /// Whether nothing changes it any more.
        package var isEnd: Bool { self == .succeeded || self == .failed || self == .unknown }
    }

    /// The id, which follows from connection and Idempotency-Key; it is the key that the provider gets.
    package let id: String
    package let action: String
    /// A hash of the action and its inputs, by which the same request is known again.
    package let fingerprint: String
    package let startedAt: Timestamp
    package internal(set) var phase = Phase.intended
    /// The inputs, sealed; nil once they are not needed.
    package internal(set) var sealedInputs: String?
    /// When it was first sent.
    package internal(set) var sentAt: Timestamp?
    package internal(set) var completedAt: Timestamp?
    package internal(set) var output: JSONValue?
    package internal(set) var failure: RunFailure?
    /// The attempts to settle it.
    package internal(set) var settleCount = 0
    /// When the next of them is due.
    package internal(set) var settleAt: Timestamp?

    package init(id: String, action: String, fingerprint: String, sealedInputs: String?, at now: Timestamp) {
        self.id = id
        self.action = action
        self.fingerprint = fingerprint
        self.sealedInputs = sealedInputs
        startedAt = now
    }

    // MARK: Transitions

    /// Notes that the first byte may leave from now on.
    mutating func willSend(at now: Timestamp) {
        guard phase == .intended else { return }
        phase = .sent
        sentAt = now
    }

    /// Notes the outcome of a request.
    ///
    /// - Parameter canSettle: whether anything can show its outcome later.
    mutating func note(_ outcome: ActionOutcome, canSettle: Bool, at now: Timestamp) {
        guard !phase.isEnd else { return }
        switch outcome {
        case .done(let output): end(.succeeded, output: output, failure: nil, at: now)
        case .refused(let error): end(.failed, output: nil, failure: RunFailure(.refused, error), at: now)
        case .notSent(let error):
            if phase == .unsettled { return postpone(error, canSettle: canSettle, at: now) }
            end(.failed, output: nil, failure: RunFailure(.notSent, error), at: now)
        case .unknown(let error): postpone(error, canSettle: canSettle, at: now)
        @unknown default: break
        }
    }

    private mutating func postpone(_ error: ProviderError, canSettle: Bool, at now: Timestamp) {
        guard canSettle else { return end(.unknown, output: nil, failure: RunFailure(.unknown, error), at: now) }
        phase = .unsettled
        failure = RunFailure(.unknown, error)
        var pause = ActionLimits.settlePauseMin
        for _ in 0..<min(settleCount, 10) { pause = min(pause * 2, ActionLimits.settlePauseMax) }
        settleCount += 1
        settleAt = now.advanced(by: pause)
    }

    /// Takes the run over from a process that ended.
    ///
    /// - Parameter canSettle: whether anything can show the outcome of a request that was sent.
    mutating func recover(canSettle: Bool, at now: Timestamp) {
        switch phase {
        case .intended:
            let failure = RunFailure(
                .notSent, "The host stopped before the request was sent.", isRetryable: true)
            end(.failed, output: nil, failure: failure, at: now)
        case .sent:
            let error = ProviderError(.transient, "The host stopped before the answer came.")
            postpone(error, canSettle: canSettle, at: now)
            if phase == .unsettled { settleAt = now }
        case .unsettled: settleAt = now
        case .succeeded, .failed, .unknown: break
        }
    }

    /// Ends the run without knowing its outcome.
    mutating func giveUp(at now: Timestamp) {
        guard !phase.isEnd else { return }
        end(
            .unknown, output: nil,
            failure: failure ?? RunFailure(.unknown, "Nothing says the outcome of the request."),
            at: now)
    }

    private mutating func end(_ phase: Phase, output: JSONValue?, failure: RunFailure?, at now: Timestamp) {
        self.phase = phase
        self.output = output
        self.failure = failure
        completedAt = now
        sealedInputs = nil
        settleAt = nil
    }
}

/// How a run whose answer was lost is settled next.
enum SettleStep: Sendable, Equatable {
    /// The same request is sent again: the provider knows it again.
    case sendAgain
    case lookUp
    /// Nothing says more.
    case giveUp

    /// The next step of a run of `action`.
    init(_ action: ActionSpec, _ run: ActionRunRecord, at now: Timestamp) {
        let age = run.sentAt.map { now.duration(since: $0) } ?? .zero
        if let window = action.repeatWindow, age >= .zero, age < window - ActionLimits.windowMargin {
            self = .sendAgain
        } else if action.lookUp != nil, run.settleCount <= ActionLimits.lookUpsMax {
            self = .lookUp
        } else {
            self = .giveUp
        }
    }
}
