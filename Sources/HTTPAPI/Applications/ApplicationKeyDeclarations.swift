// The declarations of the routes of application keys.

import ConnectionModel
import ProviderSDK
import Requests
import Sessions
import Users

enum ApplicationKeyDeclarations {
    static let name = Field<String>.requiredText(
        "name", bytesMax: ApplicationKeyLimits.nameBytesMax, "What the key is for.")
    static let scopes = Field<[String]?>.choices(
        "scopes", ApplicationScope.allCases.map(\.rawValue), bytesMax: RequestBounds.permissionBytesMax,
        "The scopes; all but credential:read and admin when absent.")
    static let lifetimeDays = Field<Int?>.integer(
        "expiresInDays", 1...Int64(ApplicationKeyLimits.lifetimeDaysMax), "The days after which the key ends.")
    static let overlapHours = Field<Int?>.integer(
        "overlapHours", 0...Int64(ApplicationKeyLimits.overlapHoursMax),
        "The hours for which the replaced secret stays good; \(ApplicationKeyLimits.overlapHoursDefault) when absent.")

    private static let key = Schema.object(
        .required("id", .text.example("8Kd2mQ0xR7vTz4Lw")), .required("name", .text.example("back end")),
        .required("scopes", .list(of: .choice(ApplicationScope.allCases.map(\.rawValue)))),
        .required("createdAt", .moment), .required("expiresAt", .moment.orNull),
        .required("lastUsedAt", .moment.orNull.noted("The last use, noted at most once a minute.")),
        .required("replacedSecretEndsAt", .moment.orNull)
    ).named("ApplicationKey")

    private static let secret = CommonSchemas.success(
        .required("secret", .text.example("ihs_…").noted("The key; no later answer has it.")), .required("key", key))

    static let create = RouteDeclaration(
        "Make an application key.", body: BodyDeclaration(name, scopes, lifetimeDays),
        .json("The key", status: 201, secret))
    static let list = RouteDeclaration(
        "List the application keys, the oldest first.",
        .json("The keys", CommonSchemas.success(.required("keys", .list(of: key)))))
    static let rotate = RouteDeclaration(
        "Give an application key a new secret.", body: BodyDeclaration(isRequired: false, overlapHours),
        .json("The key", secret))
    static let revoke = RouteDeclaration(
        "Revoke an application key.", .json("It is refused from now on", CommonSchemas.success()))
}
