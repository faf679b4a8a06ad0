// Supplies the tokens of connections to code that sends requests with them. How tokens are stored and renewed is not
// known here.

package import ConnectionModel
package import ProviderSDK
import Synchronization

/// The tokens of connections.
package protocol ConnectionCredentials: Sendable {
    /// The tokens of one connection.
    ///
    /// - Parameter grant: the number of the only grant whose tokens are returned; nil for any grant.
    func source(
        user: String, connection: String, provider: ConfiguredProvider, grant: Int?
    ) -> any CredentialSource

    /// Returns a token in place of `stale`. With nil for `stale` the token is renewed in any case.
    func refresh(
        user: String, connection: String, provider: ConfiguredProvider, replacing stale: Secret?
    ) async throws(ProviderError) -> Secret
}

/// A credential that is replaced a bounded number of times.
///
/// Without the bound, a provider that rejects every fresh token would be asked for a new one page after page. The bound says nothing about
/// the grant, so reaching it does not end the grant.
package final class BoundedCredential: CredentialSource {
    private let source: any CredentialSource
    private let left: Mutex<Int>

    /// `source` with at most `replacementsMax` replacements.
    package init(_ source: any CredentialSource, replacementsMax: Int) {
        self.source = source
        left = Mutex(replacementsMax)
    }

    package func accessToken() async throws(ProviderError) -> Secret { try await source.accessToken() }

    package func replacement(for rejected: Secret) async throws(ProviderError) -> Secret? {
        let isAllowed = left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
        guard isAllowed else {
            throw ProviderError(.transient, "The provider rejected a token more often than it may be replaced at once.")
        }
        return try await source.replacement(for: rejected)
    }
}
