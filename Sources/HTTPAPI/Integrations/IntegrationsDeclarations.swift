// The declarations of the routes of the integrations API: their parameters, bodies and answers.

import ConnectionModel
import ProviderSDK
import Requests
import Sync

enum IntegrationsDeclarations {
    private typealias Shapes = IntegrationsSchemas

    // MARK: Connections

    static let include = Parameter<Bool>(
        "include", Schema.choice(["details"]).noted("Adds what can be connected; application keys always get it.")
    ) { (text) throws(ServiceError) in
        guard let text else { return false }
        guard text == "details" else { throw .invalid(field: "include", message: "“include” must be details") }
        return true
    }
    static let list = RouteDeclaration(
        "List the providers.", parameters: [include.declared],
        .json("All providers", CommonSchemas.success(.required("integrations", .list(of: Shapes.integration)))))

    static let service = Parameter<String?>.text("service", "Only connections of this provider.")
    static let status = Parameter<ConnectionStatus?>(
        "status", Shapes.status.noted("Only connections in this state.")
    ) { (text) throws(ServiceError) in
        guard let text, !text.isEmpty else { return nil }
        guard let known = ConnectionStatus(rawValue: text) else {
            let names = ConnectionStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(field: "status", message: "“status” must be one of \(names)")
        }
        return known
    }
    static let listConnections = RouteDeclaration(
        "List the user's connections.", parameters: [service.declared, status.declared],
        .json("The connections", CommonSchemas.success(.required("connections", .list(of: Shapes.connection)))))

    static let createConnection = RouteDeclaration(
        "Create a connection, and begin to connect it where the provider has OAuth.",
        body: BodyDeclaration(
            ConnectionFields.service, ConnectionFields.permissions, ConnectionFields.variant,
            ConnectionFields.redirectURI, ConnectionFields.accountID, ConnectionFields.apiKey),
        .json(
            "The new connection",
            CommonSchemas.success(
                .required("connectionId", CommonSchemas.connectionID),
                .required("authUrl", .url.orNull.noted("Where the user allows access; null where none is needed.")),
                .required("state", .text.orNull))))

    static let getConnection = RouteDeclaration(
        "Read a connection.",
        .json("The connection", CommonSchemas.success(.required("connection", Shapes.connectionWithSettings))))

    static let settings = Field<JSONValue?>(
        "settings",
        Schema.object(
            .optional("syncFrequency", .choice(SyncFrequency.allCases.map(\.rawValue))),
            .optional("webhookUrl", .url.orNull)
        ).noted("The settings to change; the others stay."), isRequired: false
    ) { (body) throws(ServiceError) in
        guard let settings = body["settings"] else { return nil }
        guard settings.members != nil else {
            throw .invalid(field: "settings", message: "“settings” must be an object")
        }
        return settings
    }
    static let updateConnection = RouteDeclaration(
        "Change the settings or permissions of a connection.",
        body: BodyDeclaration(settings, ConnectionFields.permissions),
        .json("The changed parts", CommonSchemas.success(.required("connection", Shapes.changedConnection))))

    static let deleteConnection = RouteDeclaration(
        "Delete a connection, and end its grant at the provider.",
        .json("It is gone", CommonSchemas.success(.required("message", .text))))

    static let explain = RouteDeclaration(
        "Explain the state of a connection.",
        .json("The explanation", CommonSchemas.success(.required("explanation", Shapes.explanation))))

    // MARK: Syncs and records

