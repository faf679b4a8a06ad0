// The life of a connection as a state machine: the statuses, the events, and their consequences.
// A value without I/O and without a clock. Connection applies an event to the rest of its data.

import ProviderSDK

/// The states of a connection.
package enum ConnectionStatus: String, Sendable, CaseIterable {
    /// The connection is being set up, and its account is not known yet.
    case pending
    /// The connection works.
    case connected
    /// The grant expired or the provider no longer accepts it: the user must connect again.
    case expired
    /// The grant was ended at the provider.
    case revoked
    /// The last attempt to connect failed.
    case error
    /// The user disconnected the connection.
    case disconnected

    /// The reason why a connection in this state cannot be used, as the end of a sentence about it.
    package var obstacle: String {
        switch self {
        case .pending: "was not completed: finish connecting it first"
        case .connected: "works"
        case .expired: "has expired: connect it again"
        case .revoked: "was revoked at the provider: connect it again"
        case .error: "could not be established: connect it again"
        case .disconnected: "is disconnected: connect it again"
        }
    }
}

/// How a connection is being ended.
package enum Disconnection: String, Sendable, CaseIterable {
    /// The connection is kept with its records, without its credentials.
    case disconnect
    /// The connection is removed with its credentials and records.
    case delete
}

/// An event in the life of a connection.
package enum LifeEvent: Sendable, Hashable {
    /// The user named the account, or gave a key: no authorization is needed.
    case linked
    /// The authorization failed before the provider returned tokens.
    case authorizationFailed
    /// The provider returned tokens, and their account is not known yet.
    case authorized
    /// The account of the tokens cannot be identified.
    case abandoned
    /// The account is known.
    case identified
    /// The provider returned new tokens for the same grant.
    case renewed
    /// The provider no longer accepts the grant.
    case grantRefused
    /// The provider called the grant dead, and will be asked once more before the application is notified.
    case grantDoubted
    /// The provider was asked once more, and calls the grant dead again.
    case doubtConfirmed
    /// The provider returned new tokens for a grant that it had called dead.
    case doubtResolved
    /// The provider reports that the grant was ended there.
    case revokedAtProvider
    /// The application reports that an integration without a provider is connected.
    case noted
    /// The application reports that an integration without a provider is not connected.
    case unnoted
    /// The user asks for the connection to be disconnected.
    case disconnectRequested
    /// The user asks for the connection to be deleted.
    case deletionRequested
    /// The grant, if any, is given up here and, where possible, at the provider.
    case disconnected(hadGrant: Bool)
    /// The connection is removed.
    case removed
}

extension LifeEvent: CaseIterable {
    package static let allCases: [LifeEvent] = [
        .linked, .authorizationFailed, .authorized, .abandoned, .identified, .renewed, .grantRefused,
        .grantDoubted, .doubtConfirmed, .doubtResolved, .revokedAtProvider, .noted, .unnoted, .disconnectRequested,
        .deletionRequested,
        .disconnected(hadGrant: true), .disconnected(hadGrant: false), .removed,
    ]
}

/// The consequences of an event.
///
/// ``Connection`` carries out the consequences inside the user's document with the event. The caller carries out the others.
package enum Consequence: Sendable, Hashable {
    /// The application is notified by an event in the outbox.
    case notify(ConnectionEvent.Kind)
    /// The secrets of the grant are erased from the document; older copies must be removed from the journal.
    case eraseGrant
    /// The grant must be ended at the provider.
    case revokeGrant
    /// The records of the connection must be erased.
    case eraseRecords
}

