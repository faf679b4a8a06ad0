// One sync of a connection, running or finished, as it is stored, and how it relates to another request for a sync. Pure.

import Cryptography
package import ProviderSDK
package import StoredValues

/// The states of a sync.
package enum SyncRunStatus: String, Sendable, CaseIterable {
    case running, completed, partial, failed, canceled
}

/// Whether a sync reads everything or only changes.
package enum SyncType: String, Sendable, CaseIterable {
    case full, incremental
}

/// The origin of a request for a sync.
package enum SyncTrigger: String, Sendable, Equatable, CaseIterable {
    /// A user or program, by a route.
    case manual
    /// The connection's `syncFrequency`.
    case schedule
    /// The provider, by a webhook.
    case webhook
}

/// An idempotency key and the request it was used for.
///
/// Both are digests, so their size is bounded and no data of the caller is stored.
package struct SyncIdempotency: Sendable, Equatable {
    /// The digest of the key, 32 hex digits.
    package let key: String
    /// The digest of the request, 32 hex digits.
    package let request: String

    package init(key: String, type: SyncType, dataTypes: [String]) {
        self.key = Self.digest(key)
        request = Self.digest(([type.rawValue] + dataTypes.sorted()).joined(separator: "\n"))
    }

    /// Decodes the stored form; nil when it is invalid.
    package init?(stored: String) {
        let parts = stored.split(separator: ".")
        guard parts.count == 2 else { return nil }
        key = String(parts[0])
        request = String(parts[1])
    }

    /// The stored form.
    package var stored: String { "\(key).\(request)" }

    private static func digest(_ text: String) -> String {
        String("\(SHA256.digest(text))".prefix(32))
    }
}

/// One sync of a connection, running or finished.
package struct SyncRun: Sendable, Equatable {
    /// `sync-` and 22 random base62 characters.
    package let id: String
    package let type: SyncType
    package let dataTypes: [String]
    package private(set) var status: SyncRunStatus
    @Moment package private(set) var startedAt: Timestamp
    @OptionalMoment package private(set) var completedAt: Timestamp?
    package private(set) var recordsProcessed = 0
    package private(set) var recordsSynced = 0
    package private(set) var errors = 0
    /// The reason for the failure, in one sentence.
    package private(set) var message: String?
    /// The origin of the request.
    package private(set) var trigger: SyncTrigger
    /// The digest of the idempotency key of the request.
    package private(set) var idempotency: SyncIdempotency?
    /// The digests of the last requests that joined this sync while it ran, newest last.
    package private(set) var joined: [SyncIdempotency] = []

    package init(
        id: String, type: SyncType, dataTypes: [String], status: SyncRunStatus = .running, startedAt: Timestamp,
        completedAt: Timestamp? = nil, trigger: SyncTrigger = .manual, idempotency: SyncIdempotency? = nil
    ) {
        self.id = id
        self.type = type
        self.dataTypes = dataTypes
        self.status = status
        self.startedAt = startedAt
        self.completedAt = completedAt
        self.trigger = trigger
        self.idempotency = idempotency
    }

    /// Copies the counts of the sync's progress.
    package mutating func count(processed: Int, synced: Int, errors: Int) {
        recordsProcessed = processed
        recordsSynced = synced
        self.errors = errors
    }

    /// Records that the sync ended.
    package mutating func end(_ outcome: SyncOutcome, at now: Timestamp) {
        status = outcome.status
        completedAt = now
        message = outcome.message
    }

    // MARK: Other requests for a sync

    /// Whether this run covers all that a request for these data types asks for.
    package func covers(_ type: SyncType, _ dataTypes: [String]) -> Bool {
        (self.type == .full || type == .incremental) && Set(dataTypes).isSubset(of: self.dataTypes)
    }

    /// Returns whether a request with `idempotency` repeats the request of this run.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when the key is the same and the request is different.
    package func isRepeated(by idempotency: SyncIdempotency?) throws(ServiceError) -> Bool {
        guard let idempotency, let known = known(idempotency.key) else { return false }
        guard known.request == idempotency.request else {
            throw .conflict("The Idempotency-Key was used for another request, which was answered with \(id)")
        }
        return true
    }

    private func known(_ key: String) -> SyncIdempotency? {
        idempotency?.key == key ? idempotency : joined.first { $0.key == key }
    }

    /// Stores a request that joined this run after another request had started it.
    package mutating func remember(_ request: SyncIdempotency) {
        guard known(request.key) == nil else { return }
        joined.append(request)
        joined.removeFirst(max(0, joined.count - ConnectionLimits.joinedKeysMax))
    }

    /// Returns the run when it covers a request.
    ///
    /// - Throws: ``ServiceError/conflict(_:)`` when it does something else.
    package func joined(by type: SyncType, _ dataTypes: [String]) throws(ServiceError) -> SyncRun {
        guard covers(type, dataTypes) else {
            throw .conflict(
                "\(id) is running, which is \(self.type == .full ? "a full" : "an incremental") sync of "
                    + "\(self.dataTypes.joined(separator: ", ")): try again when it has ended")
        }
        return self
    }

    // MARK: History

    /// The run once for each of its idempotency keys, with nothing but what a repeated request is answered with.
    var answers: [SyncRun] {
        (joined.reversed() + [idempotency].compactMap(\.self)).map(answer)
    }

    func answer(to request: SyncIdempotency) -> SyncRun {
        SyncRun(id: id, type: type, dataTypes: [], status: status, startedAt: startedAt, idempotency: request)
    }

    /// The data of the notification about a finished sync.
    package var eventData: JSONValue {
        var members: [(key: String, value: JSONValue)] = [
            ("syncId", .string(id)), ("syncType", .string(type.rawValue)), ("status", .string(status.rawValue)),
            ("startedAt", .string(startedAt.description)),
            ("completedAt", completedAt.map { .string($0.description) } ?? .null),
            ("recordsProcessed", .number(JSONNumber(recordsProcessed))),
            ("recordsSynced", .number(JSONNumber(recordsSynced))), ("errors", .number(JSONNumber(errors))),
            ("dataTypes", .array(dataTypes.map { .string($0) })),
        ]
        if let message { members.append(("message", .string(message))) }
        return .object(members)
    }
}

