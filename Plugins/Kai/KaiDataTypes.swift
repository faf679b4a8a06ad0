// The data types of Kai: a play history for each game, walked along links from page to page, and the player's profile in it.

import ProviderSDK

enum KaiDataTypes {
    /// MIN has SDVX only.
    static let iidxVariants = ["flo", "eag"]

    static let all: [DataType] = [
        DataType("iidx-scores", mapping: KaiMappings.iidxScore) { dataType in
            dataType.scopes = ["settings_read"]
            dataType.variants = iidxVariants
            dataType.list = playHistory("/api/iidx/v2/play_history")
        },
        DataType("sdvx-scores", mapping: KaiMappings.sdvxScore) { dataType in
            dataType.scopes = ["settings_read"]
            dataType.list = playHistory("/api/sdvx/v1/play_history")
        },
        DataType("iidx-profiles", mapping: KaiProfiles.iidx) { dataType in
            dataType.scopes = ["settings_read"]
            dataType.variants = iidxVariants
            dataType.list = profile("/api/iidx/v2/player_profile")
        },
        DataType("sdvx-profiles", mapping: KaiProfiles.sdvx) { dataType in
            dataType.scopes = ["settings_read"]
            dataType.list = profile("/api/sdvx/v1/player_profile")
        },
    ]

    /// The one profile of a player.
    private static func profile(_ path: String) -> ListRequest {
        ListRequest(.get(path), items: "", paging: .none) { $0.isSingle = true }
    }

    /// A whole play history; there is no way to ask for a part of it.
    ///
    /// Each page must say whether there is another, and a link to another origin is refused before the token goes along.
    private static func playHistory(_ path: String) -> ListRequest {
        ListRequest(.get(path), items: "_items", paging: .nextLink(link: "_links._next", required: true)) { list in
            list.pagesMax = 500
        }
    }
}
