// The mapping table of TikTok, and the fields that must be asked for by name to fill it.

import ProviderSDK

enum TikTokMappings {
    private static let count = Transform.integer(0...Int64.max)

    static let video = FieldMapping(
        "video", sourceID: ["id"],
        [
            Field("title", from: "title"),
            Field("description", from: "video_description"),
            Field("url", from: "share_url"),
            Field("embedUrl", from: "embed_link"),
            // Good for hours only, and signed again each time it is read.
            Field("coverUrl", from: "cover_image_url").volatile,
            Field("durationSeconds", from: "duration", as: count),
            Field("width", from: "width", as: count),
            Field("height", from: "height", as: count),
            Field("date", from: "create_time", as: .epochSeconds),
            Field("viewCount", from: "view_count", as: count),
            Field("likeCount", from: "like_count", as: count),
            Field("commentCount", from: "comment_count", as: count),
            Field("shareCount", from: "share_count", as: count),
        ])

    static let sourceFields = [
        "id", "title", "video_description", "share_url", "embed_link", "cover_image_url", "duration", "width", "height",
        "create_time", "view_count", "like_count", "comment_count", "share_count",
    ]
}
