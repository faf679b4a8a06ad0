// The designs that must hold for every order of events, visited state by state. Each model also has mistakes built in that the same
// checker must find, so that a model that cannot fail is noticed.

import Testing

@Suite("Models", .timeLimit(.minutes(2)))
struct ModelTests {
    @Test(
        "No renewal loses a pair of tokens that could be kept, with two hosts that are killed or halted at any moment",
        arguments: [true, false])
    func refresh(isStrict: Bool) {
        let found = RefreshModel(isStrict: isStrict).explore()
        #expect(found.trace == nil)
        #expect(found.stateCount > 100)
    }

    @Test("The checker finds each mistake of a renewal", arguments: RefreshModel.Mistake.allCases)
    func refreshMistake(_ mistake: RefreshModel.Mistake) {
        let traces = [true, false].map { RefreshModel(isStrict: $0, mistake).explore().trace }
        #expect(traces.contains { $0 != nil })
    }

    @Test("No action is carried out twice and every outcome is true, with and without keys", arguments: [true, false])
    func action(hasKey: Bool) {
        let found = ActionRunModel(hasKey: hasKey).explore()
        #expect(found.trace == nil)
        #expect(found.stateCount > 20)
    }

    @Test("The checker finds each mistake of an action", arguments: ActionRunModel.Mistake.allCases)
    func actionMistake(_ mistake: ActionRunModel.Mistake) {
        let traces = [true, false].map { ActionRunModel(hasKey: $0, mistake).explore().trace }
        #expect(traces.contains { $0 != nil })
    }

    @Test("No acknowledged change of a document is lost by a host that was halted beyond its lease")
    func lease() {
        let found = DocumentLeaseModel().explore()
        #expect(found.trace == nil)
        #expect(found.stateCount > 50)
    }

    @Test("The checker finds each mistake of a write", arguments: DocumentLeaseModel.Mistake.allCases)
    func leaseMistake(_ mistake: DocumentLeaseModel.Mistake) {
        #expect(DocumentLeaseModel(mistake).explore().trace != nil)
    }

    @Test("The way to a fault is the shortest one")
    func shortest() {
        let trace = DocumentLeaseModel(.trustsTheLease).explore().trace
        #expect(trace?.count == 6)
        #expect(trace?.last == "an acknowledged change was lost")
    }
}
