// The memory that users are counted with: it grows by what is added. `scripts/bench cache` compares it with the allocator.

import ProviderSDK
import TestSupport
import Testing

@testable import ConnectionModel
@testable import Users

@Suite("Memory of users", .timeLimit(.minutes(1)))
struct MemoryTests {
    private func user(
        connections: Int, key: String? = nil, permissions: [String] = [], callback: JSONValue = [:]
    ) throws -> User {
        var user = User(id: "user-1")
        for place in 0..<connections {
            let id = try user.add(
                service: "acme", variant: nil, status: .connected, shard: "000",
                random: String(repeating: "a", count: 20) + (place < 10 ? "0\(place)" : "\(place)"), at: .epoch)
            try user.update(id) { (connection) throws(ServiceError) in
                try connection.linked(to: "account-\(place)", key: key, permissions: permissions, at: .epoch)
            }
        }
        return user
    }

    @Test("Each connection counts, and so do its key and its permissions")
    func grows() throws {
        let one = try user(connections: 1).memoryBytes
        let ten = try user(connections: 10).memoryBytes
        #expect(1000...1500 ~= one && (9 * 1000)...(9 * 1500) ~= ten - one)
        let key = String(repeating: "k", count: 10_000)
        #expect(10_000...10_100 ~= (try user(connections: 1, key: key).memoryBytes) - one)
        let permissions = (0..<100).map { "a permission with a long name \($0)" }
        #expect((100 * 80)...(100 * 128) ~= (try user(connections: 1, permissions: permissions).memoryBytes) - one)
    }

    @Test("The stored form of a connection counts once it is made, and a change is counted again")
    func storedForm() throws {
        var user = try user(connections: 1)
        let before = user.memoryBytes
        let bytes = user.encoded.count
        #expect(user.memoryBytes > before + bytes / 2)
        let id = try #require(user.connections.first?.id)
        try user.update(id) { (connection) throws(ServiceError) in
            try connection.linked(to: String(repeating: "a", count: 5000), at: .epoch)
        }
        #expect(user.memoryBytes > before + 5000)
    }

    @Test("A user who was read counts as the one who was written")
    func decoded() throws {
        let written = try user(connections: 5, key: String(repeating: "k", count: 500), permissions: ["read", "write"])
        let before = written.memoryBytes
        let read = try User(decoding: written.encoded)
        #expect(abs(read.memoryBytes - before) < before / 10)
    }
}
