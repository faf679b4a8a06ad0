// A run of an action that must not happen twice: the intent, the request and the outcome, over kills at any moment.

/// One run, carried out by a host that can be killed and started again.
struct ActionRunModel: Model {
    /// A mistake that is built in; the checker must find each.
    enum Mistake: CaseIterable {
        /// The request goes out while the stored run says that nothing was sent.
        case sendsBeforeItSaysSo
        /// After a start, a run that may have been carried out is sent again.
        case sendsAgain
        /// After a start, a run that may have been carried out ends as not sent.
        case callsItNotSent
        /// A lost answer counts as a failure.
        case callsLostFailed
    }

    /// What is stored of the run.
    enum Stored: Hashable {
        /// Nothing has left the host.
        case intended
        /// The request may have left the host.
        case sending
        case succeeded, notSent, unknown, failed
    }

    struct State: Hashable {
        var stored = Stored.intended
        var isAlive = true
        /// Whether the request is out and has no answer yet.
        var isSent = false
        /// Whether the answer has arrived and is not stored.
        var isAnswered = false
        /// How often the provider has carried the action out.
        var executions = 0
        var kills = 0
    }

    /// Whether the provider recognises a key and carries out each key once.
    let hasKey: Bool
    var mistake: Mistake?
    private let killsMax = 3

    init(hasKey: Bool, _ mistake: Mistake? = nil) {
        self.hasKey = hasKey
        self.mistake = mistake
    }

    var initial: State { State() }

    func steps(from state: State) -> [(name: String, state: State)] {
        var found: [(name: String, state: State)] = []
        func add(_ name: String, _ change: (inout State) -> Void) {
            var next = state
            change(&next)
            found.append((name, next))
        }
        if !state.isAlive {
            add("the host starts") { recover(&$0) }
            return found
        }
        if state.stored == .intended, !state.isSent {
            add("the host stores that it sends") { $0.stored = .sending }
            if mistake == .sendsBeforeItSaysSo { add("the host sends") { $0.isSent = true } }
            add("the host gives up before it sends") { $0.stored = .notSent }
        }
        if state.stored == .sending, !state.isSent, !state.isAnswered {
            add("the host sends") { $0.isSent = true }
        }
        if state.isSent {
            add("the provider carries it out") { execute(&$0) }
            add("the answer is lost") {
                execute(&$0)
                $0.isAnswered = false
                lose(&$0)
            }
        }
        if state.isAnswered {
            add("the host stores the outcome") {
                $0.stored = .succeeded
                $0.isAnswered = false
            }
        }
        if state.kills < killsMax {
            add("the host is killed") {
                $0.isAlive = false
                $0.kills += 1
                $0.isAnswered = false
            }
        }
        return found
    }

    private func execute(_ state: inout State) {
        if !hasKey || state.executions == 0 { state.executions += 1 }
        state.isSent = false
        state.isAnswered = state.isAlive
    }

    /// What the host does when no answer came.
    private func lose(_ state: inout State) {
        if mistake == .callsLostFailed {
            state.stored = .failed
        } else {
            // With a key the host asks again; without one the outcome stays unknown.
            state.stored = hasKey ? .sending : .unknown
        }
    }

    /// What a start makes of a run that is not over.
    private func recover(_ state: inout State) {
        // What was on its way when the host was killed may still be carried out.
        if state.isSent { execute(&state) }
        state.isAlive = true
        state.isAnswered = false
        guard state.stored == .sending else { return }
        switch mistake {
        case .sendsAgain: break
        case .callsItNotSent: state.stored = .notSent
        default: if !hasKey { state.stored = .unknown }
        }
    }

    func fault(in state: State) -> String? {
        if state.executions > 1 { return "the action was carried out twice" }
        if state.stored == .succeeded && state.executions != 1 { return "a run succeeded that was not carried out" }
        if [.notSent, .failed].contains(state.stored) && (state.executions > 0 || state.isSent) {
            return "a run failed that was carried out"
        }
        if hasKey && state.stored == .unknown { return "a run is unknown although the provider has keys" }
        return nil
    }
}