/// The status of a connection, and how it is being ended.
package struct ConnectionLife: Sendable, Hashable {
    package private(set) var status: ConnectionStatus
    /// Nil while it is not being ended.
    package private(set) var disconnection: Disconnection?

    package init(_ status: ConnectionStatus, _ disconnection: Disconnection? = nil) {
        self.status = status
        self.disconnection = disconnection
    }

    /// The outcome of an event.
    package enum Outcome: Sendable, Equatable {
        /// The connection continues in this state, which may be the previous one.
        case becomes(ConnectionLife, [Consequence])
        /// The connection is removed.
        case ends([Consequence])
        /// The event comes too late or has no meaning here: nothing changes, and this is not an error.
        case ignored
        /// The state does not allow the event.
        case refused
    }

    /// Returns the outcome of `event` in this state.
    package func outcome(of event: LifeEvent) -> Outcome {
        switch event {
        // Every state allows a connection to be ended, and a deletion cannot be reversed.
        case .disconnectRequested: return .becomes(ConnectionLife(status, disconnection ?? .disconnect), [.revokeGrant])
        case .deletionRequested:
            let isFirst = disconnection != .delete
            return .becomes(
                ConnectionLife(status, .delete), isFirst ? [.notify(.revoked), .revokeGrant] : [.revokeGrant])
        case .removed: return .ends([.eraseGrant, .eraseRecords])
        case .disconnected(let hadGrant):
            guard disconnection != .delete else { return .refused }
            guard self != ConnectionLife(.disconnected) else { return .ignored }
            let isNews = hadGrant || status == .connected
            return .becomes(ConnectionLife(.disconnected), [.eraseGrant] + (isNews ? [.notify(.revoked)] : []))
        default: return disconnection == nil ? outcomeWhileKept(of: event) : outcomeWhileEnding(of: event)
        }
    }

    /// Returns the outcome of an event for a connection that is not being ended.
    private func outcomeWhileKept(of event: LifeEvent) -> Outcome {
        let same = Outcome.becomes(self, [])
        switch (event, status) {
        case (.linked, .pending), (.linked, .connected): return .becomes(ConnectionLife(.connected), [])
        // A key that the provider accepts revives the user's existing connection in any state.
        case (.linked, _): return .becomes(ConnectionLife(.connected), [.notify(.connected)])

        case (.authorizationFailed, .pending): return .becomes(ConnectionLife(.error), [.notify(.failed)])
        // A connection that works, or has worked, is not affected when another attempt fails.
        case (.authorizationFailed, _): return .ignored

        // A pending authorization survives the end of an earlier grant, but not a disconnect.
        case (.authorized, .disconnected), (.abandoned, .disconnected): return .refused
        case (.authorized, _): return same
        case (.abandoned, _): return .becomes(ConnectionLife(.error), [.eraseGrant, .notify(.failed)])

        // Connecting an account again revives the user's existing connection in any state.
        case (.identified, _): return .becomes(ConnectionLife(.connected), [.notify(.connected)])

        case (.renewed, .expired): return .becomes(ConnectionLife(.connected), [.notify(.connected)])
        case (.renewed, .disconnected): return .refused
        case (.renewed, _): return same

        case (.doubtResolved, .expired): return .becomes(ConnectionLife(.connected), [])
        case (.doubtResolved, .disconnected): return .refused
        case (.doubtResolved, _): return same

        case (.grantDoubted, .connected): return .becomes(ConnectionLife(.expired), [])
        case (.grantDoubted, _): return .ignored

        case (.doubtConfirmed, .connected), (.doubtConfirmed, .expired):
            return .becomes(ConnectionLife(.expired), [.notify(.expired)])
        case (.doubtConfirmed, _): return .ignored

        case (.grantRefused, .connected): return .becomes(ConnectionLife(.expired), [.notify(.expired)])
        case (.grantRefused, _): return .ignored

        case (.revokedAtProvider, .disconnected): return .refused
        case (.revokedAtProvider, _): return .becomes(ConnectionLife(.revoked), [.eraseGrant, .notify(.revoked)])

        case (.noted, _): return .becomes(ConnectionLife(.connected), [])
        case (.unnoted, _): return .becomes(ConnectionLife(.disconnected), [])

        case (.disconnectRequested, _), (.deletionRequested, _), (.disconnected, _), (.removed, _): return .refused
        }
    }

    /// Returns the outcome of an event for a connection that is being ended: no event revives it.
    private func outcomeWhileEnding(of event: LifeEvent) -> Outcome {
        switch event {
        case .authorizationFailed, .grantRefused, .grantDoubted, .doubtConfirmed, .noted, .unnoted: .ignored
        default: .refused
        }
    }

    /// The reason why an event was refused, for callers.
    package var refusal: ServiceError {
        guard disconnection == nil else { return .conflict("The connection is being disconnected") }
        return .conflict("The connection \(status.obstacle)")
    }
}

// MARK: Stored form

extension ConnectionLife {
    package static let members: [StoredMember<ConnectionLife>] = [
        .init("status", { $1.value($0.status.rawValue) }, { _, _ in }),
        .init(
            "ending", omittedIf: { $0.disconnection == nil }, { $1.value($0.disconnection?.rawValue) },
            { $0.disconnection = $1.string.flatMap(Disconnection.init) }),
    ]
}
