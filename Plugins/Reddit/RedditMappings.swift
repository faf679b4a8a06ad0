// The mapping tables of Reddit. Times are epoch seconds with a fraction; ids carry their kind in front (`t3_` posts, `t1_` comments).

import ProviderSDK

enum RedditMappings {
    /// False for what was never edited; true for what was edited before Reddit kept the time.
    private static let editedAt = Field(
        "editedAt",
        as: .when([.init(.isOneOf("edited", ["false", "true"]), .null)], other: .source("edited", .epochText)))

    static let post = FieldMapping(
        "post", sourceID: ["name"], dropsVendorPrefix: true,
        [
            Field("title", from: "title"),
            Field("text", from: "selftext", as: .text),
            Field("url", from: "url"),
            Field("permalink", from: "permalink"),
            Field("subreddit", from: "subreddit"),
            Field("author", from: "author"),
            Field(
                "status",
                as: .when(
                    [
                        .init(.isSet("removed_by_category"), .text("removed")),
                        .init(.equals("archived", true), .text("archived")),
                        .init(.equals("locked", true), .text("locked")),
                    ], other: .text("active"))),
            // Who removed it: the one thing that Reddit has a word for.
            Field("sourceStatus", from: "removed_by_category", as: .text),
            // Reddit blurs scores: they differ from one request to the next.
            Field("score", from: "score", as: .integer(Int64.min...Int64.max)).volatile,
            Field("upvoteRatio", from: "upvote_ratio", as: .bounded(0...1)).volatile,
            Field("commentCount", from: "num_comments", as: .integer(0...Int64.max)),
            Field("isTextOnly", from: "is_self", as: .boolean),
            Field("isAdult", from: "over_18", as: .boolean),
            Field("date", from: "created_utc", as: .epochText),
            editedAt,
        ])

    static let comment = FieldMapping(
        "comment", sourceID: ["name"], dropsVendorPrefix: true,
        [
            Field("text", from: "body", as: .text),
            Field("permalink", from: "permalink"),
            Field("subreddit", from: "subreddit"),
            Field("author", from: "author"),
            Field("postId", from: "link_id"),
            Field("postTitle", from: "link_title"),
            Field("parentId", from: "parent_id"),
            Field("score", from: "score", as: .integer(Int64.min...Int64.max)).volatile,
            Field("date", from: "created_utc", as: .epochText),
            editedAt,
        ])
}
