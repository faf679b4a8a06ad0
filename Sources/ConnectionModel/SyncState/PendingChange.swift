// A change that a provider reported and that no sync has read yet. The note is stored in the connection's own document.
// Only a sync that started after the last change removes it. A change during a sync is read by the next sync. Pure.

package import ProviderSDK
package import StoredValues

/// A data type with unread changes.
package struct PendingChange: Sendable, Equatable {
    package let dataType: String
    /// The sync that started after the last change; nil without one.
    package private(set) var syncID: String?
    /// The number of failed syncs in a row.
    package private(set) var failures = 0
    /// The earliest moment for the next sync after a failure.
    @OptionalMoment package private(set) var notBefore: Timestamp?

    package init(dataType: String) { self.dataType = dataType }

    /// The moment from which a sync should read the change; the epoch when that is now.
    package func dueFrom(at now: Timestamp) -> Timestamp {
        StoredMoment.end(notBefore, begun: nil, longest: ConnectionLimits.syncRetryPauseMax, at: now) ?? .epoch
    }

    /// Records another change.
    package mutating func note() { syncID = nil }

    /// Records the start of a sync that reads the change.
    package mutating func isRead(by syncID: String) { self.syncID = syncID }

    /// Records that the sync ended without reading the change.
    ///
    /// After a failure the next sync waits, longer each time.
    mutating func wasNotRead(failed: Bool, at now: Timestamp) {
        syncID = nil
        guard failed else { return }
        failures += 1
        let pause = ConnectionLimits.syncRetryPause * (1 << min(failures - 1, 10))
        notBefore = now.advanced(by: min(ConnectionLimits.syncRetryPauseMax, pause))
    }
}

// MARK: Stored form

extension PendingChange {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("dataType", dataType)
            writer.member("syncId", syncID)
            if failures > 0 { writer.member("failures", failures) }
            if let notBefore { writer.moment("notBefore", notBefore) }
        }
    }

    package init?(decoding value: JSONValue) {
        guard let dataType = value["dataType"]?.string else { return nil }
        self.init(dataType: dataType)
        syncID = value["syncId"]?.string
        failures = value.count("failures") ?? 0
        notBefore = value.moment("notBefore")
    }
}
