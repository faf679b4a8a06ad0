// What the erasure of a connection needs of the parts of the host that keep something of connections. Each part erases its own.

package import ConnectionModel

/// A part of the host that keeps something of connections beside the user's document.
package protocol ConnectionDataErasing: Sendable {
    /// Erases what it keeps of a connection, durably; you can repeat it.
    func erase(connection id: String) async throws(ServiceError)
}
