// A checker of small models: visits every state that the steps of a model can reach, and finds the shortest way to one that breaks
// its invariant.

/// A design as states and steps, small enough that all states can be visited.
protocol Model {
    associatedtype State: Hashable

    var initial: State { get }

    /// Returns what can happen next, each with its name.
    func steps(from state: State) -> [(name: String, state: State)]

    /// Returns what is wrong with a state; nil when it keeps the invariant.
    func fault(in state: State) -> String?
}

/// What a walk through all states found.
struct Exploration {
    let stateCount: Int
    /// The shortest way to a state with a fault, and the fault; nil when every state keeps the invariant.
    let trace: [String]?
}

extension Model {
    /// Visits all states, the nearest first.
    ///
    /// - Parameter statesMax: more states are a mistake of the model, and the walk ends with that as its fault.
    func explore(statesMax: Int = 500_000) -> Exploration {
        var origins: [State: (state: State, step: String)] = [:]
        var seen: Set = [initial]
        var row = [initial]
        while !row.isEmpty {
            var next: [State] = []
            for state in row {
                if let fault = fault(in: state) {
                    return Exploration(stateCount: seen.count, trace: way(to: state, origins) + [fault])
                }
                for (name, following) in steps(from: state) where seen.insert(following).inserted {
                    origins[following] = (state, name)
                    next.append(following)
                }
            }
            guard seen.count <= statesMax else {
                return Exploration(stateCount: seen.count, trace: ["more than \(statesMax) states"])
            }
            row = next
        }
        return Exploration(stateCount: seen.count, trace: nil)
    }

    private func way(to end: State, _ origins: [State: (state: State, step: String)]) -> [String] {
        var (state, steps): (State, [String]) = (end, [])
        while let origin = origins[state] {
            steps.append(origin.step)
            state = origin.state
        }
        return steps.reversed()
    }
}
