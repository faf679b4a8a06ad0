// The duplicate check of the parser: the names of one object while it is read. Exact for escaped names, and bounded against
// names chosen to collide.

/// The member names of one object while it is parsed: finds repeats without a table for all but large objects.
struct MemberNames {
    /// How many names are looked for among the nodes; beyond it a set with a seeded hash takes over.
    ///
    /// A name is compared with fewer than this many others, with any hashes, so the work stays linear in the input.
    private static let linearMax = 64
    private(set) var count = 0
    /// One bit for each hash seen, modulo 512: a bit not set proves that the name is new.
    private var seen = SIMD8<UInt64>()
    private var large: Set<[UInt8]>?

    /// Adds the name at node `index`, the last one, and stores its hash there; false when an earlier name has the same bytes.
    mutating func insert(
        _ index: Int, firstName: Int, nodes: inout [JSONNode], bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        defer { count += 1 }
        let hash = unsafe MemberNames.hash(nodes[index], bytes)
        nodes[index].nameHash = hash
        if count >= MemberNames.linearMax { return unsafe insertLarge(index, firstName, nodes, bytes) }
        let word = Int(hash & 7)
        let bit = UInt64(1) &<< UInt64(truncatingIfNeeded: hash >> 3 & 63)
        guard seen[word] & bit != 0 else {
            seen[word] |= bit
            return true
        }
        var at = firstName
        for _ in 0..<count {
            if nodes[at].nameHash == hash, unsafe MemberNames.areEqual(nodes[at], nodes[index], bytes) { return false }
            at = Int(nodes[at + 1].next)
        }
        return true
    }

    private mutating func insertLarge(
        _ index: Int, _ firstName: Int, _ nodes: [JSONNode], _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        var names = large ?? []
        large = nil
        if names.isEmpty {
            var at = firstName
            for _ in 0..<count {
                unsafe names.insert(MemberNames.resolved(nodes[at], bytes))
                at = Int(nodes[at + 1].next)
            }
        }
        let isNew = unsafe names.insert(MemberNames.resolved(nodes[index], bytes)).inserted
        large = names
        return isNew
    }

    private static func hash(_ name: JSONNode, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        guard !name.isEscaped else { return unsafe JSONName(resolved(name, bytes)).hash }
        return unsafe JSONName.hash(of: bytes, from: Int(name.start), to: Int(name.end))
    }

    private static func areEqual(_ a: JSONNode, _ b: JSONNode, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !a.isEscaped, !b.isEscaped else { return unsafe resolved(a, bytes) == resolved(b, bytes) }
        return unsafe bytes[Int(a.start)..<Int(a.end)].elementsEqual(bytes[Int(b.start)..<Int(b.end)])
    }

    private static func resolved(_ node: JSONNode, _ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let slice = unsafe bytes[Int(node.start)..<Int(node.end)]
        return unsafe node.isEscaped ? JSONEscapes.resolved(slice) : Array(slice)
    }
}
