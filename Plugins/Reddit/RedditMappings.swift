// The mapping tables of Reddit. Times are epoch seconds with a fraction; ids carry their kind in front (`t3_` posts, `t1_` comments).

import ProviderSDK

enum RedditMappings {
    /// False for what was never edited; true for what was edited before Reddit kept the time.
    private static let editedAt = Field(
        "editedAt",
        .when([.init(.isOneOf("edited", ["false", "true"]), .null)], other: .source("edited", .epochText)))

    static let post = FieldMapping(
        "post", sourceID: ["name"], dropsVendorPrefix: true,
        [
            Field("title", "title"),
            Field("text", "selftext", .text),
            Field("url", "url"),
            Field("permalink", "permalink"),
            Field("subreddit", "subreddit"),
            Field("author", "author"),
            Field(
                "status",
                .when(
                    [
                        .init(.isSet("removed_by_category"), .text("removed")),
                        .init(.equals("archived", true), .text("archived")),
                        .init(.equals("locked", true), .text("locked")),
                    ], other: .text("active"))),
            // Who removed it: the one thing that Reddit has a word for.
            Field("sourceStatus", "removed_by_category", .text),
            Field("score", "score", .integer(Int64.min...Int64.max)),
            Field("upvoteRatio", "upvote_ratio", .bounded(0...1)),
            Field("commentCount", "num_comments", .integer(0...Int64.max)),
            Field("isTextOnly", "is_self", .boolean),
            Field("isAdult", "over_18", .boolean),
            Field("date", "created_utc", .epochText),
            editedAt,
        ])

    static let comment = FieldMapping(
        "comment", sourceID: ["name"], dropsVendorPrefix: true,
        [
            Field("text", "body", .text),
            Field("permalink", "permalink"),
            Field("subreddit", "subreddit"),
            Field("author", "author"),
            Field("postId", "link_id"),
            Field("postTitle", "link_title"),
            Field("parentId", "parent_id"),
            Field("score", "score", .integer(Int64.min...Int64.max)),
            Field("date", "created_utc", .epochText),
            editedAt,
        ])
}
