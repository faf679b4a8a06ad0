// The data types of Kai: one play history for each game, walked along links from page to page.

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
    ]

    /// A whole play history; there is no way to ask for a part of it.
    ///
    /// Each page must say whether there is another, and a link to another origin is refused before the token goes along.
    private static func playHistory(_ path: String) -> ListRequest {
        ListRequest(.get(path), items: "_items", paging: .nextLink(link: "_links._next", required: true)) { list in
            list.pagesMax = 500
        }
    }
}
