// The key of background work that concerns one connection.

package import ConnectionModel

/// A connection that has something to do in the background.
package struct ConnectionWork: Identifiable, Sendable, Equatable {
    package let user: String
    package let connection: String
    /// The provider's id.
    package let service: String

    package var id: String { connection }

    package init(_ connection: Connection, of user: String) {
        self.user = user
        self.connection = connection.id
        service = connection.service
    }
}
