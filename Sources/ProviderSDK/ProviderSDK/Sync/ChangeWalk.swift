// One step of a walk along a list of changes. It decides which items of a page count, which records are read by themselves, and what
// the cursor keeps. It holds no state.

/// A page of changes on its way to records.
struct ChangeWalk {
    /// The changes of one record on a page.
    private struct Group {
        let id: String
        let mark: Int64
        /// In the list's order; the first is the newest.
        var items: [JSONValue]
    }

    private let list: ListRequest
    private let log: ChangeLog
    private let context: ProviderContext
    private let cursor: JSONValue?
    /// The records met before this page.
    private var remembered: Set<Int64>

    init(_ list: ListRequest, _ log: ChangeLog, at cursor: JSONValue?, in context: ProviderContext) {
        self.list = list
        self.log = log
        self.cursor = cursor
        self.context = context
        remembered = Set((cursor?["seen"]?.array ?? []).compactMap(\.integer))
    }

    /// Whether a walk at `cursor` remembers no more records, and reads those it meets by themselves.
    static func isFull(_ cursor: JSONValue?) -> Bool {
        (cursor?["seen"]?.count ?? 0) >= ChangeLog.rememberedMax
    }

    /// The records that the changes in `answer` lead to; `page` is the same answer as a page of a list.
    mutating func page(_ answer: JSONValue, as page: SyncPage) async throws(ProviderError) -> SyncPage {
        let items = try list.matchingItems(in: answer, now: context.now)
        let groups = groups(of: items)
        // Changes of the page's last moment may continue on the next page.
        let edge = page.next == nil ? nil : items.last.flatMap { log.moment.first(in: $0) }
        let isFull = Self.isFull(cursor)
        // An item whose record is unknown, because its id cannot be read, is one that cannot be mapped.
        var records = items.filter { log.recordID.first(in: $0)?.damage != nil }.map { SourceRecord($0) }
        var reads = 0
        for group in groups {
            let change = newest(of: group.items, edge: edge)
            if let change, !isFull || isDeletion(change) {
                records.append(try sourceRecord(change))
            } else {
                // A full walk asks for pages as short as that, and could not tell what it has read already.
                guard isFull || reads < ChangeLog.readsPerPageMax else {
                    return SyncPage(records, next: next(after: cursor, page: page), totalCount: nil)
                }
                reads += 1
                records.append(try await present(group, isListReliable: !isFull))
            }
            if remembered.count < ChangeLog.rememberedMax { remembered.insert(group.mark) }
        }
        var read = SyncPage(records, next: page.next.map { next(after: $0, page: page) }, totalCount: nil)
        read.continuity = page.continuity
        return read
    }

    /// The cursor with what is remembered; `position` is where the next step reads.
    private func next(after position: JSONValue?, page: SyncPage) -> JSONValue {
        let place = (position?.members ?? []).filter { $0.key != "seen" }
        return .object(place + [("seen", .array(remembered.sorted().map { .number(JSONNumber($0)) }))])
    }

    /// The page's changes by record, those of records met before left out.
    private func groups(of items: [JSONValue]) -> [Group] {
        var groups: [Group] = []
        var places: [Int64: Int] = [:]
        for item in items {
            guard let id = log.recordID.first(in: item)?.scalarText, !id.isEmpty else { continue }
            let mark = Self.mark(id)
            if let place = places[mark] {
                groups[place].items.append(item)
            } else if !remembered.contains(mark) {
                places[mark] = groups.count
                groups.append(Group(id: id, mark: mark, items: [item]))
            }
        }
        return groups
    }

    /// The newest of a record's changes; nil when the list does not tell which it is.
    ///
    /// A deletion comes after everything else that happened at its moment.
    private func newest(of items: [JSONValue], edge: JSONValue?) -> JSONValue? {
        // A change without a moment stands where the list puts it.
        guard let moment = items.first.flatMap({ log.moment.first(in: $0) }) else { return items.first }
        let last = items.filter { log.moment.first(in: $0) == moment }
        if let deletion = last.first(where: isDeletion) { return deletion }
        guard moment != edge else { return nil }
        let changes = last.filter { !(log.createdWhen?.isMet(by: $0, now: context.now) ?? false) }
        return changes.count <= 1 && last.count - changes.count <= 1 ? changes.first ?? last.first : nil
    }

    private func isDeletion(_ item: JSONValue) -> Bool { list.deletedWhen?.isMet(by: item, now: context.now) ?? false }

    private func sourceRecord(_ item: JSONValue) throws(ProviderError) -> SourceRecord {
        guard let value = list.record.first(in: item) else {
            throw ProviderError(.permanent, "A change does not hold its record.")
        }
        return SourceRecord(value, isDeletion(item) ? .deleted : .upserted)
    }

    /// A record as it is now.
    ///
    /// - Parameter isListReliable: whether the newest change on this page is the newest of all. Then it counts where the record
    ///   cannot be read by itself.
    private func present(_ group: Group, isListReliable: Bool) async throws(ProviderError) -> SourceRecord {
        let listed = try sourceRecord(group.items[0])
        guard Self.isPathSafe(group.id) else { return listed }
        var request = log.read
        request.path += "/" + group.id
        do throws(ProviderError) {
            let value = try await context.json(request, recordsAt: "")
            guard value.kind == .object else {
                throw ProviderError(.permanent, "The provider's answer is not a record.")
            }
            return SourceRecord(value, log.goneWhen?.isMet(by: value, now: context.now) ?? false ? .deleted : .upserted)
        } catch {
            if let code = error.code, log.goneCodes.contains(where: { $0.utf8.elementsEqual(code.utf8) }) {
                return SourceRecord(listed.value, .deleted)
            }
            guard error.status == 404 else { throw error }
            guard isListReliable else {
                throw ProviderError(.changesUnavailable, "More records changed than can be distinguished.")
            }
            return listed
        }
    }

    /// Letters, digits, `_` and `-`: what needs no encoding in a path.
    private static func isPathSafe(_ id: String) -> Bool {
        id.utf8.count <= 255
            && id.utf8.allSatisfy { byte in
                byte &- 0x30 < 10 || 0x61...0x7A ~= byte | 0x20 || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: "-")
            }
    }

    /// 64 bits of FNV-1a: two of a walk's few thousand ids hardly ever share them.
    static func mark(_ id: String) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Int64(bitPattern: hash)
    }
}
