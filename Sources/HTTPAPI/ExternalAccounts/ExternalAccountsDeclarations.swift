// The declarations of the routes of /external-accounts.

import ConnectionModel
import ProviderSDK
import Requests

enum ExternalAccountsDeclarations {
    static let token = Field<String>.requiredText(
        "token", bytesMax: RequestBounds.linkTokenBytesMax, "The token with which the user links the account.")
    static let type = Field<String?>.text("type", bytesMax: RequestBounds.attributeBytesMax, "The kind of account.")
    static let attributes = Field<JSONValue>(
        "attributes",
        Schema.map(of: .either(.text(bytesMax: RequestBounds.attributeBytesMax), .number)).noted(
            "At most \(RequestBounds.attributesMax) facts about the account. A name that ends in JoinedAt is a moment; “expiry” is the end "
                + "of the token in milliseconds since 1970."), isRequired: true
    ) { (body) throws(ServiceError) in
        guard let attributes = body["attributes"], let members = attributes.members,
            members.count <= RequestBounds.attributesMax
        else {
            throw .invalid(
                field: "attributes",
                message: "\"attributes\" must be an object of at most \(RequestBounds.attributesMax) members")
        }
        return attributes
    }

    static let action = Field<String?>.text(
        "action", bytesMax: RequestBounds.serviceBytesMax, "The action, such as discord-users-sync.")
    static let data = Field<JSONValue?>(
        "data", Schema.map(of: .anything).orNull.noted("Not used."), isRequired: false
    ) { (body) throws(ServiceError) in
        guard let data = body["data"] else { return nil }
        guard data.isNull || data.members != nil else {
            throw .invalid(field: "data", message: "\"data\" must be an object")
        }
        return data
    }
    static let queryAction = Parameter<String?>.text("action", "The action, when the body names none.")

    private static let message = Schema.object(.required("message", .text))

    static let add = RouteDeclaration(
        "Store what a bot knows of an account, until a user links it.",
        body: BodyDeclaration(token, type, attributes), .json("It is stored", status: 201, message))
    static let read = RouteDeclaration(
        "Read the attributes of a token.",
        .json(
            "The attributes", .object(.required("message", .text), .required("attributes", .map(of: .anything)))))
    static let link = RouteDeclaration("Link the account of a token to the user.", .other(204, "It is linked"))
    static let changeUsers = RouteDeclaration(
        "Compare all linked accounts with the members of the server.", parameters: [queryAction.declared],
        body: BodyDeclaration(isRequired: false, action, data),
        .json(
            "What was changed",
            .object(
                .required("message", .text), .required("usersArchivedCount", .count),
                .required("usersUnArchivedCount", .count), .required("totalUsersProcessed", .count),
                .required("rdsDiscordServerUsers", .count))))
    static let deprecatedSync = RouteDeclaration(
        "Compare all linked accounts with the members of the server (deprecated).",
        .json(
            "What was changed",
            .object(
                .required("rdsUsers", .count), .required("discordUsers", .count),
                .required("userUpdatedWithInDiscordFalse", .count), .required("usersMarkedUnArchived", .count),
                .required("message", .text))))

    /// The shape of the API's errors.
    static let error = Schema.object(
        .required("statusCode", .integer(400...599)), .required("error", .text.example("Not Found")),
        .required("message", .text)
    ).named("ExternalAccountsError")
}
