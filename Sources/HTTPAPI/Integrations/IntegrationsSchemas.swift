// The shapes of the bodies of the integrations API.

import ConnectionModel
import Connections
import ProviderSDK
import Requests
import Sync

enum IntegrationsSchemas {
    static let status = Schema.choice(ConnectionStatus.allCases.map(\.rawValue)).example("connected")
    private static let frequency = Schema.choice(SyncFrequency.allCases.map(\.rawValue)).example("daily")

    static let integration = Schema.object(
        .required("id", .providerID), .required("name", .providerName),
        .required("description", .text), .required("category", .text.example("payments")),
        .required("icon", .text.example("https://host.example.com/icons/stripe.svg")),
        .required("features", .list(of: .text.example("Payment sync"))),
        .required("isAvailable", .boolean.noted("Whether the operator has configured the provider.")),
        .required("isConnected", .boolean.noted("Whether the user has a working connection.")),
        .optional("auth", .choice(ProviderRendering.authKinds).noted("How an account is connected.")),
        .optional(
            "form",
            Schema.object(.required("fields", .list(of: formField))).orNull.noted(
                "What a person types; null for a provider that needs nothing typed.")),
        .optional("defaultVariant", .text.orNull.noted("The variant that is meant when none is named.")),
        .optional("variants", .list(of: variant).noted("Empty for a provider that is one.")),
        .optional("scopes", .list(of: scope).noted("The permissions that a request may name; no others.")),
        .optional("dataTypes", .list(of: dataType))
    ).named("Integration")

    private static let formField = Schema.object(
        .required("name", .text.example("accountId").noted("The member of the request that takes the value.")),
        .required("title", .text.example("Account ID")),
        .required("description", .text.orNull.noted("Where to find the value.")), .required("link", .url.orNull),
        .required("isSecret", .boolean), .required("isRequired", .boolean), .required("maxBytes", .count.example(256))
    ).named("FormField")
    private static let variant = Schema.object(
        .required("id", .text.example("connect")), .required("name", .text.example("Stripe Connect")),
        .required("description", .text.orNull), .required("isAvailable", .boolean)
    ).named("Variant")
    private static let scope = Schema.object(
        .required("name", .text.example("read:payments")),
        .required("meaning", .text.orNull.example("See payments")),
        .required("covers", .text.orNull.example("Amounts, dates, fees and refunds")),
        .required(
            "writes", .boolean.orNull.noted("Whether it lets the application change something; null when unknown.")),
        .required("isStandard", .boolean.noted("Whether it is asked for when a request names none.")),
        .required("grants", .list(of: .text.example("read_only")).noted("The provider's own scopes."))
    ).named("Scope")
    private static let dataType = Schema.object(
        .required("name", .text.example("payments")), .required("scopes", .list(of: .text.example("read_only"))),
        .required("optionalScopes", .list(of: .text)),
        .required("variants", .list(of: .text).noted("The variants that have it; empty for all.")),
        .required("fields", .list(of: ProviderRendering.fieldSchema))
    ).named("DataType")

    private static let connectionMembers: [Schema.Member] = [
        .required("id", CommonSchemas.connectionID), .required("service", .providerID),
        .required("serviceName", .providerName), .required("status", status),
        .required("connectedAt", .moment.orNull), .required("lastSyncAt", .moment.orNull),
        .required(
            "syncStatus", .text.orNull.example("success").noted("running, success, partial, failed or canceled.")),
        .required("permissions", .list(of: .text.example("read:payments"))),
        .required("expiresAt", .moment.orNull.noted("When the access token ends; the host renews it before.")),
        .optional("expiresSoon", .boolean.noted("Present and true while the user should connect again soon.")),
        .optional("variant", .text.noted("Present where the provider has variants.")),
        .required(
            "accountName", .text.orNull.example("Oakrow Bakery").noted("The account's name; null when it has none.")),
    ]

    static let connection = Schema.object(connectionMembers).named("Connection")
    static let settings = Schema.object(
        .required("webhookUrl", .url.orNull), .required("syncFrequency", frequency)
    ).named("ConnectionSettings")
    static let connectionWithSettings = Schema.object(connectionMembers + [.required("settings", settings)])
        .named("ConnectionWithSettings")
    static let changedConnection = Schema.object(
        .required("id", CommonSchemas.connectionID), .required("settings", settings),
        .required("permissions", .list(of: .text)), .required("updatedAt", .moment))
    static let refreshedConnection = Schema.object(
        .required("id", CommonSchemas.connectionID), .required("status", status),
        .required("expiresAt", .moment.orNull))

