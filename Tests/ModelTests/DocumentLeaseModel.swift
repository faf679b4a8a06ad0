// Writes of one document by two hosts that divide work with a lease. A host can be halted for longer than its lease and go on.

/// Two hosts that each read, change and write a document while they believe that they hold its lease.
struct DocumentLeaseModel: Model {
    /// A mistake that is built in; the checker must find each.
    enum Mistake: CaseIterable {
        /// A write rests on the lease alone.
        case trustsTheLease
        /// The revision is read again just before the write, and the value is not.
        case readsTheRevisionLate
    }

    enum Phase: Hashable {
        case idle
        /// The document was read at this revision, with these changes in it.
        case read(revision: Int, changes: Set<Int>)
    }

    struct State: Hashable {
        var revision = 0
        /// The changes that the document contains.
        var changes: Set<Int> = []
        /// The changes that were acknowledged.
        var acknowledged: Set<Int> = []
        /// The host that has the lease; nil when it has ended.
        var holder: Int?
        var hosts: [Phase] = [.idle, .idle]
    }

    var mistake: Mistake?
    private let changesMax = 4

    init(_ mistake: Mistake? = nil) { self.mistake = mistake }

    var initial: State { State() }

    func steps(from state: State) -> [(name: String, state: State)] {
        var found: [(name: String, state: State)] = []
        func add(_ name: String, _ change: (inout State) -> Void) {
            var next = state
            change(&next)
            found.append((name, next))
        }
        if state.holder != nil { add("the lease ends") { $0.holder = nil } }
        for host in state.hosts.indices {
            switch state.hosts[host] {
            case .idle:
                guard state.revision < changesMax, state.holder == nil || state.holder == host else { continue }
                add("host \(host) takes the lease and reads") {
                    $0.holder = host
                    $0.hosts[host] = .read(revision: $0.revision, changes: $0.changes)
                }
            case .read(let revision, let changes):
                add("host \(host) writes") { state in
                    state.hosts[host] = .idle
                    let expected = mistake == .readsTheRevisionLate ? state.revision : revision
                    guard mistake == .trustsTheLease || expected == state.revision else { return }
                    let change = state.revision * 2 + host
                    state.changes = changes.union([change])
                    state.revision += 1
                    state.acknowledged.insert(change)
                }
            }
        }
        return found
    }

    func fault(in state: State) -> String? {
        state.acknowledged.isSubset(of: state.changes) ? nil : "an acknowledged change was lost"
    }
}
