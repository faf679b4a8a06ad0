// The objects of one type in one account, the oldest first, found by id, written out once. It knows no provider.

struct ObjectTable: Sendable {
    private(set) var objects: [SandboxObject] = []
    private var positions: [String: Int] = [:]
    private var rendered: [[UInt8]] = []

    /// The first `count` objects, spread over the `spanSeconds` before the context's start.
    init(_ type: ObjectType, _ context: DataContext, count: Int, spanSeconds: Int64) {
        objects.reserveCapacity(count)
        positions.reserveCapacity(count)
        for number in 0..<count {
            append(type.make(context, number, Self.created(number, of: count, context, spanSeconds)))
        }
    }

    /// When the object was created: in order, the last an hour before the start, every tenth in its predecessor's
    /// second.
    private static func created(_ number: Int, of count: Int, _ context: DataContext, _ span: Int64) -> Int64 {
        let place = number % 10 == 9 ? number - 1 : number
        return context.start - 3600 - span + span * Int64(place) / Int64(max(1, count))
    }

    mutating func append(_ object: SandboxObject) {
        positions[object.id] = objects.count
        objects.append(object)
        rendered.append([])
    }

    func position(of id: String) -> Int? { positions[id] }

    /// The object of this id, unless it was deleted.
    subscript(id: String) -> SandboxObject? {
        guard let position = positions[id], !objects[position].isDeleted else { return nil }
        return objects[position]
    }

    mutating func replace(_ object: SandboxObject, at position: Int) {
        objects[position] = object
        rendered[position] = []
    }

    /// The object at `position` as the provider writes it.
    mutating func bytes(_ position: Int, _ type: ObjectType, _ context: DataContext) -> [UInt8] {
        if rendered[position].isEmpty { rendered[position] = type.render(context, objects[position]) }
        return rendered[position]
    }

    /// Up to `limit` positions of live objects that `isIncluded`, newest first, beginning below `start`; and whether
    /// there are more.
    ///
    /// Linear in the positions looked at.
    func newestFirst(
        below start: Int?, limit: Int, _ isIncluded: (SandboxObject) -> Bool
    ) -> (positions: [Int], hasMore: Bool) {
        var found: [Int] = []
        var position = (start ?? objects.count) - 1
        while position >= 0 {
            let object = objects[position]
            if !object.isDeleted, isIncluded(object) {
                if found.count == limit { return (found, true) }
                found.append(position)
            }
            position -= 1
        }
        return (found, false)
    }

    /// Up to `limit` positions as `newestFirst` has them, of the objects just above `end`: the page before.
    func newestFirst(
        above end: Int, limit: Int, _ isIncluded: (SandboxObject) -> Bool
    ) -> (positions: [Int], hasMore: Bool) {
        var found: [Int] = []
        for position in (end + 1)..<max(end + 1, objects.count) {
            let object = objects[position]
            guard !object.isDeleted, isIncluded(object) else { continue }
            if found.count == limit { return (found.reversed(), true) }
            found.append(position)
        }
        return (found.reversed(), false)
    }
}
