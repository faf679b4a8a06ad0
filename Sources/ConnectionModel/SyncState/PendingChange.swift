// What a provider said has changed, until a sync has read it. The note is in the connection's own document and is taken away only by
// a sync that began after the last change: one that comes while a sync runs is read by the next. Pure.

package import ProviderSDK

/// A data type with changes that are to be read.
package struct PendingChange: Sendable, Equatable {
    package let dataType: String
    /// The sync that began after the last change; nil while none has.
    package private(set) var syncID: String?
    /// Syncs in a row that failed to read it.
    package private(set) var failures = 0
    /// The earliest moment for the next one, because the last one failed.
    package private(set) var notBefore: Timestamp?

    package init(dataType: String) { self.dataType = dataType }

    /// Something changed again.
    package mutating func note() { syncID = nil }

    /// A sync begins that reads it.
    package mutating func isRead(by syncID: String) { self.syncID = syncID }

    /// The sync has ended and has not read it; after a failure the next one waits, longer each time.
    mutating func wasNotRead(failed: Bool, at now: Timestamp) {
        syncID = nil
        guard failed else { return }
        failures += 1
        let pause = SyncSchedule.retryPause * (1 << min(failures - 1, 10))
        notBefore = now.advanced(by: min(SyncSchedule.retryPauseMax, pause))
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
