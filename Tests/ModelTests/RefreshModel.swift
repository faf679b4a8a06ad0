// The renewal of a grant by two hosts over one store. The provider replaces the refresh token with every answer. A strict one ends the
// grant when a replaced token comes back; a lenient one keeps a token until one of its successors is used.

/// Two hosts that renew the tokens of one connection.
struct RefreshModel: Model {
    /// A mistake that is built in; the checker must find each.
    enum Mistake: CaseIterable {
        /// A request goes out before the intent is durable.
        case sendsBeforeIntent
        /// An answer replaces whatever pair is stored.
        case storesWithoutGeneration
        /// Another host takes a renewal over although the first may still send or store.
        case takesOverFromTheLiving
        /// A host that was halted sends although its time is over.
        case sendsLate
        /// An answer that comes late also removes the intent of the host that took over.
        case clearsOtherIntents
        /// A pair that arrives is used before it is stored.
        case forgetsToStore
    }

    /// What a host is about to do.
    enum Phase: Hashable {
        case idle
        /// The intent is durable, or the host believes so.
        case ready(pair: Int)
        /// The answer has arrived.
        case answered(pair: Int, new: Int)
    }

    struct Host: Hashable {
        var phase = Phase.idle
        /// Whether the host was halted for so long that others count it as gone.
        var isLate = false
    }

    struct State: Hashable {
        /// The number of the stored pair.
        var stored = 0
        /// The host whose intent is stored.
        var intent: Int?
        /// The newest pair at the provider.
        var newest = 0
        /// The newest pair that was presented to the provider.
        var used = 0
        var isEnded = false
        /// Whether an answer was out of reach when another host asked, because its host was killed or halted.
        ///
        /// No design can keep a strict provider's pair then.
        var isAnswerLost = false
        var hosts = [Host(), Host()]
        var accidents = 0
    }

    let isStrict: Bool
    var mistake: Mistake?
    private let pairsMax = 4
    private let accidentsMax = 2

    init(isStrict: Bool, _ mistake: Mistake? = nil) {
        self.isStrict = isStrict
        self.mistake = mistake
    }

    var initial: State { State() }

    func steps(from state: State) -> [(name: String, state: State)] {
        state.hosts.indices.flatMap { work(of: $0, from: state) + accidents(of: $0, from: state) }
    }

    private func work(of host: Int, from state: State) -> [(name: String, state: State)] {
        func step(_ name: String, _ change: (inout State) -> Void) -> [(name: String, state: State)] {
            var next = state
            change(&next)
            return [("host \(host) \(name)", next)]
        }
        switch state.hosts[host].phase {
        case .idle:
            guard !state.isEnded, state.newest < pairsMax, mayBegin(state) else { return [] }
            return step("stores its intent") {
                if mistake != .sendsBeforeIntent { $0.intent = host }
                $0.hosts[host].phase = .ready(pair: $0.stored)
            }
        case .ready where state.hosts[host].isLate && mistake != .sendsLate:
            return step("gives up, because its time is over") { $0.hosts[host] = Host() }
        case .ready(let pair):
            return step("asks the provider") { ask(with: pair, from: host, &$0) }
        case .answered(let pair, let new):
            return step("stores the new pair") {
                $0.hosts[host] = Host()
                let isMeant = $0.stored == pair || mistake == .storesWithoutGeneration
                if isMeant, mistake != .forgetsToStore { $0.stored = new }
                // The host that took over may still send the pair that it began with, so the new one is not used before that is over.
                if $0.intent == host || mistake == .clearsOtherIntents { $0.intent = nil }
            }
        }
    }

    private func ask(with pair: Int, from host: Int, _ state: inout State) {
        guard pair >= oldestValid(state) else {
            state.isEnded = true
            state.hosts[host] = Host()
            return
        }
        state.used = pair
        state.newest += 1
        state.hosts[host].phase = .answered(pair: pair, new: state.newest)
    }

    private func oldestValid(_ state: State) -> Int { isStrict ? state.newest : state.used }

    private func accidents(of host: Int, from state: State) -> [(name: String, state: State)] {
        guard state.accidents < accidentsMax, state.hosts[host].phase != .idle else { return [] }
        var next = state
        next.accidents += 1
        if case .answered = state.hosts[host].phase { next.isAnswerLost = true }
        var (killed, halted) = (next, next)
        killed.hosts[host] = Host()
        halted.hosts[host].isLate = true
        return [("host \(host) is killed", killed), ("host \(host) is halted", halted)]
    }

    /// Whether a host may begin: no renewal is under way, or its host is gone.
    private func mayBegin(_ state: State) -> Bool {
        guard let owner = state.intent else { return true }
        return state.hosts[owner].phase == .idle || state.hosts[owner].isLate || mistake == .takesOverFromTheLiving
    }

    func fault(in state: State) -> String? {
        if state.isEnded && !(isStrict && state.isAnswerLost) { return "a grant ended that could be kept" }
        let isOnItsWay = state.hosts.contains { host in
            if case .answered(_, let new) = host.phase { new == state.newest } else { false }
        }
        if state.stored < oldestValid(state) && !(isStrict && state.isAnswerLost) && !isOnItsWay {
            return "the stored pair does not work any more"
        }
        return nil
    }
}
