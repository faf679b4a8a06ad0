// Which connections a list of all users' connections has. Pure: decides from a summary where that suffices.

package import ConnectionModel
import Users

/// A filter of connections; nil members let every connection pass.
package struct ConnectionFilter: Sendable {
    let kind: DiagnosisClass?
    let service: String?
    let status: ConnectionStatus?

    package init(kind: DiagnosisClass? = nil, service: String? = nil, status: ConnectionStatus? = nil) {
        self.kind = kind
        self.service = service
        self.status = status
    }

    func includes(_ entry: UserDirectory.ListedConnection) -> Bool {
        (kind.map { $0 == entry.kind } ?? true) && (status.map { $0 == entry.connection.status } ?? true)
            && (service.map { $0.utf8.elementsEqual(entry.connection.service.utf8) } ?? true)
    }

    /// Whether a user with connections of these kinds may have one that passes; nil stands for unknown kinds.
    func mayInclude(_ kinds: [ConnectionKind]?) -> Bool { kinds?.contains(where: mayInclude) ?? true }

    private func mayInclude(_ stored: ConnectionKind) -> Bool {
        if let service, !service.utf8.elementsEqual(stored.service.utf8) { return false }
        if let status, status != stored.status, !(status == .expired && stored.lapses) { return false }
        return kind?.mayHold(for: stored) ?? true
    }
}

extension DiagnosisClass {
    /// Whether a connection of this kind may be of the class at some time and with some running work.
    ///
    /// Follows ``Diagnosis``: a class that depends on more than the kind may always hold.
    func mayHold(for stored: ConnectionKind) -> Bool {
        switch self {
        case .working, .notificationsFailing: stored.status == .connected
        case .pending, .lapsed: stored.status == .pending
        case .disconnected: stored.status == .disconnected
        case .ended: stored.status == .expired || stored.lapses
        case .revoked: stored.hasFailure || stored.status == .revoked
        case .refused: stored.hasFailure || stored.status == .error
        case .denied, .codeRefused, .unknown: stored.hasFailure
        case .scopeLost, .misconfigured, .rateLimited, .transient, .credentialUnreadable, .pluginMissing, .unmanaged:
            true
        }
    }
}
