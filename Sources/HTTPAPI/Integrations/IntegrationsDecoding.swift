// Decodes the requests of the integrations document. An error names the wrong field.

import ConnectionModel
import HTTPServer
import OAuth
import ProviderSDK
import Requests
import Sync

enum IntegrationsDecoding {
    /// Decodes the body of a settings change.
    static func change(_ body: JSONValue) throws(ServiceError) -> SettingsChange {
        var change = SettingsChange()
        change.permissions = try body.texts(
            "permissions", countMax: RequestBounds.permissionsMax, bytesMax: RequestBounds.permissionBytesMax)
        if let settings = body["settings"] {
            guard let members = settings.members else {
                throw .invalid(field: "settings", message: "“settings” must be an object")
            }
            for (key, value) in members {
                switch key {
                case "syncFrequency":
                    guard let frequency = value.string.flatMap(SyncFrequency.init) else {
                        let names = SyncFrequency.allCases.map(\.rawValue).joined(separator: ", ")
                        throw .invalid(
                            field: "settings.syncFrequency", message: "“syncFrequency” must be one of \(names)")
                    }
                    change.syncFrequency = frequency
                case "webhookUrl":
                    guard value.isNull || value.string != nil else {
                        throw .invalid(field: "settings.webhookUrl", message: "“webhookUrl” must be a string or null")
                    }
                    change.webhookURL = .some(value.string)
                default: throw .invalid(field: "settings.\(key.prefix(64))", message: "Unknown setting")
                }
            }
        }
        guard !change.isEmpty else { throw .invalid(field: "body", message: "The request changes nothing") }
        return change
    }

    /// Decodes the body of a sync request; without a body, the sync reads everything new.
    static func syncRequest(_ context: RouteContext) throws(ServiceError) -> SyncRequest {
        let key = try idempotencyKey(context.request)
        guard !context.request.body.isEmpty else { return SyncRequest(type: .incremental, idempotencyKey: key) }
        let body = try context.body(["syncType", "dataTypes"])
        var type = SyncType.incremental
        if let value = body["syncType"] {
            guard let known = value.string.flatMap(SyncType.init) else {
                throw .invalid(field: "syncType", message: "“syncType” must be full or incremental")
            }
            type = known
        }
        let dataTypes = try body.texts("dataTypes", countMax: 64, bytesMax: RequestBounds.serviceBytesMax)
        if let dataTypes, dataTypes.isEmpty {
            throw .invalid(field: "dataTypes", message: "“dataTypes” must name at least one data type")
        }
        return SyncRequest(type: type, dataTypes: dataTypes ?? [], idempotencyKey: key)
    }

    /// Returns the `Idempotency-Key` header: visible ASCII, plain or as a quoted string.
    private static func idempotencyKey(_ request: HTTPRequestSnapshot) throws(ServiceError) -> String? {
        guard let value = request.header("idempotency-key") else { return nil }
        guard 1...RequestBounds.idempotencyKeyBytesMax ~= value.count, value.allSatisfy({ 0x20...0x7E ~= $0 }) else {
            throw .invalid(
                field: "Idempotency-Key",
                message: "“Idempotency-Key” must have 1 to \(RequestBounds.idempotencyKeyBytesMax) visible characters")
        }
        return String(decoding: value, as: UTF8.self)
    }

    /// Decodes the query of a page of records.
    static func recordsRequest(_ query: QueryParameters) throws(ServiceError) -> RecordReader.Request {
        var position = RecordPosition.start
        if let text = try query.single("cursor"), !text.isEmpty {
            guard let known = RecordPosition(text) else {
                throw .invalid(field: "cursor", message: "The cursor is not one of this stream")
            }
            position = known
        }
        var since: Timestamp?
        if let text = try query.single("since") {
            guard let moment = Timestamp(iso8601: text) else {
                throw .invalid(
                    field: "since", message: "“since” must be an ISO 8601 time, such as 2026-01-31T00:00:00Z")
            }
            since = moment
        }
        return RecordReader.Request(
            position: position, dataType: try query.single("dataType"), since: since,
            limit: try limit(query, default: RequestBounds.recordPageDefault, max: RequestBounds.recordPageMax))
    }

