// The live events that a change of a user's document is. They are those of which notifications tell, whether or not a connection has a
// webhook URL, and the start of syncs.

import ConnectionModel
import ProviderSDK
package import Users

/// Makes live events of changes of users.
package enum ConnectionEvents {
    /// Returns the events of a change.
    package static func events(_ change: UserChange) -> [LiveEvent] {
        var events: [LiveEvent] = []
        let userID = change.user.id
        for pair in change.pairs {
            let before = pair.before
            if let after = pair.after {
                if let event = lifeEvent(before, after, userID) { events.append(event) }
                events += syncEvents(before, after, userID)
            } else if let before, before.disconnection == nil, before.status != .pending {
                events.append(event(.revoked, before, userID, ["reason": "deleted"], at: before.updatedAt))
            }
        }
        return events
    }

    private static func event(
        _ kind: LiveEvent.Kind, _ connection: Connection, _ userID: String, _ data: JSONValue = [:], at now: Timestamp
    ) -> LiveEvent {
        LiveEvent(kind, of: connection.id, service: connection.service, user: userID, data, at: now)
    }

    // MARK: The life of a connection

    private static func lifeEvent(_ before: Connection?, _ after: Connection, _ userID: String) -> LiveEvent? {
        func made(_ kind: LiveEvent.Kind, _ data: JSONValue = [:]) -> LiveEvent {
            event(kind, after, userID, data, at: after.updatedAt)
        }
        if after.disconnection == .delete, before?.disconnection != .delete {
            return after.status == .pending ? nil : made(.revoked, ["reason": "deleted"])
        }
        switch after.status {
        case .connected:
            let isAgain = before?.grant.connectedAt != after.grant.connectedAt
            // A refusal that passed was not reported.
            let isBack = before.map { $0.status != .connected && !isDoubted($0) } ?? true
            if isAgain || isBack { return made(.connected) }
        case .expired where !isDoubted(after) && before.map({ $0.status != .expired || isDoubted($0) }) ?? true:
            return made(.expired, reason(of: after))
        case .revoked where before?.status != .revoked: return made(.revoked, ["reason": "provider"])
        case .disconnected where before != nil && before?.status != .disconnected:
            return made(.revoked, ["reason": "disconnected"])
        case .error where before?.status != .error: return made(.failed, reason(of: after))
        default: break
        }
        guard let deadline = after.grant.deadline, deadline != before?.grant.deadline else { return nil }
        return made(
            .expiring, ["reason": .string(deadline.reason.rawValue), "expiresAt": .string(deadline.at.description)])
    }

    /// Whether the provider called the grant dead and is asked once more before the application learns of it.
    private static func isDoubted(_ connection: Connection) -> Bool {
        connection.status == .expired && connection.refresh.isDoubted
    }

    private static func reason(of connection: Connection) -> JSONValue {
        connection.failure.map { ["reason": .string($0.message)] } ?? ["reason": "The access token has ended."]
    }

    // MARK: Syncs

    private static func syncEvents(_ before: Connection?, _ after: Connection, _ userID: String) -> [LiveEvent] {
        guard let run = after.syncs.first, run != before?.syncs.first else { return [] }
        let earlier = before?.syncs.first { $0.id == run.id }
        switch run.status {
        case .running:
            guard earlier == nil else { return [] }
            let types = JSONValue.array(run.dataTypes.map { .string($0) })
            return [
                event(
                    .syncStarted, after, userID,
                    ["syncId": .string(run.id), "syncType": .string(run.type.rawValue), "dataTypes": types],
                    at: run.startedAt)
            ]
        case .completed, .partial, .failed:
            guard earlier.map({ $0.status == .running }) ?? true else { return [] }
            let kind: LiveEvent.Kind =
                switch run.status {
                case .completed: .syncCompleted
                case .partial: .syncPartial
                default: .syncFailed
                }
            let at = run.completedAt ?? after.updatedAt
            let ended = event(kind, after, userID, run.eventData, at: at)
            guard run.recordsSynced > 0 else { return [ended] }
            let types = JSONValue.array(run.dataTypes.map { .string($0) })
            return [
                event(.recordsChanged, after, userID, ["syncId": .string(run.id), "dataTypes": types], at: at), ended,
            ]
        default: return []
        }
    }
}
