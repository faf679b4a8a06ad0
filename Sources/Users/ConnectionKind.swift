// What lists of connections can know of a connection without its user's document. Pure.

package import ConnectionModel

/// What connections of a user have in common for a list.
package struct ConnectionKind: Hashable, Sendable {
    package let service: String
    /// The stored status.
    package let status: ConnectionStatus
    /// Whether the connection expires by time alone.
    package let lapses: Bool
    /// Whether the connection has a failure.
    package let hasFailure: Bool

    /// The maximum number of kinds that a summary lists; a user with more has none in the summary.
    static let listedMax = 64

    package init(_ connection: Connection) {
        service = connection.service
        status = connection.status
        lapses = connection.lapsesAt != nil
        hasFailure = connection.failure != nil
    }

    /// The kind as one text: the status, its marks, and the service.
    var text: String { "\(status.rawValue)\(lapses ? "~" : "")\(hasFailure ? "!" : "") \(service)" }

    /// Reads ``text``; nil for anything else.
    init?(_ text: String) {
        guard let space = text.firstIndex(of: " ") else { return nil }
        var word = text[..<space]
        hasFailure = word.hasSuffix("!")
        if hasFailure { word.removeLast() }
        lapses = word.hasSuffix("~")
        if lapses { word.removeLast() }
        guard let status = ConnectionStatus(rawValue: String(word)) else { return nil }
        self.status = status
        service = String(text[text.index(after: space)...])
    }
}
