// The declaration of the route of the audit log.

import Audit
import ConnectionModel
import ProviderSDK
import Requests

enum AuditDeclarations {
    static let cursor = Parameter<Int>(
        "cursor", Schema.text.noted("The sequence behind which to read; absent for the beginning.")
    ) { (text) throws(ServiceError) in
        guard let text, !text.isEmpty else { return 0 }
        guard let number = JSONNumber(text)?.integer, number >= 0 else {
            throw .invalid(field: "cursor", message: "“cursor” must be the nextCursor of a page or a sequence")
        }
        return Int(number)
    }
    static let limit = ListParameters.limit(standard: RequestBounds.auditPageDefault, max: RequestBounds.auditPageMax)
    static let userID = Parameter<String?>.text(
        "userId", bytesMax: RequestBounds.userIDBytesMax, "Only acts of this user, and acts that concern the user.")

    private static let hash = Schema.text.example("3f2a9c01:9b1c4f1d0e8a7b6c5d4e3f2a1b0c9d8e")
    private static let digest = Schema.text.example("5d41402abc4b2a76b9719d911017c592ae1b9c0c0f6c4ad7ab2ae4d8f1d2cf3a")
    private static let entry = Schema.object(
        .required("seq", .count.noted("The place in the log, from 1.")), .required("at", .moment),
        .required(
            "actor",
            .object(
                .required("kind", .choice(AuditActor.Kind.allCases.map(\.rawValue))),
                .optional("key", .text.noted("The id of the application key.")),
                .optional("user", hash.noted("A keyed hash of the user's id.")))),
        .required("action", .choice(AuditAction.allCases.map(\.rawValue))),
        .optional("user", hash.noted("A keyed hash of the id of the user whom it concerns.")),
        .optional("connection", .text.example("conn-1a2Kd2mQ0xR7vTz4Lw8Kd2mQ")),
        .optional("service", .providerID),
        .optional("key", .text.noted("The id of an application key, of an API key, or of a key of the ring.")),
        .optional("through", .count.noted("The last line that went with a dropped file.")),
        .required("result", .choice(AuditResult.allCases.map(\.rawValue))),
        .required("prev", digest.noted("The hash of the line before.")),
        .required("hash", digest.noted("The SHA-256 of the line before this member."))
    ).named("AuditEntry")

    static let list = RouteDeclaration(
        "Read the audit log, the oldest line first.",
        parameters: [cursor.declared, limit.declared, userID.declared],
        .json(
            "A page of the log, which may be empty and have a cursor",
            CommonSchemas.success(
                .required("entries", .list(of: entry)),
                .required("nextCursor", .text.orNull.example("100").noted("Where to read on; null at the end.")))))
}
