// The connections before and after a change of a user, side by side. Both lists have the same order, so one walk finds the pairs.

package import ConnectionModel

/// The connections that a change adds, changes or removes.
package enum ConnectionPairs {
    /// Calls `body` with every connection that differs: nil stands for one that was not there before, or is not there any more.
    package static func forEach(
        _ before: [Connection], _ after: [Connection], _ body: (_ before: Connection?, _ after: Connection?) -> Void
    ) {
        var place = 0
        for connection in after {
            guard let pair = before[place...].firstIndex(where: { $0.number == connection.number }) else {
                body(nil, connection)
                continue
            }
            for removed in before[place..<pair] { body(removed, nil) }
            place = pair + 1
            if !before[pair].isIdentical(to: connection) { body(before[pair], connection) }
        }
        for removed in before[place...] { body(removed, nil) }
    }
}
