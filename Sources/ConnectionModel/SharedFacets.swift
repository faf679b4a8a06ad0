// The values of a connection, which its copies share until one of them changes: a user with many connections is copied with every
// change of one. The stored text of a connection is kept with them, so that a save writes again only what changed.

package import ProviderSDK
import Synchronization

/// The stored values of a connection.
struct Facets: Sendable {
    var identity: ConnectionIdentity
    var life: ConnectionLife
    var grant = Grant()
    var sync = SyncState()
    var notifications = Notifications()
    var settings = ConnectionSettings()
    var failure: ConnectionFailure?
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var unknown: [(key: String, value: JSONValue)] = []
}

/// Facets that one connection owns or several share.
///
/// Written only by a connection that is its one owner and before the text is made; a reader never sees a change.
final class SharedFacets: @unchecked Sendable {
    /// The stored form of a connection.
    final class Text: Sendable {
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    var facets: Facets
    /// The stored form of ``facets``, made when it is first needed.
    let text = AtomicLazyReference<Text>()
    /// Whether the text was made, so that the facets must stay as they are.
    var isWritten: Bool { text.load() != nil }

    init(_ facets: Facets) { self.facets = facets }
}

extension Connection {
    /// Whether both are the same state of one connection, without a look at their values; false says nothing.
    package func isIdentical(to other: Connection) -> Bool { shared === other.shared }

    package func write(to writer: inout JSONWriter) { writer.raw(text) }

    /// The stored form, which is made once for each state of the connection.
    var text: [UInt8] {
        if let known = shared.text.load() { return known.bytes }
        var writer = JSONWriter(capacity: 1024)
        shared.facets.write(to: &writer)
        return shared.text.storeIfNil(SharedFacets.Text(writer.bytes)).bytes
    }
}
