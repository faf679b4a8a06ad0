// The audit log as services use it: with their errors, and with both lines of an act.

package import Audit
package import ConnectionModel
import StoreFiles

extension AuditTrail {
    /// Records an act; durable on return.
    package func record(
        _ action: AuditAction, _ target: AuditTarget, _ result: AuditResult
    ) async throws(ServiceError) {
        do throws(StoreError) { try await append(action, target, result) } catch { throw ServiceError(error) }
    }

    /// Returns the lines behind a sequence, the oldest first; of one user, when `userID` names one.
    package func lines(after sequence: Int, limit: Int, userID: String?) async throws(ServiceError) -> AuditPage {
        do throws(StoreError) { return try await page(after: sequence, limit: limit, userID: userID) } catch {
            throw ServiceError(error)
        }
    }

    /// Carries out an act with a line before it and a line that says how it ended.
    ///
    /// Without the first line nothing is done.
    package func recording<Result>(
        _ action: AuditAction, _ target: AuditTarget, _ act: () async throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        try await record(action, target, .begun)
        let result: Result
        do throws(ServiceError) { result = try await act() } catch {
            // The failure of the act is the error that the caller has to see.
            try? await record(action, target, .failed)
            throw error
        }
        try await record(action, target, .done)
        return result
    }
}