// MARK: Stored form

extension SyncRun {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("type", type.rawValue)
            writer.member("dataTypes", dataTypes)
            writer.member("status", status.rawValue)
            writer.moment("startedAt", startedAt)
            writer.moment("completedAt", completedAt)
            writer.member("recordsProcessed", recordsProcessed)
            writer.member("recordsSynced", recordsSynced)
            writer.member("errors", errors)
            writer.member("message", message)
            if trigger != .manual { writer.member("trigger", trigger.rawValue) }
            if let idempotency { writer.member("idempotency", idempotency.stored) }
            if !joined.isEmpty { writer.member("joined", joined.map(\.stored)) }
        }
    }

    /// Writes one of ``answers`` as a short array: key, id, type, status, start.
    func writeAnswer(to writer: inout JSONWriter) {
        writer.array { writer in
            writer.value(idempotency?.stored)
            writer.value(id)
            writer.value(type.rawValue)
            writer.value(status.rawValue)
            writer.value(startedAt)
        }
    }

    init?(answer value: JSONValue) {
        guard let key = value[0]?.string.flatMap(SyncIdempotency.init(stored:)), let id = value[1]?.string,
            let type = value[2]?.string.flatMap(SyncType.init),
            let status = value[3]?.string.flatMap(SyncRunStatus.init), let startedAt = value[4]?.moment
        else { return nil }
        self.init(id: id, type: type, dataTypes: [], status: status, startedAt: startedAt, idempotency: key)
    }

    package init?(decoding value: JSONValue) {
        guard let id = value["id"]?.string, let type = value["type"]?.string.flatMap(SyncType.init),
            let status = value["status"]?.string.flatMap(SyncRunStatus.init), let startedAt = value.moment("startedAt")
        else { return nil }
        self.init(
            id: id, type: type, dataTypes: value.texts("dataTypes"), status: status, startedAt: startedAt,
            completedAt: value.moment("completedAt"),
            trigger: value["trigger"]?.string.flatMap(SyncTrigger.init) ?? .manual,
            idempotency: value["idempotency"]?.string.flatMap(SyncIdempotency.init(stored:)))
        recordsProcessed = value.count("recordsProcessed") ?? 0
        recordsSynced = value.count("recordsSynced") ?? 0
        errors = value.count("errors") ?? 0
        message = value["message"]?.string
        joined = value.texts("joined").compactMap(SyncIdempotency.init(stored:))
    }
}