    static let syncType = Field<SyncType>(
        "syncType", Schema.choice(SyncType.allCases.map(\.rawValue)).noted("incremental when absent."),
        isRequired: false
    ) { (body) throws(ServiceError) in
        guard let value = body["syncType"] else { return .incremental }
        guard let known = value.string.flatMap(SyncType.init) else {
            throw .invalid(field: "syncType", message: "“syncType” must be full or incremental")
        }
        return known
    }
    static let dataTypes = Field<[String]?>.texts(
        "dataTypes", countMax: 64, bytesMax: RequestBounds.serviceBytesMax, "The data types to sync; all when absent.")
    static let idempotencyKey = Parameter<String?>(
        "Idempotency-Key", in: .header,
        Schema.text(bytesMax: RequestBounds.idempotencyKeyBytesMax, isEmptyAllowed: false).noted(
            "Names the request: a repeat with the same key gives the same sync.")
    ) { (text) throws(ServiceError) in
        guard let text else { return nil }
        guard 1...RequestBounds.idempotencyKeyBytesMax ~= text.utf8.count,
            text.utf8.allSatisfy({ 0x20...0x7E ~= $0 })
        else {
            throw .invalid(
                field: "Idempotency-Key",
                message: "“Idempotency-Key” must have 1 to \(RequestBounds.idempotencyKeyBytesMax) visible characters")
        }
        return text
    }
    static let triggerSync = RouteDeclaration(
        "Begin a sync.", parameters: [idempotencyKey.declared],
        body: BodyDeclaration(isRequired: false, syncType, dataTypes),
        .json(
            "The sync, or the one that the key named before",
            CommonSchemas.success(
                .required("syncId", .text), .required("status", .choice(SyncRunStatus.allCases.map(\.rawValue))),
                .required("startedAt", .moment))))

    static let syncStatus = RouteDeclaration(
        "Read the last sync.", .json("The sync", CommonSchemas.success(.required("sync", Shapes.sync))))

    static let syncLimit = ListParameters.limit(
        standard: ConnectionLimits.syncHistoryMax, max: ConnectionLimits.syncHistoryMax)
    static let listSyncs = RouteDeclaration(
        "List the last syncs, the newest first.", parameters: [syncLimit.declared],
        .json("The syncs", CommonSchemas.success(.required("syncs", .list(of: Shapes.sync)))))

    static let since = Parameter<Timestamp?>("since", Schema.moment.noted("Only changes from this moment on.")) {
        (text) throws(ServiceError) in
        guard let text else { return nil }
        guard let moment = Timestamp(iso8601: text) else {
            throw .invalid(
                field: "since", message: "“since” must be an ISO 8601 time, such as 2026-01-31T00:00:00Z")
        }
        return moment
    }
    static let recordLimit = ListParameters.limit(
        standard: RequestBounds.recordPageDefault, max: RequestBounds.recordPageMax)
    /// - Parameter record: the shape of a change.
    static func readRecords(_ record: Schema) -> RouteDeclaration {
        RouteDeclaration(
            "Read the stream of changes of the records.",
            parameters: [
                ListParameters.dataType.declared, ListParameters.cursor.declared, since.declared,
                recordLimit.declared,
            ],
            .json(
                "A page of changes",
                CommonSchemas.success(
                    .required("records", .list(of: record)),
                    .required("nextCursor", .text.noted("Where to read on, also after the last page.")),
                    .required("hasMore", .boolean))))
    }

    static let deadLetterLimit = ListParameters.limit(
        standard: RequestBounds.deadLetterPageDefault, max: SyncLimits.deadLetterPageMax)
    static let listDeadLetters = RouteDeclaration(
        "List the records that could not be mapped.",
        parameters: [
            ListParameters.dataType.declared, ListParameters.cursor.declared, deadLetterLimit.declared,
        ],
        .json(
            "A page of dead letters",
            CommonSchemas.success(
                .required("deadLetters", .list(of: Shapes.deadLetter)), .required("nextCursor", .text.orNull),
                .required("hasMore", .boolean), .required("total", .count), .required("dropped", .count))))

    static let letterIDs = Field<[String]?>.texts(
        "ids", countMax: RequestBounds.deadLetterIDsMax, bytesMax: 64, "The dead letters to replay; all when absent.")
    static let letterType = Field<String?>.text(
        "dataType", bytesMax: RequestBounds.serviceBytesMax, "Only dead letters of this data type.")
    static let replayDeadLetters = RouteDeclaration(
        "Map dead letters again.", body: BodyDeclaration(isRequired: false, letterIDs, letterType),
        .json(
            "How many were mapped", CommonSchemas.success(.required("replayed", .count), .required("failed", .count))))