    private static let progress = Schema.object(
        .required("dataType", .text.orNull), .required("pages", .count), .required("records", .count),
        .required("estimatedRecords", .count.orNull),
        .required("waitingFor", Schema.choice(SyncWait.allCases.map(\.rawValue)).orNull),
        .required("waitingUntil", .moment.orNull)
    ).named("SyncProgress")

    static let sync = Schema.object(
        .required("id", .text.example("sync-4kQ9wZ")), .required("connectionId", CommonSchemas.connectionID),
        .required("status", .choice(SyncRunStatus.allCases.map(\.rawValue))),
        .required("syncType", .choice(SyncType.allCases.map(\.rawValue))), .required("startedAt", .moment),
        .required("completedAt", .moment.orNull), .required("recordsProcessed", .count),
        .required("recordsSynced", .count), .required("errors", .count.noted("Records that could not be mapped.")),
        .required("dataTypes", .list(of: .text.example("payments"))),
        .optional(
            "trigger", .choice(SyncTrigger.allCases.map(\.rawValue)).noted("Absent for a sync that was asked for.")),
        .optional("message", .text), .optional("progress", progress)
    ).named("Sync")

    static let deadLetter = Schema.object(
        .required("id", .text), .required("dataType", .text), .required("sourceId", .text),
        .required("change", .choice(["deleted", "upserted"])), .required("field", .text.orNull),
        .required("rule", .text.orNull), .required("reason", .text),
        .required("plugin", .object(.required("id", .text), .required("version", .text))),
        .required("syncId", .text), .required("failedAt", .moment),
        .required("payload", .anything.noted("The provider's object, with secrets and personal data hidden.")),
        .required("payloadBytes", .count), .required("isReplayable", .boolean)
    ).named("DeadLetter")

    static let explanation = Schema.object(
        .required("connectionId", CommonSchemas.connectionID), .required("service", .text),
        .required("serviceName", .text), .required("variant", .text.orNull), .required("accountName", .text.orNull),
        .required("status", status), .required("class", .choice(DiagnosisClass.allCases.map(\.rawValue))),
        .required("state", .text.noted("What the state is, in one sentence.")),
        .required(
            "action",
            .object(
                .required("by", .choice(Explanation.Actor.allCases.map(\.rawValue))), .required("what", .text))),
        .required(
            "lastAttempt",
            Schema.object(
                .required("operation", .text), .required("at", .moment),
                .required("outcome", .choice(Explanation.Outcome.allCases.map(\.rawValue)))
            ).orNull),
        .required("providerCode", .text.orNull), .required("detail", .text.orNull),
        .required(
            "nextRetry", Schema.object(.required("at", .moment), .required("automatic", .boolean)).orNull),
        .required(
            "dataTypes",
            .list(
                of: .object(
                    .required("name", .text), .required("canSync", .boolean),
                    .required("missingScopes", .list(of: .text))))),
        .required("lastSyncAt", .moment.orNull), .required("expiresAt", .moment.orNull),
        .required("grantEndsAt", .moment.orNull), .required("expiresSoon", .boolean),
        .required("notificationsWaiting", .count), .required("deadLetters", .count.orNull),
        .optional("notes", .list(of: .text))
    ).named("Explanation")

    static let shownSecret = CommonSchemas.success(
        .required("secret", .text.example("whsec_…")), .required("previousSecretExpiresAt", .moment.orNull))

    static let delivery = Schema.object(
        .required("eventId", .text), .required("type", .choice(ConnectionEvent.Kind.allCases.map(\.rawValue))),
        .required("createdAt", .moment), .required("status", .choice(["pending", "delivered", "failed"])),
        .required("nextAttemptAt", .moment.orNull),
        .required(
            "attempts",
            .list(
                of: .object(
                    .required("at", .moment), .required("outcome", .choice(DeliveryOutcome.allCases.map(\.rawValue))),
                    .required("httpStatus", .integer.orNull), .required("durationMs", .count))))
    ).named("Delivery")

    private static let endpoint = Schema.object(
        .required("state", .choice(["none", "active", "failing", "disabled"])),
        .required("disabledAt", .moment.orNull), .required("failingSince", .moment.orNull))

    static let deliveries = CommonSchemas.success(
        .required("endpoint", endpoint), .required("deliveries", .list(of: delivery)), .required("page", .count),
        .required("limit", .count), .required("total", .count), .required("dropped", .count))
}
