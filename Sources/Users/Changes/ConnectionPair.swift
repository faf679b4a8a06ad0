// A connection before and after a change of its user. Both lists have the same order, so one walk finds the pairs.

package import ConnectionModel

/// A connection that a change adds, changes or removes.
package struct ConnectionPair: Sendable {
    /// The connection before the change; nil for one that is new.
    package let before: Connection?
    /// The connection after the change; nil for one that was removed.
    package let after: Connection?

    /// Returns the connections that differ between two states of a user.
    static func pairs(_ before: [Connection], _ after: [Connection]) -> [ConnectionPair] {
        var pairs: [ConnectionPair] = []
        var place = 0
        for connection in after {
            // Most connections stay as they are, and this costs no look at their values.
            if place < before.count, before[place].isIdentical(to: connection) {
                place += 1
                continue
            }
            let number = connection.number
            guard let pair = before[place...].firstIndex(where: { $0.number == number }) else {
                pairs.append(ConnectionPair(before: nil, after: connection))
                continue
            }
            for removed in before[place..<pair] { pairs.append(ConnectionPair(before: removed, after: nil)) }
            place = pair + 1
            if !before[pair].isIdentical(to: connection) {
                pairs.append(ConnectionPair(before: before[pair], after: connection))
            }
        }
        for removed in before[place...] { pairs.append(ConnectionPair(before: removed, after: nil)) }
        return pairs
    }
}
