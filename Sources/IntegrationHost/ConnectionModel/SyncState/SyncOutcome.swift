// How a sync ended, as the connection takes it in. Pure.

import ProviderSDK

/// Why one data type was not synced.
struct SyncFailure: Sendable, Equatable {
    /// The data type; empty when it is not about one.
    let dataType: String
    let error: ProviderError
}

/// How a run ended.
struct SyncOutcome: Sendable, Equatable {
    let status: SyncRunStatus
    let failures: [SyncFailure]
    /// What else is to be said about it.
    var note: String?

    /// Why it did not succeed, or what is missing although it did, in one sentence.
    var message: String? {
        if status == .canceled { return note }
        return failures.first.map { $0.dataType.isEmpty ? "\($0.error)" : "\($0.dataType): \($0.error)" } ?? note
    }

    /// Whether `dataType` was not read because of a failure or the end of the run.
    func isFailed(_ dataType: String) -> Bool {
        status == .canceled || failures.contains { $0.dataType == dataType || $0.dataType.isEmpty }
    }
}
