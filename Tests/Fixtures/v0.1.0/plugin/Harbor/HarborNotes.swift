// Notes are read in code: the cursor is a number, and what was read last comes back with the next read of changes.

import ProviderSDK

enum HarborNotes {
    static func page(_ request: PageRequest, in context: ProviderContext) async throws(ProviderError) -> SyncPage {
        let first = request.cursor?.integer ?? request.memory?["last"]?.integer ?? 0
        guard let size = JSONNumber(context.settings["pageSize"] ?? "2")?.integer else {
            throw ProviderError(.misconfigured, "“pageSize” is no number.", code: "pageSize")
        }
        var query = ProviderRequest.get("/notes", [NamedValue("from", "\(first)"), NamedValue("size", "\(size)")])
        query.headers = [NamedValue("X-Now", context.now.text(withMilliseconds: false))]
        query.rateLimit = "notes"
        let answer = try await context.json(query)
        guard let notes = answer["notes"]?.array else {
            throw ProviderError(.transient, "The answer has no notes.")
        }
        let records = notes.map { note in
            SourceRecord(
                .object((note.members ?? []) + [("port", .string(context.account.variant ?? ""))]),
                note["deleted"]?.boolean == true ? .deleted : .upserted)
        }
        let last = first + Int64(notes.count)
        var page = SyncPage(
            records, next: answer["more"]?.boolean == true ? .number(JSONNumber(last)) : nil,
            totalCount: answer["total"]?.integer.map { Int($0) })
        page.memory = ["last": .number(JSONNumber(last))]
        return page
    }
}
