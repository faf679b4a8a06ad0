// The key of background work that concerns one connection.

/// A connection that has something to do in the background.
struct ConnectionWork: Identifiable, Sendable, Equatable {
    let user: String
    let connection: String
    /// The provider's id.
    let service: String

    var id: String { connection }

    init(_ connection: Connection, of user: String) {
        self.user = user
        self.connection = connection.id
        service = connection.service
    }
}
