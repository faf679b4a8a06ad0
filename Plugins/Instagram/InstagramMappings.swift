// The mapping table of Instagram. A field that Instagram leaves out, such as the URL of media with protected music, is null.

import ProviderSDK

enum InstagramMappings {
    private static let count = Transform.integer(0...Int64.max)

    static let media = FieldMapping(
        "media", sourceID: ["id"],
        [
            Field("type", "media_type", .oneOf(types, other: "unknown")),
            Field("sourceType", "media_type", .text),
            Field("caption", "caption"),
            Field("mediaUrl", "media_url"),
            Field("url", "permalink"),
            Field("date", "timestamp", .iso8601),
            Field("likeCount", "like_count", count),
            Field("commentCount", "comments_count", count),
        ])

    private static let types = ["IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "album"]
}
