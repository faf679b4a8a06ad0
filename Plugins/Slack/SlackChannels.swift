// The list of channels. Private ones are asked for too; a workspace that did not grant that is asked again for public ones alone.

import ProviderSDK

enum SlackChannels {
    private static let everything = SlackDataTypes.channels("public_channel,private_channel")
    private static let publicOnly = SlackDataTypes.channels("public_channel")

    /// The page of channels at `cursor`, of the workspace `team` where there are several.
    static func page(
        at cursor: JSONValue?, of team: String?, in context: ProviderContext
    ) async throws(ProviderError) -> SyncPage {
        let everything = SlackTeams.list(everything, of: team)
        let publicOnly = SlackTeams.list(publicOnly, of: team)
        if let cursor {
            let isPublicOnly = cursor["publicOnly"]?.boolean == true
            let page = try await (isPublicOnly ? publicOnly : everything).page(at: cursor, in: context)
            return marked(page, isPublicOnly: isPublicOnly)
        }
        do throws(ProviderError) {
            return marked(try await everything.page(at: nil, in: context), isPublicOnly: false)
        } catch {
            guard case .scopeMissing = error.kind else { throw error }
            return marked(try await publicOnly.page(at: nil, in: context), isPublicOnly: true)
        }
    }

    /// `page` with a cursor that remembers which list it belongs to.
    private static func marked(_ page: SyncPage, isPublicOnly: Bool) -> SyncPage {
        var page = page
        page.next = page.next.map { next in
            .object((next.members ?? []) + [("publicOnly", .boolean(isPublicOnly))])
        }
        return page
    }
}
