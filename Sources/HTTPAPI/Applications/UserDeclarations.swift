// The declarations of the routes of an installation's users and their connections.

import ConnectionModel
import Connections
import ProviderSDK
import Requests
import Users

enum UserDeclarations {
    static let limit = ListParameters.limit(standard: RequestBounds.userPageDefault, max: RequestBounds.userPageMax)
    static let userCursor = Parameter<UserPlace?>("cursor", cursor) { (text) throws(ServiceError) in
        try place(text) { UserPlace($0) }
    }
    static let connectionCursor = Parameter<UserDirectory.ConnectionPlace?>("cursor", cursor) {
        (text) throws(ServiceError) in
        try place(text) { UserDirectory.ConnectionPlace($0) }
    }
    static let kind = Parameter<DiagnosisClass?>(
        "class", Schema.choice(DiagnosisClass.allCases.map(\.rawValue)).noted("Only connections of this class.")
    ) { (text) throws(ServiceError) in
        guard let text, !text.isEmpty else { return nil }
        guard let known = DiagnosisClass(rawValue: text) else {
            let names = DiagnosisClass.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(field: "class", message: "“class” must be one of \(names)")
        }
        return known
    }

    private static let cursor = Schema.text.noted("The `nextCursor` of the page before; absent for the first page.")

    private static func place<Place>(_ text: String?, _ read: (String) -> Place?) throws(ServiceError) -> Place? {
        guard let text, !text.isEmpty else { return nil }
        guard let place = read(text) else {
            throw .invalid(field: "cursor", message: "“cursor” must be the nextCursor of a page")
        }
        return place
    }

    private static let userID = Schema.text.example("user-1").noted("The id of the user.")
    private static let nextCursor = Schema.text.orNull.example("8c1f0a2b3c4d5e6f").noted(
        "Where to read on; null at the end.")
    private static let connectionMembers: [Schema.Member] = [
        .required("id", CommonSchemas.connectionID), .required("service", .providerID),
        .required("serviceName", .providerName), .required("variant", .text.orNull),
        .required("accountName", .text.orNull), .required("status", IntegrationsSchemas.status),
        .required("class", .choice(DiagnosisClass.allCases.map(\.rawValue)).example("working")),
        .required("connectedAt", .moment.orNull), .required("lastSyncAt", .moment.orNull),
        .required("expiresAt", .moment.orNull),
    ]
    private static let account = Schema.object(
        .required("provider", .providerID), .required("accountId", .text),
        .required("linkedAt", .moment), .required("inDiscord", .boolean.noted("Whether the account is a member.")),
        .required("archived", .boolean.noted("Whether the user is archived because the account has left.")),
        .required("joinedAt", .text.orNull), .required("attributes", .anything.noted("As the bot sent them."))
    ).named("ExternalAccount")
    private static let user = Schema.object(
        .required("id", userID),
        .required("connections", .list(of: Schema.object(connectionMembers).named("UserConnection"))),
        .required("externalAccounts", .list(of: account))
    ).named("User")

    static let list = RouteDeclaration(
        "List the users.", parameters: [userCursor.declared, limit.declared],
        .json(
            "A page of users",
            CommonSchemas.success(
                .required(
                    "users",
                    .list(
                        of: .object(
                            .required("id", userID),
                            .required("connections", .count.orNull.noted("Null when the user cannot be read.")),
                            .required("services", .list(of: .providerID)),
                            .required("hasExternalAccount", .boolean)))),
                .required("nextCursor", nextCursor))))
    static let get = RouteDeclaration(
        "Read a user.", .json("The user", CommonSchemas.success(.required("user", user))))
    static let erase = RouteDeclaration(
        "Erase a user: end the grants, and erase everything that is stored.",
        .json(
            "What was erased",
            CommonSchemas.success(
                .required(
                    "erased",
                    .object(
                        .required("connections", .count), .required("apiKeys", .count),
                        .required(
                            "revocations",
                            .object(
                                .required("revoked", .count.noted("Grants that their providers ended.")),
                                .required(
                                    "notOffered", .count.noted("There was no grant, or the provider cannot end it.")),
                                .required("sharedAccount", .count.noted("Another connection needs the same grant.")),
                                .required("failed", .count.noted("The provider refused or did not answer."))
                            )))))))
    static let listConnections = RouteDeclaration(
        "List the connections of all users.",
        parameters: [
            kind.declared, IntegrationsDeclarations.service.declared, IntegrationsDeclarations.status.declared,
            connectionCursor.declared, limit.declared,
        ],
        .json(
            "A page of connections, which may be empty and have a cursor",
            CommonSchemas.success(
                .required(
                    "connections",
                    .list(
                        of: Schema.object([.required("userId", userID)] + connectionMembers).named("ListedConnection"))
                ),
                .required("nextCursor", nextCursor))))
}
