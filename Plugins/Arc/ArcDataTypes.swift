// The data types of Arc: the best scores of one player in one game, walked along links from page to page.

import ProviderSDK

enum ArcDataTypes {
    static let all: [DataType] = [
        DataType("iidx-bests", mapping: ArcMappings.iidxBest) { dataType in
            dataType.variants = ["iidx"]
            dataType.list = playerBests("/api/v1/iidx/28/player_bests/")
        },
        DataType("sdvx-bests", mapping: ArcMappings.sdvxBest) { dataType in
            dataType.variants = ["sdvx"]
            dataType.list = playerBests("/api/v1/sdvx/6/player_bests/")
        },
    ]

    /// All bests of a player; there is no way to ask for a part of them.
    ///
    /// The path ends in a slash, or it is another.
    private static func playerBests(_ path: String) -> ListRequest {
        let request = ProviderRequest(.get, path) { request in
            request.query = [NamedValue("profile_id", "{accountId}")]
            request.authorization = .setting("accessToken", scheme: "Bearer")
        }
        return ListRequest(request, items: "_items", paging: .nextLink(link: "_links._next", required: true)) {
            list in
            list.pagesMax = 500
        }
    }
}
