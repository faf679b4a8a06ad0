// How a sync ended, as the connection takes it in. Pure.

package import ProviderSDK

/// Why one data type was not synced.
package struct SyncFailure: Sendable, Equatable {
    /// The data type; empty when it is not about one.
    package let dataType: String
    package let error: ProviderError

    package init(dataType: String, error: ProviderError) {
        self.dataType = dataType
        self.error = error
    }
}

/// How a run ended.
package struct SyncOutcome: Sendable, Equatable {
    package let status: SyncRunStatus
    package let failures: [SyncFailure]
    /// What else is to be said about it.
    package var note: String?

    package init(status: SyncRunStatus, failures: [SyncFailure], note: String? = nil) {
        self.status = status
        self.failures = failures
        self.note = note
    }

    /// Why it did not succeed, or what is missing although it did, in one sentence.
    package var message: String? {
        if status == .canceled { return note }
        return failures.first.map { $0.dataType.isEmpty ? "\($0.error)" : "\($0.dataType): \($0.error)" } ?? note
    }

    /// Whether `dataType` was not read because of a failure or the end of the run.
    func isFailed(_ dataType: String) -> Bool {
        status == .canceled || failures.contains { $0.dataType == dataType || $0.dataType.isEmpty }
    }
}
