// The declarations of the routes of /api/v1/users.

import OAuth
import ProviderSDK
import Requests

enum V1UsersDeclarations {
    static let code = Field<String>.requiredText(
        "code", bytesMax: OAuthLimits.callbackParameterBytesMax, "The code that the provider gave to the browser.")

    private static let account = Schema.object(
        .required("userID", .either(.count, .text)), .required("accountID", .text.example("player-1")),
        .required("forImportType", .text.example("api/arc-iidx")))
    private static let accountsOfVariants = Schema.map(of: account.orNull).noted("A member for each variant.")

    static let accounts = RouteDeclaration(
        "Read the user's accounts, one for each variant.", .json("The accounts", accountsOfVariants))
    static let changeAccounts = RouteDeclaration(
        "Set or remove the user's accounts of variants.",
        body: BodyDeclaration(
            namedByPath: Schema.text(bytesMax: 2048, isEmptyAllowed: false).orNull,
            "A member for each variant to change: the account's id, or null to remove it."),
        .json("The accounts", accountsOfVariants))
    static let status = RouteDeclaration(
        "Read whether the user has connected a variant.",
        .json("The state", .object(.required("authStatus", .boolean))))
    static let complete = RouteDeclaration(
        "Complete the authorization of a variant.", body: BodyDeclaration(code),
        .json("It is connected", .object()))

    /// The shape of the API's errors.
    static let error = Schema.object(
        .required("success", .boolean.example(false)), .required("description", .text)
    ).named("UserIntegrationsError")
}
