// The declarations of the routes of the status API.

import ConnectionModel
import ProviderSDK
import Requests

enum StatusDeclarations {
    /// `{"success":true,"data":…,"duration":…}`.
    private static func envelope(_ data: Schema) -> Schema {
        CommonSchemas.success(
            .required("data", data), .required("duration", .count.noted("Milliseconds.")))
    }

    private static let account: [Schema.Member] = [
        .required("provider", .providerID), .required("accountId", .text.example("acct_123")),
    ]

    private static let integration = Schema.object(
        [.required("id", .count.example(1))] + account + [
            .required("accountName", .text.example("Example GmbH")),
            .required("status", .choice(["connected", "expired"])), .required("expiresAt", .moment.orNull),
            .required("createdAt", .moment), .required("updatedAt", .moment),
            .optional("variant", .text.noted("Present where the provider has variants.")),
        ]
    ).named("IntegrationStatus")

    static let status = RouteDeclaration(
        "List the user's connected and expired accounts.",
        .json("The accounts", envelope(.object(.required("integrations", .list(of: integration))))))

    static let connect = RouteDeclaration(
        "Create a connection, and begin to connect it where the provider has OAuth.",
        body: BodyDeclaration(
            isRequired: false, ConnectionFields.permissions, ConnectionFields.variant, ConnectionFields.redirectURI,
            ConnectionFields.accountID, ConnectionFields.apiKey),
        .json(
            "The new connection",
            envelope(
                .object(
                    .required("provider", .text), .required("connectionId", CommonSchemas.connectionID),
                    .required("authUrl", .url.orNull), .required("state", .text.orNull)))))

    static let variant = Parameter<String?>.text("variant", "The variant, where an account has several connections.")
    static let connectionID = Parameter<String?>.text(
        "connectionId", "The connection, where an account has several.")

    static let disconnect = RouteDeclaration(
        "End the grant of an account; its records stay.", parameters: [variant.declared, connectionID.declared],
        .json("It is disconnected", envelope(.object(account + [.required("status", .constant("disconnected"))]))))

    static let refresh = RouteDeclaration(
        "Renew the access token of an account now.", parameters: [variant.declared, connectionID.declared],
        .json(
            "The account",
            envelope(
                .object(
                    account + [
                        .required("status", IntegrationsSchemas.status), .required("expiresAt", .moment.orNull),
                    ]))))

    /// The shape of the API's errors.
    static let error = Schema.object(
        .required("success", .boolean.example(false)),
        .required(
            "error",
            .object(.required("code", .text.example("INTEGRATION_NOT_FOUND")), .required("message", .text))),
        .optional("duration", .count)
    ).named("StatusError")
}
