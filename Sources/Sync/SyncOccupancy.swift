// Tracks which connections a sync occupies: at most one occupant for each connection. It knows neither documents nor
// syncs.

import Background
package import ConnectionModel
import Synchronization

/// A sync that runs or is about to run.
package struct OccupyingSync: Sendable {
    package let run: SyncRun
    package let userID: String
    package var progress = SyncProgress()
    var cancellation: SyncRunState.Cancellation?
    /// The task of the sync; nil until the run is stored.
    var task: Task<Void, Never>?
    /// Happens when the sync is launched, or when it is certain that it will not be.
    let isDecided = OneTimeEvent()
}

/// The occupants of connections.
final class SyncOccupancy: Sendable {
    /// The holder of a connection: a sync, or work that excludes syncs.
    enum Occupant: Sendable {
        case sync(OccupyingSync)
        /// Work that excludes syncs; the event happens when the work is done.
        case exclusive(OneTimeEvent)
    }

    private struct State {
        /// The occupants by connection.
        var occupants: [String: Occupant] = [:]
        /// The connections with a sync, by user.
        var connections: [String: Set<String>] = [:]
        var isStopping = false
    }

    private let state = Mutex(State())

    /// The sync of a connection; nil when none runs or is about to run.
    func sync(_ id: String) -> OccupyingSync? {
        if case .sync(let sync) = state.withLock({ $0.occupants[id] }) { sync } else { nil }
    }

    /// The syncs that run or are about to run, with their connections.
    var syncs: [(connectionID: String, sync: OccupyingSync)] {
        state.withLock { state in
            state.occupants.compactMap { id, occupant in if case .sync(let sync) = occupant { (id, sync) } else { nil }
            }
        }
    }

    /// The connections of a user that a sync occupies.
    func connections(of user: String) -> Set<String> { state.withLock { $0.connections[user] ?? [] } }

    /// Occupies a connection with a sync.
    ///
    /// - Returns: the current occupant when there is one; nothing changes then.
    func occupy(_ id: String, with sync: OccupyingSync) throws(ServiceError) -> Occupant? {
        try occupy(id, .sync(sync)) { $0.connections[sync.userID, default: []].insert(id) }
    }

    /// Occupies a connection with work that excludes syncs; returns false when it is occupied.
    func occupyExclusively(_ id: String) throws(ServiceError) -> Bool {
        try occupy(id, .exclusive(OneTimeEvent())) { _ in } == nil
    }

    private func occupy(
        _ id: String, _ occupant: Occupant, _ note: (inout State) -> Void
    ) throws(ServiceError) -> Occupant? {
        try state.withLock { (state) throws(ServiceError) in
            guard !state.isStopping else { throw .unavailable("The host is stopping.", retryAfterSeconds: 5) }
            if let present = state.occupants[id] { return present }
            state.occupants[id] = occupant
            note(&state)
            return nil
        }
    }

    /// Frees a connection.
    func release(_ id: String) {
        let event = state.withLock { state -> OneTimeEvent? in
            switch state.occupants.removeValue(forKey: id) {
            case .exclusive(let event): return event
            case .sync(let sync):
                state.connections[sync.userID]?.remove(id)
                if state.connections[sync.userID]?.isEmpty == true { state.connections[sync.userID] = nil }
                return sync.isDecided
            case nil: return nil
            }
        }
        event?.signal()
    }

    /// Starts the task of a sync that occupies its connection, and frees the connection afterwards.
    func launch(_ id: String, _ perform: @escaping @Sendable () async -> Void) {
        let event = state.withLock { state -> OneTimeEvent? in
            guard case .sync(var sync) = state.occupants[id] else { return nil }
            let task = Task {
                await perform()
                self.release(id)
            }
            sync.task = task
            // The sync may have been canceled while its run was being stored.
            if state.isStopping { sync.cancellation = sync.cancellation ?? .hostStops }
            if sync.cancellation != nil { task.cancel() }
            state.occupants[id] = .sync(sync)
            return sync.isDecided
        }
        event?.signal()
    }

    /// Cancels a sync; the first reason counts.
    ///
    /// - Returns: the task of the sync, when it has been launched.
    @discardableResult
    func cancel(_ id: String, _ reason: SyncRunState.Cancellation) -> Task<Void, Never>? {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard case .sync(var sync) = state.occupants[id] else { return nil }
            sync.cancellation = sync.cancellation ?? reason
            state.occupants[id] = .sync(sync)
            return sync.task
        }
        task?.cancel()
        return task
    }

    /// Admits no further occupants.
    ///
    /// - Returns: the connections that are occupied.
    func close() -> [String] {
        state.withLock { state in
            state.isStopping = true
            return Array(state.occupants.keys)
        }
    }
}
