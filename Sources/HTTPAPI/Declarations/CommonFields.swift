// The members and parameters that routes of several APIs share, each declared once.

import ConnectionModel
import ProviderSDK
import Requests
import Users

/// The members of bodies that create or change connections.
enum ConnectionFields {
    static let service = Field<String>.requiredText(
        "service", bytesMax: RequestBounds.serviceBytesMax, "The id of the provider.")
    static let permissions = Field<[String]?>.texts(
        "permissions", countMax: RequestBounds.permissionsMax, bytesMax: RequestBounds.permissionBytesMax,
        "The permissions to ask for; the provider's default ones when absent.")
    static let variant = Field<String?>.text(
        "variant", bytesMax: RequestBounds.serviceBytesMax, "The variant of the provider, where it has variants.")
    static let redirectURI = Field<String?>.text(
        "redirectUri", bytesMax: RequestBounds.urlBytesMax,
        "The page to which the provider sends the browser back; one of the setting redirectURIs.")
    static let accountID = Field<String?>.text(
        "accountId", bytesMax: RequestBounds.urlBytesMax, "The account, for providers that connect by its id.")
    static let apiKey = Field<String?>.text(
        "apiKey", bytesMax: ConnectionLimits.tokenBytesMax, "The API key, for providers that connect by one.")
    static let connectionID = Field<String>.requiredText(
        "connectionId", bytesMax: RequestBounds.serviceBytesMax, "The id of the connection.")
}

/// The parameters of lists.
enum ListParameters {
    static let cursor = Parameter<String?>.text(
        "cursor", "The `nextCursor` of the page before; absent for the first page.")
    static let dataType = Parameter<String?>.text("dataType", "Only entries of this data type.")
    static let page = Parameter<Int>.integer("page", 1...1_000_000, standard: 1, "The number of the page, from 1 on.")

    /// The number of entries on a page.
    static func limit(standard: Int, max: Int) -> Parameter<Int> {
        .integer("limit", 1...Int64(max), standard: standard, "The most entries of the page; \(standard) when absent.")
    }
}

/// Shapes that several APIs answer with.
enum CommonSchemas {
    /// `{"success":true}` with further members.
    static func success(_ members: Schema.Member...) -> Schema {
        .object([.required("success", .boolean.example(true))] + members)
    }

    static let connectionID = Schema.text.example("conn-3f2Jk20xVq7LmZ81RtYwB4cDe").noted("The id of a connection.")

    /// The error of routes that answer `{"success":false,"error":…}`.
    static let error = Schema.object(
        .required("success", .boolean.example(false)), .required("error", .text.example("Integration not found")),
        .optional(
            "details",
            .object(
                .required("field", .text.example("service")), .required("message", .text),
                .optional(
                    "reason",
                    .choice(FailureReason.allCases.map(\.rawValue)).noted(
                        "Why connecting an account failed, at the callback.")))),
        .optional("retryAfter", .count.noted("The seconds after which to try again."))
    ).named("Error")
}
