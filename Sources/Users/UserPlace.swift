// The order in which users are listed: by the SHA-256 of their ids, which is also the order of their folders. A cursor made of it shows
// no id.

package import ConnectionModel
import Cryptography
import Primitives

/// A place in the order of all users.
package struct UserPlace: Comparable, Sendable {
    /// The first 64 bits of the SHA-256 of the id; the first 12 of them are the number of the shard.
    private let value: UInt64
    private static let bitsBehindShard: UInt64 = 52

    package init(of userID: String) {
        let bytes = SHA256.digest(userID).inlineBytes
        var value: UInt64 = 0
        for index in 0..<8 { value = value << 8 | UInt64(bytes[index]) }
        self.value = value
    }

    /// The last place of a shard.
    package init(endOf shard: UInt16) {
        value = UInt64(shard) << Self.bitsBehindShard | (1 << Self.bitsBehindShard - 1)
    }

    /// Reads ``text``; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 16, let value = Hex.number(lowercase: text.utf8.prefix(16)) else { return nil }
        self.value = value
    }

    /// The place as 16 hexadecimal digits.
    package var text: String { Hex.encode(value) }

    package var shard: UInt16 { UInt16(value >> Self.bitsBehindShard) }

    package static func < (left: UserPlace, right: UserPlace) -> Bool { left.value < right.value }
}

extension UserStore {
    /// Returns the ids of the users behind a place, in order; decodes no document.
    ///
    /// - Parameter place: nil for the beginning.
    /// - Returns: at most `limit` ids, and whether there are no others.
    package func ids(
        after place: UserPlace?, limit: Int
    ) async throws(ServiceError) -> (ids: [String], isLast: Bool) {
        var found: [String] = []
        for shard in try await shards() where shard >= place?.shard ?? 0 {
            let here = try await ids(shard: shard).map { (place: UserPlace(of: $0), id: $0) }
            for entry in here.sorted(by: { $0.place < $1.place }) where place.map({ $0 < entry.place }) ?? true {
                guard found.count < limit else { return (found, false) }
                found.append(entry.id)
            }
        }
        return (found, true)
    }

    /// A user in the order of all users, as the head of the user's document shows the user.
    package struct Overview: Sendable {
        package let place: UserPlace
        package let id: String
        /// The kinds of the user's connections; nil when only the document has them.
        package let kinds: [ConnectionKind]?
    }

    /// Returns the users of a shard in order; decodes no document.
    package func overview(shard: UInt16) async throws(ServiceError) -> [Overview] {
        try await summaries(shard: shard).map { id, summary in
            Overview(place: UserPlace(of: id), id: id, kinds: summary?.kinds)
        }.sorted { $0.place < $1.place }
    }
}
