// The declarations of the routes of /api/userIntegration.

import ConnectionModel
import ProviderSDK
import Requests
import Sessions
import Users

enum UserIntegrationDeclarations {
    static let requiredIsConnected = Field<Bool?>.boolean(
        "isconnected", isRequired: true, "Whether the integration is connected.")
    static let isConnected = Field<Bool?>.boolean(
        "isconnected", isRequired: false, "Whether the integration is connected; unchanged when absent.")
    static let userID = Field<String>.requiredText(
        "userId", bytesMax: SessionLimits.userIDBytesMax, "The user; only a superuser can name another one.")
    static let integrationID = Field<String>.requiredText(
        "integrationId", bytesMax: RequestBounds.serviceBytesMax, "The id of the integration.")

    static let page = Parameter<Int>.requiredInteger(
        // JSON readers keep every integer up to this one exactly.
        "page", 1...(1 << 53) - 1, "The number of the page, from 1 on.")
    static let limit = Parameter<Int>.requiredInteger("limit", 1...1000, "The entries of a page.")
    static let cursor = Parameter<UserStore.ConnectionPosition?>(
        "cursor",
        .text(bytesMax: UserIntegrationCursor.bytesMax).noted(
            "For a superuser's list of all users: the `nextCursor` of a page, which `page` then does not choose.")
    ) { (text) throws(ServiceError) in
        guard let text else { return nil }
        guard let position = UserIntegrationCursor.position(text) else {
            throw .invalid(field: "cursor", message: "“cursor” must be the nextCursor of an earlier page")
        }
        return position
    }
    static let user = Parameter<String?>.text("userId", "Only integrations of this user.")

    private static let integration = Schema.object(
        .required("id", CommonSchemas.connectionID), .required("isconnected", .boolean),
        .required("userId", .text.example("user-1")), .required("integrationId", .text.example("integration-123"))
    ).named("UserIntegration")

    private static let status = Schema.Member.required("status", .integer(200...200))

    private static func one(_ members: Schema.Member...) -> Schema {
        .object([status] + members + [.required("data", integration)])
    }

    static let create = RouteDeclaration(
        "Add an integration of a user.", body: BodyDeclaration(requiredIsConnected, userID, integrationID),
        .json("The integration", one(.required("message", .text))))
    static let list = RouteDeclaration(
        "List integrations of a user, or of all users for a superuser.",
        parameters: [page.declared, limit.declared, user.declared, cursor.declared],
        .json(
            "A page", .object(status, .required("data", .list(of: integration)), .optional("nextCursor", .text))))
    static let read = RouteDeclaration("Read an integration.", .json("The integration", one()))
    static let update = RouteDeclaration(
        "Change an integration of any user.", body: BodyDeclaration(isConnected),
        .json("The integration", one(.required("message", .text))))
    static let delete = RouteDeclaration(
        "Delete an integration of any user.", .json("It is gone", .object(status, .required("message", .text))))

    /// The shape of the API's errors.
    static let error = Schema.object(
        .required("status", .integer(400...599)), .required("error", .text.example("Unathorized"))
    ).named("UserIntegrationError")
}
