// What one call of a plugin sent and received, as far as it outlasts the requests: secrets and the memory of large answers. Knows neither
// requests nor pages.

package import HTTPClient
import Observability
import ProviderSDK
import Synchronization

/// One call of a plugin.
///
/// It keeps the memory of large answers until it goes itself. Code that keeps what the plugin made of the answers keeps the call as long;
/// then other large answers find room.
package final class PluginCall: Sendable {
    private struct State {
        var leases: [BodyLease] = []
        var secrets: [String] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Keeps the memory of an answer.
    package func keep(_ lease: BodyLease) { state.withLock { $0.leases.append(lease) } }

    /// Notes the credentials of a request: an error that the plugin makes of the answer may repeat them.
    func sent(_ secrets: [String]) {
        state.withLock { state in
            for secret in secrets where !state.secrets.contains(secret) { state.secrets.append(secret) }
        }
    }

    /// Carries out the call; the errors of `body` come without what was sent.
    func run<Result>(
        _ body: () async throws(ProviderError) -> Result
    ) async throws(ProviderError) -> Result {
        do { return try await body() } catch { throw error.shown(without: state.withLock(\.secrets)) }
    }
}
