// The result of a sync, as the connection stores it. Pure.

package import ProviderSDK

/// The reason why one data type was not synced.
package struct SyncFailure: Sendable, Equatable {
    /// The data type; empty when the failure concerns no single data type.
    package let dataType: String
    package let error: ProviderError

    package init(dataType: String, error: ProviderError) {
        self.dataType = dataType
        self.error = error
    }
}

/// The result of a run.
package struct SyncOutcome: Sendable, Equatable {
    package let status: SyncRunStatus
    package let failures: [SyncFailure]
    /// A further note for people.
    package var note: String?

    package init(status: SyncRunStatus, failures: [SyncFailure], note: String? = nil) {
        self.status = status
        self.failures = failures
        self.note = note
    }

    /// The reason for the failure, or what is missing after a success, in one sentence.
    package var message: String? {
        if status == .canceled { return note }
        return failures.first.map { $0.dataType.isEmpty ? "\($0.error)" : "\($0.dataType): \($0.error)" } ?? note
    }

    /// Whether `dataType` was not read because of a failure or the end of the run.
    func isFailed(_ dataType: String) -> Bool {
        status == .canceled || failures.contains { $0.dataType == dataType || $0.dataType.isEmpty }
    }
}
