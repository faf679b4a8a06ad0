// The mapping table of Instagram. A field that Instagram leaves out, such as the URL of media with protected music, is null.

import ProviderSDK

enum InstagramMappings {
    private static let count = Transform.integer(0...Int64.max)

    static let media = FieldMapping(
        "media", sourceID: ["id"],
        [
            Field("type", from: "media_type", as: .oneOf(types, other: "unknown")),
            Field("sourceType", from: "media_type", as: .text),
            Field("caption", from: "caption"),
            // Signed again each time it is read.
            Field("mediaUrl", from: "media_url").volatile,
            Field("url", from: "permalink"),
            Field("date", from: "timestamp", as: .iso8601),
            Field("likeCount", from: "like_count", as: count),
            Field("commentCount", from: "comments_count", as: count),
        ])

    private static let types = ["IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "album"]
}
