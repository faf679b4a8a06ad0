// When background work next has something to do for each user: 24 bytes a user, the earliest first. A state machine
// without I/O and without a clock. `ReconcileLoop` fills it from the heads of documents and carries out what it says.

import ProviderSDK
import StoreFiles
import Users

/// The users for whom there is something to do, in order of time.
///
/// A user who is taken stays in the index, on hold: when nothing becomes of the visit, the user comes again after a pause. So a
/// user leaves the index only when the user's own document says that nothing is left to do.
struct DueIndex: Sendable {
    /// A user, without the id, which the folder of the user's document leads to.
    struct User: Hashable, Sendable {
        let hash: UInt64
        let shard: UInt16

        init(_ key: DocumentKey) {
            hash = key.hash
            shard = DocumentKey.shard(ofID: key.id)
        }

        fileprivate init(_ entry: UserHeap.Entry) {
            hash = entry.hash
            shard = entry.shard
        }
    }

    private var heap = UserHeap()
    /// Users who are being visited and have not changed since.
    private var visited: Set<UInt64> = []
    /// The folder that is being read, and its users who changed meanwhile.
    private var filling: (shard: UInt16, changed: Set<UInt64>)?

    /// The number of users in the index.
    var count: Int { heap.count }

    /// The earliest moment; nil when nothing is to do for anyone.
    var next: Timestamp? { heap.first.map { Timestamp(dueMilliseconds: $0.moment) } }

    /// When a user is visited next; nil for never.
    func moment(of user: User) -> Timestamp? { heap[user.hash].map { Timestamp(dueMilliseconds: $0.moment) } }

    /// The pause before a user is visited again who was visited `count` times to no effect: 1, 4, 16 and then 64 seconds.
    static func pause(after count: Int) -> Duration { .seconds(1 << (2 * min(max(count, 1), 4) - 2)) }

    // MARK: Changes

    /// Takes note of a durable change of a user.
    ///
    /// - Parameter due: the moments that were stored with the change.
    mutating func userChanged(_ user: User, _ due: DueMoments) {
        visited.remove(user.hash)
        if filling?.shard == user.shard { filling?.changed.insert(user.hash) }
        set(user, due)
    }

    private mutating func set(_ user: User, _ due: DueMoments) {
        guard let first = due.first else { return heap.remove(user.hash) }
        var (moment, visits) = (first.dueMilliseconds, 0)
        if first <= due.now, let held = heap[user.hash], held.visits > 0 {
            // What was visited a moment ago and is still due is under way, or cannot be done now.
            // A hold from before the clock was set back must not last longer than any other.
            let longest = due.now.advanced(by: Self.pause(after: .max)).dueMilliseconds
            (moment, visits) = (min(held.moment, longest), held.visits)
            if let next = due.next { moment = min(moment, next.dueMilliseconds) }
        }
        heap.put(UserHeap.Entry(hash: user.hash, shard: user.shard, moment: moment, visits: visits))
    }

    // MARK: Visits

    /// Returns users for whom there is something to do, the earliest first, and puts them on hold.
    ///
    /// The caller visits each of them and calls ``ended(_:_:)``.
    mutating func take(atMost count: Int, at now: Timestamp) -> [User] {
        var users: [User] = []
        while users.count < count, let first = heap.first, first.moment <= now.dueMilliseconds {
            let isVisited = visited.contains(first.hash)
            let user = User(first)
            hold(first, at: now)
            // A visit that takes longer than its hold must not meet a second one.
            if isVisited { continue }
            visited.insert(first.hash)
            users.append(user)
        }
        return users
    }

    /// Puts a user on hold whom the caller visits for another reason than the user's moment.
    ///
    /// - Returns: false when the user is being visited already.
    mutating func begin(_ user: User) -> Bool { visited.insert(user.hash).inserted }

    private mutating func hold(_ entry: UserHeap.Entry, at now: Timestamp) {
        let visits = min(entry.visits + 1, UserHeap.Entry.visitsMax)
        let moment = now.advanced(by: Self.pause(after: visits))
        heap.put(
            UserHeap.Entry(hash: entry.hash, shard: entry.shard, moment: moment.dueMilliseconds, visits: visits))
    }

    /// Takes note of the end of a visit.
    ///
    /// - Parameter due: the moments of the document that the visit read. A change since then has been noted and is not
    ///   overwritten.
    mutating func ended(_ user: User, _ due: DueMoments) {
        guard visited.remove(user.hash) != nil else { return }
        set(user, due)
    }

    /// Takes note of a visit that could not read its user; the user comes again after the pause.
    mutating func failed(_ user: User) { visited.remove(user.hash) }

    // MARK: Filling

    /// Begins to read the heads of a folder; changes from here on count more than the heads.
    mutating func beginFilling(_ shard: UInt16) { filling = (shard, []) }

    /// Takes in the head of a user's document.
    ///
    /// - Returns: false when the user changed meanwhile, or is being visited: then the head may be out of date.
    mutating func fill(_ user: User, due: Timestamp?) -> Bool {
        guard filling?.changed.contains(user.hash) != true, !visited.contains(user.hash) else { return false }
        if let due {
            heap.put(UserHeap.Entry(hash: user.hash, shard: user.shard, moment: due.dueMilliseconds, visits: 0))
        } else {
            heap.remove(user.hash)
        }
        return true
    }

    mutating func endFilling() { filling = nil }
}

extension Timestamp {
    /// The moment within what an entry can hold: from 1970 to the year 4199.
    fileprivate var dueMilliseconds: Int64 { min(max(0, milliseconds), 1 << 46 - 1) }

    fileprivate init(dueMilliseconds: Int64) { self = Timestamp(milliseconds: dueMilliseconds) ?? .epoch }
}
