// When the reconcilers together have something to do for a user. Knows no reconciler's work.

package import ConnectionModel
import Cryptography
import ProviderSDK
import Synchronization
package import Users

/// The agenda of all reconcilers.
///
/// A reconciler that joins the list is asked for its moments: nothing else has to know its kind of work.
package struct ReconcilerAgenda: UserAgenda {
    private let reconcilers: [any Reconciler]
    private let accountServices: Set<String>
    private let digest: String
    private let keyID: @Sendable () -> String
    private let known = KnownBasis()

    /// - Parameters:
    ///   - accountServices: the providers whose accounts summaries list.
    ///   - parts: what the reconcilers' moments depend on besides the users, such as the plugins and their versions.
    ///   - keyID: returns the id of the primary key; secrets that another one sealed are sealed again.
    package init(
        _ reconcilers: [any Reconciler], accountServices: Set<String>, parts: [String],
        keyID: @escaping @Sendable () -> String
    ) {
        self.reconcilers = reconcilers
        self.accountServices = accountServices
        self.keyID = keyID
        var name = ""
        for part in parts { name += "\(part.utf8.count):\(part)" }
        digest = String(SHA256.digest(name).hex.prefix(12))
    }

    package var basis: String { known.basis(digest, keyID()) }

    package func addDue(of user: User, to moments: inout DueMoments) {
        for reconciler in reconcilers { reconciler.addDue(of: user, to: &moments) }
    }

    package func addDue(of connection: Connection, to moments: inout DueMoments) {
        for reconciler in reconcilers { reconciler.addDue(of: connection, to: &moments) }
    }

    package func listsAccounts(of service: String) -> Bool { accountServices.contains(service) }
}

/// The last basis: every summary has it, and it changes with the primary key only.
private final class KnownBasis: Sendable {
    private let last = Mutex<(keyID: String, basis: String)>(("", ""))

    func basis(_ digest: String, _ keyID: String) -> String {
        last.withLock { last in
            if last.keyID != keyID || last.basis.isEmpty { last = (keyID, "\(digest).\(keyID)") }
            return last.basis
        }
    }
}
