// What the erasure of a user needs of the parts of the host that keep something of users beside their documents. Each part erases its own.

package import ConnectionModel

/// A part of the host that keeps something of users beside their documents.
package protocol UserDataErasing: Sendable {
    /// Erases what it keeps of a user, durably; you can repeat it.
    ///
    /// - Parameter user: the stored user; one without connections when nothing is stored.
    /// - Returns: the number of erased entries.
    func eraseData(of user: User) async throws(ServiceError) -> Int
}

extension User {
    /// Whether nothing is known of the user; such a user is not stored.
    var isBlank: Bool {
        connections.isEmpty && erasures.isEmpty && callbacks.isEmpty && revocations.isEmpty && externalAccount == nil
            && unknown.isEmpty
    }
}
