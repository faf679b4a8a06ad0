// The declarations of the dashboard's routes.

import ConnectionModel
import Connections
import ProviderSDK
import Requests

enum DashboardDeclarations {
    private static let html = "text/html; charset=utf-8"

    static let user = Parameter<String?>.text("user", bytesMax: 1024, "The user of the connection.")
    static let query = Parameter<String?>.text("q", bytesMax: 1024, "The id of a user or a connection.")
    static let service = Parameter<String?>.text("service", bytesMax: 128, "Only connections of this provider.")
    static let kind = Parameter<DiagnosisClass?>("class", Schema.text.noted("Only connections of this class.")) {
        (text) throws(ServiceError) in text.flatMap { DiagnosisClass(rawValue: $0) }
    }
    static let cursor = Parameter<String?>.text("cursor", bytesMax: 256, "Where to read on.")
    static let dataType = Parameter<String?>.text("type", bytesMax: 128, "Only records of this data type.")
    static let record = Parameter<String?>.text("record", bytesMax: 1024, "The record to show.")
    static let done = Parameter<String?>.text("done", bytesMax: 64, "What was done before the page.")
    static let lost = Parameter<String?>.text("lost", bytesMax: 8, "Why a person has to sign in again.")

    private static func page(_ summary: String, _ parameters: [DeclaredParameter] = []) -> RouteDeclaration {
        RouteDeclaration(
            summary, parameters: parameters, .other(200, "The page", mediaType: html), .other(303, "Sign in first"))
    }

    private static func act(_ summary: String, _ parameters: [DeclaredParameter] = []) -> RouteDeclaration {
        RouteDeclaration(summary, parameters: parameters, .other(303, "The page that says what was done"))
    }

    static let overview = page("Show what the host does.")
    static let showSignIn = page("Ask for an application key.", [lost.declared])
    static let signIn = act("Sign in with an application key.")
    static let signOut = act("Sign out.")
    static let connections = page(
        "List connections of all users.",
        [query.declared, service.declared, kind.declared, cursor.declared])
    static let connection = page("Show one connection.", [user.declared, done.declared])
    static let records = page(
        "Show the records of a connection.",
        [user.declared, dataType.declared, cursor.declared, record.declared])
    static let letters = page("Show records that could not be stored.", [user.declared, done.declared])
    static let deliveries = page("Show the notifications of a connection.", [user.declared, done.declared])
    static let askDisconnect = page("Ask whether to disconnect.", [user.declared])
    static let sync = act("Begin a sync.", [user.declared])
    static let refresh = act("Refresh the access.", [user.declared])
    static let disconnect = act("Disconnect.", [user.declared])
    static let replay = act("Store dead letters again.", [user.declared])
    static let redeliver = act("Send a notification again.", [user.declared])
    static let providers = page("Show the providers.")
    static let events = RouteDeclaration(
        "Read live events of all users, for the pages of the dashboard.",
        .other(200, "The events, without end", mediaType: "text/event-stream"))
}
