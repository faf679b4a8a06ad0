// One occupant per connection: syncs wait for exclusive work, and exclusive work does not wait for syncs.

import ProviderSDK
import Testing

@testable import Background
@testable import ConnectionModel
@testable import Sync

@Suite("Occupied connections", .timeLimit(.minutes(1)))
struct SyncOccupancyTests {
    @Test("A sync requested during exclusive work begins after it")
    func waits() async throws {
        let provider = ScriptedProvider { _, _ in ScriptedProvider.page(1...2) }
        let fixture = try SyncFixture(provider)
        let id = try await fixture.connect()
        let (door, begun) = (Door(), OneTimeEvent())
        let exclusive = Task {
            try await fixture.engine.whileIdle(connection: id, user: "u") { () throws(ServiceError) in
                begun.signal()
                await door.pass()
            }
        }
        await begun.wait()
        #expect(try await !fixture.engine.whileIdle(connection: id, user: "u") {})
        #expect(fixture.engine.running(id) == nil)
        let started = Task { try await fixture.start(id) }
        for _ in 0..<100 { await Task.yield() }
        #expect(provider.requests.isEmpty)
        door.open()
        #expect(try await exclusive.value)
        let run = try await started.value
        let ended = try await fixture.ended(id)
        #expect(ended?.id == run.id && ended?.status == .completed)
        await fixture.stop()
    }

    @Test("No occupant is admitted after closing")
    func closes() throws {
        let occupancy = SyncOccupancy()
        #expect(try occupancy.occupyExclusively("a"))
        #expect(occupancy.close() == ["a"])
        #expect(throws: ServiceError.self) { try occupancy.occupyExclusively("b") }
        occupancy.release("a")
        #expect(occupancy.close().isEmpty)
    }
}
