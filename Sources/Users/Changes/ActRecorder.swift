// Records in the audit log how connections are made and ended. What happened is read from the change of the user's document, so that no
// way of connecting or ending is without its line.

import Audit
import ConnectionModel
import Synchronization

/// Records changes of connections in the audit log.
final class ActRecorder: Sendable {
    private let trail = Mutex<AuditTrail?>(nil)

    func set(_ trail: AuditTrail) { self.trail.withLock { $0 = trail } }

    /// Returns what records a change of a user; nil when there is nothing to record.
    func record(
        _ pairs: [ConnectionPair], of userID: String
    ) -> (@Sendable (_ hasFailed: Bool) async throws(ServiceError) -> Void)? {
        let acts = ConnectionAct.acts(pairs)
        guard !acts.isEmpty, let trail = trail.withLock({ $0 }) else { return nil }
        return { (hasFailed) async throws(ServiceError) in
            for act in acts {
                let target = AuditTarget(userID: userID, connectionID: act.connectionID, service: act.service)
                try await trail.record(act.action, target, hasFailed ? .failed : act.result)
            }
        }
    }
}

/// What was done to a connection.
struct ConnectionAct: Sendable, Equatable {
    let action: AuditAction
    let result: AuditResult
    let connectionID: String
    let service: String

    private init(_ action: AuditAction, _ result: AuditResult, _ connection: Connection) {
        self.action = action
        self.result = result
        connectionID = connection.id
        service = connection.service
    }

    /// Returns the acts that a change of a user's connections is.
    static func acts(_ pairs: [ConnectionPair]) -> [ConnectionAct] {
        var acts: [ConnectionAct] = []
        for pair in pairs {
            let (before, after) = (pair.before, pair.after)
            // A note of an integration gives access to nothing.
            guard before?.isManaged == true || after?.isManaged == true else { continue }
            if let after {
                if let act = act(from: before, to: after) { acts.append(act) }
            } else if let before, before.status != .pending {
                // A connection that was never completed goes without a line.
                acts.append(.init(.delete, .done, before))
            }
        }
        return acts
    }

    private static func act(from before: Connection?, to after: Connection) -> ConnectionAct? {
        if let ending = after.disconnection, ending != before?.disconnection {
            guard after.status != .pending else { return nil }
            return .init(ending == .delete ? .delete : .disconnect, .begun, after)
        }
        switch after.status {
        case .connected:
            // A renewed token or a doubt that was resolved is the same grant.
            let isNew = before.map { $0.status != .connected && $0.status != .expired } ?? true
            return isNew || before?.grant.connectedAt != after.grant.connectedAt ? .init(.connect, .done, after) : nil
        case .revoked where before?.status != .revoked: return .init(.revokeAtProvider, .done, after)
        case .disconnected where before != nil && before?.status != .disconnected:
            return .init(.disconnect, .done, after)
        default: return nil
        }
    }
}