    /// Returns the requested number of entries on a page.
    static func limit(_ query: QueryParameters, default count: Int, max countMax: Int) throws(ServiceError) -> Int {
        guard let text = try query.single("limit") else { return count }
        guard let number = JSONNumber(text)?.integer, 1...Int64(countMax) ~= number else {
            throw .invalid(field: "limit", message: "“limit” must be an integer from 1 to \(countMax)")
        }
        return Int(number)
    }

    /// Returns the requested page number, from 1 on.
    static func page(_ query: QueryParameters) throws(ServiceError) -> Int {
        guard let text = try query.single("page") else { return 1 }
        guard let number = JSONNumber(text)?.integer, 1...1_000_000 ~= number else {
            throw .invalid(field: "page", message: "“page” must be an integer from 1 to 1000000")
        }
        return Int(number)
    }

    /// Decodes the query of a page of dead letters; `position` is 0 for the first page.
    static func deadLettersRequest(
        _ query: QueryParameters, connection id: String
    ) throws(ServiceError) -> (selection: DeadLetterService.Selection, position: UInt64, limit: Int) {
        var position: UInt64 = 0
        if let text = try query.single("cursor"), !text.isEmpty {
            guard let known = DeadLetterCursor(text, connection: id) else {
                throw .invalid(field: "cursor", message: "The cursor is not one of this connection's dead letters")
            }
            position = known.position
        }
        return (
            DeadLetterService.Selection(dataType: try query.single("dataType")), position,
            try limit(query, default: RequestBounds.deadLetterPageDefault, max: SyncLimits.deadLetterPageMax)
        )
    }

    /// Decodes the body of a replay; without a body, all dead letters.
    static func replayRequest(_ context: RouteContext) throws(ServiceError) -> DeadLetterService.Selection {
        guard !context.request.body.isEmpty else { return DeadLetterService.Selection() }
        let body = try context.body(["ids", "dataType"])
        var selection = DeadLetterService.Selection(
            dataType: try body.text("dataType", bytesMax: RequestBounds.serviceBytesMax))
        selection.ids = try body.texts("ids", countMax: RequestBounds.deadLetterIDsMax, bytesMax: 64).map(Set.init)
        return selection
    }

    /// Decodes the query of an authorization.
    static func authorization(_ context: RouteContext) throws(ServiceError) -> OAuthService.Request {
        var request = OAuthService.Request(service: try context.parameter("service"))
        guard let redirectURI = try context.queryValue("redirectUri"), !redirectURI.isEmpty else {
            throw .invalid(field: "redirectUri", message: "“redirectUri” is required")
        }
        guard redirectURI.utf8.count <= RequestBounds.urlBytesMax else {
            throw .invalid(
                field: "redirectUri", message: "“redirectUri” is longer than \(RequestBounds.urlBytesMax) bytes")
        }
        request.redirectURI = redirectURI
        request.variant = try context.queryValue("variant")
        if let scopes = try context.queryValue("scopes") {
            request.permissions = scopes.split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }) }.filter {
                !$0.isEmpty
            }
            guard request.permissions.count <= RequestBounds.permissionsMax,
                request.permissions.allSatisfy({ $0.utf8.count <= RequestBounds.permissionBytesMax && !$0.hasControls })
            else {
                throw .invalid(
                    field: "scopes",
                    message: "There are more than \(RequestBounds.permissionsMax) scopes, one is longer than "
                        + "\(RequestBounds.permissionBytesMax) bytes, or has a control character")
            }
        }
        if let state = try context.queryValue("state") {
            guard state.utf8.count <= RequestBounds.callerStateBytesMax else {
                throw .invalid(
                    field: "state", message: "“state” is longer than \(RequestBounds.callerStateBytesMax) bytes")
            }
            request.callerState = state
        }
        return request
    }
}
