// The mapping table of TikTok, and the fields that must be asked for by name to fill it.

import ProviderSDK

enum TikTokMappings {
    private static let count = Transform.integer(0...Int64.max)

    static let video = FieldMapping(
        "video", sourceID: ["id"],
        [
            Field("title", "title"),
            Field("description", "video_description"),
            Field("url", "share_url"),
            Field("embedUrl", "embed_link"),
            // Good for hours only.
            Field("coverUrl", "cover_image_url"),
            Field("durationSeconds", "duration", count),
            Field("width", "width", count),
            Field("height", "height", count),
            Field("date", "create_time", .epochSeconds),
            Field("viewCount", "view_count", count),
            Field("likeCount", "like_count", count),
            Field("commentCount", "comment_count", count),
            Field("shareCount", "share_count", count),
        ])

    static let sourceFields = [
        "id", "title", "video_description", "share_url", "embed_link", "cover_image_url", "duration", "width", "height",
        "create_time", "view_count", "like_count", "comment_count", "share_count",
    ]
}
