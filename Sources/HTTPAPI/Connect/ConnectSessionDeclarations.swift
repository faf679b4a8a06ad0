// The declarations of the routes of connect sessions.

import ConnectionModel
import Connections
import ProviderSDK
import Requests
import Sessions
import Users

enum ConnectSessionDeclarations {
    static let userID = Field<String>.requiredText(
        "userId", bytesMax: SessionLimits.userIDBytesMax, "The user for whom accounts are connected.")
    static let services = Field<[String]?>.texts(
        "services", countMax: ConnectSessionLimits.servicesMax, bytesMax: RequestBounds.serviceBytesMax,
        "The providers that may be connected; all when absent.")
    static let returnTo = Field<String>.requiredText(
        "returnTo", bytesMax: RequestBounds.urlBytesMax,
        "The page of the application to return to; one of the setting connect.returnTo.")
    static let reconnect = Field<String?>.text(
        "reconnect", bytesMax: RequestBounds.serviceBytesMax, "The id of a connection that is connected again.")
    static let ttlSeconds = Field<Int?>.integer(
        "ttlSeconds", ConnectSessionLimits.lifetimeSecondsRange,
        "How long the link works; \(ConnectSessionLimits.lifetimeDefault.components.seconds) when absent.")

    private static let session = Schema.object(
        .required("id", .text.example("5d41402abc4b2a76b9719d91Kx8Qm2Vt0Zr4")), .required("userId", .text),
        .required("state", .choice(ConnectSession.State.allCases.map(\.rawValue))),
        .required("services", .list(of: .text)), .required("returnTo", .url),
        .required("createdAt", .moment), .required("expiresAt", .moment),
        .required("service", .text.orNull.noted("The provider of the last outcome.")),
        .required("connectionId", .text.orNull.noted("The connection that was made.")),
        .required(
            "reason", Schema.choice(FailureReason.allCases.map(\.rawValue)).orNull.noted("Why the last step failed."))
    ).named("ConnectSession")

    static let create = RouteDeclaration(
        "Make a link with which a user connects accounts in a browser.",
        body: BodyDeclaration(
            userID, services, ConnectionFields.permissions, ConnectionFields.variant, returnTo, reconnect, ttlSeconds),
        .json(
            "The link", status: 201,
            CommonSchemas.success(
                .required("url", .url.example("https://connect.example.com/connect?session=ihc_…")),
                .required("token", .text.example("ihc_…").noted("The secret in the link; no later answer has it.")),
                .required("expiresAt", .moment), .required("id", .text.noted("The id of the session.")))))
    static let read = RouteDeclaration(
        "Read how far a connect session has come.",
        .json("The session", CommonSchemas.success(.required("session", session))))
    static let revoke = RouteDeclaration(
        "End a connect session.", .json("Its link works no more", CommonSchemas.success()))
}
