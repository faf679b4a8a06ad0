// Turns the declared parts of requests of the integrations API into what services take. An error names the wrong field.

import ConnectionModel
import Connections
import HTTPServer
import OAuth
import ProviderSDK
import Requests
import Sync

enum IntegrationsDecoding {
    private typealias Declared = IntegrationsDeclarations

    /// Fills in what the body of a new connection says besides the provider.
    static func fill(
        _ new: inout ConnectionService.NewConnection, from body: RequestBody
    ) throws(ServiceError) {
        new.permissions = try body[ConnectionFields.permissions] ?? []
        new.variant = try body[ConnectionFields.variant]
        new.redirectURI = try body[ConnectionFields.redirectURI]
        new.accountID = try body[ConnectionFields.accountID]
        new.apiKey = try body[ConnectionFields.apiKey].map(Secret.init)
    }

    /// Decodes the body of a settings change.
    static func change(_ body: RequestBody) throws(ServiceError) -> SettingsChange {
        var change = SettingsChange()
        change.permissions = try body[ConnectionFields.permissions]
        for (key, value) in try body[Declared.settings]?.members ?? [] {
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
            default: throw .invalid(field: "settings.\(RouteContext.shown(key))", message: "Unknown setting")
            }
        }
        guard !change.isEmpty else { throw .invalid(field: "body", message: "The request changes nothing") }
        return change
    }

    /// Decodes a request for a sync; without a body, the sync reads everything new.
    static func syncRequest(_ context: RouteContext) throws(ServiceError) -> SyncRequest {
        let key = try context[Declared.idempotencyKey]
        let body = try context.body()
        let dataTypes = try body[Declared.dataTypes]
        if let dataTypes, dataTypes.isEmpty {
            throw .invalid(field: "dataTypes", message: "“dataTypes” must name at least one data type")
        }
        return SyncRequest(type: try body[Declared.syncType], dataTypes: dataTypes ?? [], idempotencyKey: key)
    }

    /// Decodes the query of a page of records.
    static func recordsRequest(_ context: RouteContext) throws(ServiceError) -> RecordReader.Request {
        var position = RecordPosition.start
        if let text = try context[ListParameters.cursor], !text.isEmpty {
            guard let known = RecordPosition(text) else {
                throw .invalid(field: "cursor", message: "The cursor is not one of this stream")
            }
            position = known
        }
        return RecordReader.Request(
            position: position, dataType: try context[ListParameters.dataType], since: try context[Declared.since],
            limit: try context[Declared.recordLimit])
    }

    /// Decodes the query of a page of dead letters; `position` is 0 for the first page.
    static func deadLettersRequest(
        _ context: RouteContext, connection id: String
    ) throws(ServiceError) -> (selection: DeadLetterService.Selection, position: UInt64, limit: Int) {
        var position: UInt64 = 0
        if let text = try context[ListParameters.cursor], !text.isEmpty {
            guard let known = DeadLetterCursor(text, connection: id) else {
                throw .invalid(field: "cursor", message: "The cursor is not one of this connection's dead letters")
            }
            position = known.position
        }
        return (
            DeadLetterService.Selection(dataType: try context[ListParameters.dataType]), position,
            try context[Declared.deadLetterLimit]
        )
    }

    /// Decodes the body of a replay; without a body, all dead letters.
    static func replayRequest(_ context: RouteContext) throws(ServiceError) -> DeadLetterService.Selection {
        let body = try context.body()
        var selection = DeadLetterService.Selection(dataType: try body[Declared.letterType])
        selection.ids = try body[Declared.letterIDs].map(Set.init)
        return selection
    }

    /// Decodes the query of an authorization.
    static func authorization(_ context: RouteContext) throws(ServiceError) -> OAuthService.Request {
        var request = OAuthService.Request(service: try context.parameter("service"))
        request.redirectURI = try context[Declared.redirectURI]
        request.variant = try context[Declared.variant]
        request.permissions = try context[Declared.scopes]
        request.permissionsField = Declared.scopes.name
        request.callerState = try context[Declared.callerState]
        return request
    }
}
