// The life of a connection as a state machine: every status, whether the connection is being ended, every event, and what follows.
// A value without I/O and without a clock; what an event does to the rest of the connection is Connection's.

import ProviderSDK

/// The states of a connection.
package enum ConnectionStatus: String, Sendable, CaseIterable {
    /// Being connected: its account is not known yet.
    case pending
    /// Working.
    case connected
    /// The grant ran out or the provider no longer takes it: the user must connect again.
    case expired
    /// The grant was ended at the provider.
    case revoked
    /// The last attempt to connect failed.
    case error
    /// Disconnected by the user.
    case disconnected

    /// Why a connection in this state cannot be used, as the end of a sentence about it.
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
    /// It is kept, with its records and without its credentials.
    case disconnect
    /// It is removed with its credentials and records.
    case delete
}

/// What happens to a connection.
package enum LifeEvent: Sendable, Hashable {
    /// The user named the account, or gave a key: no authorization is needed.
    case linked
    /// The authorization failed before the provider gave tokens.
    case authorizationFailed
    /// The provider gave tokens; whose account they are for is not known yet.
    case authorized
    /// Whose account the tokens are for can never be found out.
    case abandoned
    /// The account is known.
    case identified
    /// The provider gave new tokens for the same grant.
    case renewed
    /// The provider no longer takes the grant.
    case grantRefused
    /// The provider says that the grant was ended there.
    case revokedAtProvider
    /// The application says that an integration without a provider is connected.
    case noted
    /// The application says that an integration without a provider is not connected.
    case unnoted
    /// The user asks for the connection to be disconnected.
    case disconnectRequested
    /// The user asks for the connection to be deleted.
    case deletionRequested
    /// The grant, if there was one, is given up here and as far as possible at the provider.
    case disconnected(hadGrant: Bool)
    /// The connection is removed.
    case removed
}

extension LifeEvent: CaseIterable {
    package static let allCases: [LifeEvent] = [
        .linked, .authorizationFailed, .authorized, .abandoned, .identified, .renewed, .grantRefused,
        .revokedAtProvider, .noted, .unnoted, .disconnectRequested, .deletionRequested,
        .disconnected(hadGrant: true), .disconnected(hadGrant: false), .removed,
    ]
}

/// What follows from an event.
///
/// Consequences inside the user's document are carried out by ``Connection`` with the event; the others are left to the caller.
package enum Consequence: Sendable, Hashable {
    /// The application is told, by an event in the outbox.
    case notify(ConnectionEvent.Kind)
    /// The secrets of the grant are erased from the document; older copies of them must leave the journal.
    case eraseGrant
    /// The grant is to be ended at the provider.
    case revokeGrant
    /// The records of the connection are to be erased.
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

    /// What an event makes of a connection.
    package enum Outcome: Sendable, Equatable {
        /// It goes on in this state, which may be the one it was in.
        case becomes(ConnectionLife, [Consequence])
        /// It is removed.
        case ends([Consequence])
        /// The event comes too late or means nothing here: nothing changes, which is no fault.
        case ignored
        /// The event cannot happen in this state.
        case refused
    }

    /// What `event` makes of a connection in this state.
    package func outcome(of event: LifeEvent) -> Outcome {
        switch event {
        // Ending a connection is possible in every state, and a deletion cannot be taken back.
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

    /// What an event makes of a connection that is not being ended.
    private func outcomeWhileKept(of event: LifeEvent) -> Outcome {
        let same = Outcome.becomes(self, [])
        switch (event, status) {
        case (.linked, .pending), (.linked, .connected): return .becomes(ConnectionLife(.connected), [])
        case (.linked, _): return .refused

        case (.authorizationFailed, .pending): return .becomes(ConnectionLife(.error), [.notify(.failed)])
        // What works, or worked, is not harmed by another attempt that failed.
        case (.authorizationFailed, _): return .ignored

        // An authorization outlives the end of an earlier grant, but not a disconnect.
        case (.authorized, .disconnected), (.abandoned, .disconnected): return .refused
        case (.authorized, _): return same
        case (.abandoned, _): return .becomes(ConnectionLife(.error), [.eraseGrant, .notify(.failed)])

        // Connecting an account again revives the connection that the user already had, whatever became of it.
        case (.identified, _): return .becomes(ConnectionLife(.connected), [.notify(.connected)])

        case (.renewed, .expired): return .becomes(ConnectionLife(.connected), [.notify(.connected)])
        case (.renewed, .disconnected): return .refused
        case (.renewed, _): return same

        case (.grantRefused, .connected): return .becomes(ConnectionLife(.expired), [.notify(.expired)])
        case (.grantRefused, _): return .ignored

        case (.revokedAtProvider, .disconnected): return .refused
        case (.revokedAtProvider, _): return .becomes(ConnectionLife(.revoked), [.eraseGrant, .notify(.revoked)])

        case (.noted, _): return .becomes(ConnectionLife(.connected), [])
        case (.unnoted, _): return .becomes(ConnectionLife(.disconnected), [])

        case (.disconnectRequested, _), (.deletionRequested, _), (.disconnected, _), (.removed, _): return .refused
        }
    }

    /// What an event makes of a connection that is being ended: nothing brings it back.
    private func outcomeWhileEnding(of event: LifeEvent) -> Outcome {
        switch event {
        case .authorizationFailed, .grantRefused, .noted, .unnoted: .ignored
        default: .refused
        }
    }

    /// Why an event was refused, for callers.
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