    // MARK: Notifications

    static let showWebhookSecret = RouteDeclaration(
        "Show the secret that signs the connection's notifications.", .json("The secret", Shapes.shownSecret))
    static let rotateWebhookSecret = RouteDeclaration(
        "Replace the secret; the replaced one signs beside it for a day.", body: .empty,
        .json("The new secret", Shapes.shownSecret))
    static let deliveryLimit = ListParameters.limit(
        standard: RequestBounds.webhookDeliveryPageDefault, max: RequestBounds.webhookDeliveryPageMax)
    static let listDeliveries = RouteDeclaration(
        "List the deliveries of notifications, the newest event first.",
        parameters: [deliveryLimit.declared, ListParameters.page.declared], .json("A page", Shapes.deliveries))
    static let testDelivery = RouteDeclaration(
        "Queue a test notification.", body: .empty,
        .json("The delivery", CommonSchemas.success(.required("delivery", Shapes.delivery))))
    static let redeliver = RouteDeclaration(
        "Queue a notification again.", body: .empty,
        .json("The delivery", CommonSchemas.success(.required("delivery", Shapes.delivery))))

    // MARK: OAuth

    static let redirectURI = Parameter<String>(
        "redirectUri",
        Schema.text(bytesMax: RequestBounds.urlBytesMax, isEmptyAllowed: false, .url).noted(
            "The page to which the provider sends the browser back; one of the setting redirectURIs."),
        isRequired: true
    ) { (text) throws(ServiceError) in
        guard let text, !text.isEmpty else {
            throw .invalid(field: "redirectUri", message: "“redirectUri” is required")
        }
        guard text.utf8.count <= RequestBounds.urlBytesMax else {
            throw .invalid(
                field: "redirectUri", message: "“redirectUri” is longer than \(RequestBounds.urlBytesMax) bytes")
        }
        return text
    }
    static let variant = Parameter<String?>.text("variant", "The variant of the provider, where it has variants.")
    static let scopes = Parameter<[String]>(
        "scopes", Schema.text.noted("The permissions to ask for, separated by commas.")
    ) { (text) throws(ServiceError) in
        let scopes = (text ?? "").split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }) }.filter {
            !$0.isEmpty
        }
        guard scopes.count <= RequestBounds.permissionsMax,
            scopes.allSatisfy({ $0.utf8.count <= RequestBounds.permissionBytesMax && !$0.hasControls })
        else {
            throw .invalid(
                field: "scopes",
                message: "There are more than \(RequestBounds.permissionsMax) scopes, one is longer than "
                    + "\(RequestBounds.permissionBytesMax) bytes, or has a control character")
        }
        return scopes
    }
    static let callerState = Parameter<String?>.text(
        "state", bytesMax: RequestBounds.callerStateBytesMax, "A text that the callback's answer repeats.")
    static let authorize = RouteDeclaration(
        "Begin an authorization.",
        parameters: [redirectURI.declared, scopes.declared, callerState.declared, variant.declared],
        .json(
            "Where the user allows access",
            CommonSchemas.success(.required("authUrl", .url), .required("state", .text))))

    static let callback = RouteDeclaration(
        "Complete an authorization. The provider's own parameters are taken whole.", takesAnyQuery: true,
        .json(
            "The connection is connected",
            CommonSchemas.success(
                .required("connectionId", CommonSchemas.connectionID), .required("message", .text),
                .optional("state", .text.noted("The caller's own state.")))),
        .other(303, "A browser, which gets a page in place of JSON"))

    static let refresh = RouteDeclaration(
        "Renew the access token of a connection now.", body: BodyDeclaration(ConnectionFields.connectionID),
        .json("The connection", CommonSchemas.success(.required("connection", Shapes.refreshedConnection))))
}
