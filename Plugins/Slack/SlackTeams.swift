// An app installed into a whole organisation reads workspace by workspace, because Slack's lists ask for the workspace. For an app
// in one workspace every cursor passes through unchanged.

import ProviderSDK

enum SlackTeams {
    /// Reads the page at a cursor of one workspace; nil stands for the only one.
    typealias Read = (_ cursor: JSONValue?, _ team: String?) async throws(ProviderError) -> SyncPage

    /// `list` of the workspace `team`.
    static func list(_ list: ListRequest, of team: String?) -> ListRequest {
        guard let team else { return list }
        return list.with { $0.request.query.append(NamedValue("team_id", team)) }
    }

    /// The page at `cursor` by `read`, one workspace after the other.
    static func page(
        at cursor: JSONValue?, in context: ProviderContext, _ read: Read
    ) async throws(ProviderError) -> SyncPage {
        // Workspaces have ids that begin with T.
        guard context.account.id?.utf8.first == UInt8(ascii: "E") else { return ended(try await read(cursor, nil)) }
        let teams = (cursor?["teams"]?.array ?? []).compactMap(\.string)
        let more = cursor?["moreTeams"]
        guard let team = teams.first else {
            let listed = try await SlackDataTypes.teams.page(at: more, in: context)
            let ids = listed.records.compactMap { $0.value["id"]?.string }
            var page = SyncPage([], next: next(teams: ids[...], more: listed.next, inside: cursor?["inside"]))
            page.continuity = listed.continuity
            // Without a further workspace, the walk ends here with what the earlier ones left.
            if let memory = SlackMemory(cursor?["inside"]?["memory"]) { page.coverage = memory.coverage }
            return page
        }
        var page = try await read(cursor?["inside"], team)
        let isRead = page.next == nil
        // The memory covers all workspaces; channel ids differ between them.
        let inside = page.next ?? page.memory.flatMap(SlackMessageCursor.beginning)
        page.next = next(teams: isRead ? teams.dropFirst() : teams[...], more: more, inside: inside)
        if page.next != nil { page.memory = nil }
        page.totalCount = nil
        return ended(page)
    }

    /// `page` with only that part of its memory which the next walk needs.
    private static func ended(_ page: SyncPage) -> SyncPage {
        guard let memory = SlackMemory(page.memory) else { return page }
        var page = page
        page.memory = memory.lasting.json
        return page
    }

    /// The cursor in front of the first of `teams`, or inside it; nil when none is left.
    private static func next(teams: ArraySlice<String>, more: JSONValue?, inside: JSONValue?) -> JSONValue? {
        guard !teams.isEmpty || more != nil else { return nil }
        var members: [(key: String, value: JSONValue)] = [("teams", .array(teams.map(JSONValue.string)))]
        if let more { members.append(("moreTeams", more)) }
        if let inside { members.append(("inside", inside)) }
        return .object(members)
    }
}
