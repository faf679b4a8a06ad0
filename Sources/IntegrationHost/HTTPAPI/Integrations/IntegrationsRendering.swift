// Renders what the services return into the shapes of the integrations document, errors included.

import DocumentStore
import HTTPServer
import ProviderSDK
import RecordStore

enum IntegrationsRendering {
    /// The document's words for 400 and 403.
    private static let invalid = "Invalid integration configuration"
    private static let forbidden = "Insufficient permissions for this integration"
    /// What a client waits where nothing says how long.
    private static let retryAfterSeconds = 60

    /// An entry of the list of integrations.
    static func integration(
        _ provider: ConfiguredProvider, isConnected: Bool, publicURL: String, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.member("id", provider.id)
            writer.member("name", provider.manifest.name)
            writer.member("description", provider.manifest.description)
            writer.member("category", provider.manifest.category)
            writer.member("icon", provider.manifest.icon ?? "\(publicURL)/icons/\(provider.id).svg")
            writer.member("features", provider.manifest.features)
            writer.member("isAvailable", provider.isAvailable)
            writer.member("isConnected", isConnected)
        }
    }

    /// A connection; its settings are in the answer to one connection only, and `expiresSoon` where it is true.
    static func connection(
        _ connection: Connection, _ provider: ConfiguredProvider?, withSettings: Bool, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.member("id", connection.id)
            writer.member("service", connection.service)
            writer.member("serviceName", provider?.manifest.name ?? connection.service)
            writer.member("status", connection.status.rawValue)
            writer.member("connectedAt", connection.connectedAt?.description)
            writer.member("lastSyncAt", connection.lastSyncAt?.description)
            writer.member("syncStatus", connection.syncStatus?.rawValue)
            writer.member("permissions", connection.permissions)
            writer.member("expiresAt", connection.expiresAt?.description)
            if connection.expiresSoon(provider?.oauth, at: WallClock.now) { writer.member("expiresSoon", true) }
            if withSettings { settings(connection, to: &writer) }
        }
    }

    /// The settings, in the order that the document shows: the answer to a change begins with the frequency.
    static func settings(_ connection: Connection, frequencyFirst: Bool = false, to writer: inout JSONWriter) {
        let frequency = connection.settings.syncFrequency.rawValue
        writer.key("settings")
        writer.object { writer in
            if frequencyFirst { writer.member("syncFrequency", frequency) }
            writer.member("webhookUrl", connection.settings.webhookURL)
            if !frequencyFirst { writer.member("syncFrequency", frequency) }
        }
    }

    /// A sync; one that runs has its progress besides what the document shows.
    static func sync(
        _ run: SyncRun, _ progress: SyncProgress.Snapshot?, connectionID: String, to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.member("id", run.id)
            writer.member("connectionId", connectionID)
            writer.member("status", run.status.rawValue)
            writer.member("syncType", run.type.rawValue)
            writer.member("startedAt", run.startedAt.description)
            writer.member("completedAt", run.completedAt?.description)
            writer.member("recordsProcessed", run.recordsProcessed)
            writer.member("recordsSynced", run.recordsSynced)
            writer.member("errors", run.errors)
            writer.member("dataTypes", run.dataTypes)
            if run.trigger != .manual { writer.member("trigger", run.trigger.rawValue) }
            if let message = run.message { writer.member("message", message) }
            if let progress { self.progress(progress, to: &writer) }
        }
    }

    private static func progress(_ progress: SyncProgress.Snapshot, to writer: inout JSONWriter) {
        writer.key("progress")
        writer.object { writer in
            writer.member("dataType", progress.dataType)
            writer.member("pages", progress.current.pages)
            writer.member("records", progress.current.processed)
            writer.member("estimatedRecords", progress.estimate.map { .number(JSONNumber($0)) } ?? .null)
            writer.member("waitingFor", progress.wait?.rawValue)
            writer.member("waitingUntil", progress.waitsUntil?.text(withMilliseconds: true))
        }
    }

    static func records(_ page: ChangePage) -> Reply {
        .json { writer in
            writer.member("success", true)
            writer.key("records")
            writer.array { writer in
                for change in page.changes { record(change, to: &writer) }
            }
            writer.member("nextCursor", page.next.text)
            writer.member("hasMore", page.hasMore)
        }
    }

    private static func record(_ change: RecordChange, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", String(decoding: change.id, as: UTF8.self))
            writer.member("dataType", change.dataType)
            let kind =
                switch change.kind {
                case .added: "added"
                case .updated: "updated"
                case .deleted: "deleted"
                }
            writer.member("change", kind)
            writer.member("sourceId", String(decoding: change.sourceID, as: UTF8.self))
            writer.member(
                "updatedAt", Timestamp(milliseconds: change.timestampMilliseconds)?.text(withMilliseconds: true))
            writer.key("data")
            if change.payload.isEmpty { writer.null() } else { writer.raw(change.payload) }
        }
    }

    static func deadLetters(_ page: DeadLetterService.Page, connection id: String) -> Reply {
        .json { writer in
            writer.member("success", true)
            writer.key("deadLetters")
            writer.array { writer in
                for letter in page.letters { deadLetter(letter, to: &writer) }
            }
            writer.member("nextCursor", page.next.map { DeadLetterCursor($0, connection: id).text })
            writer.member("hasMore", page.next != nil)
            writer.member("total", page.total)
            writer.member("dropped", page.dropped)
        }
    }

    private static func deadLetter(_ letter: DeadLetter, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", letter.id)
            writer.member("dataType", letter.dataType)
            writer.member("sourceId", letter.sourceID)
            writer.member("change", letter.change == .deleted ? "deleted" : "upserted")
            writer.member("field", letter.failure.field)
            writer.member("rule", letter.failure.rule)
            writer.member("reason", letter.failure.problem)
            writer.key("plugin")
            writer.object { writer in
                writer.member("id", letter.pluginID)
                writer.member("version", letter.pluginVersion)
            }
            writer.member("syncId", letter.syncID)
            writer.member("failedAt", letter.at.text(withMilliseconds: true))
            writer.key("payload")
            writer.raw(letter.redacted)
            writer.member("payloadBytes", letter.payloadBytes)
            writer.member("isReplayable", letter.sealed != nil)
        }
    }

    /// An error in the document's shape.
    @Sendable static func error(_ failure: RouteFailure) -> Reply {
        switch failure {
        case .noSuchPath: reply(404, "Not found")
        case .methodNotAllowed(let allowed): reply(405, "Method not allowed", headers: [("Allow", allowed)])
        case .unsupportedMediaType: reply(415, "The request body must be application/json")
        case .foreignOrigin: reply(403, forbidden)
        case .rejected(400, let detail): reply(400, invalid, details: ("request", detail))
        case .rejected(let status, let detail): reply(status, detail)
        case .service(let error): service(error)
        }
    }

    private static func service(_ error: ServiceError) -> Reply {
        switch error {
        case .invalid(let field, let message):
            return reply(400, invalid, details: (field, message))
        case .unauthenticated: return reply(401, "Authentication required", headers: [("WWW-Authenticate", "Bearer")])
        case .forbidden(let reason):
            return reply(403, forbidden, details: ("scope", reason))
        case .notFound: return reply(404, "Integration not found")
        case .conflict(let message): return reply(409, message)
        case .limit(let message):
            return reply(400, invalid, details: ("connections", message))
        case .rateLimited(let seconds): return reply(429, "Rate limit exceeded", retryAfter: seconds)
        case .provider(let error): return provider(error)
        case .notConfigured(let message): return reply(503, message, retryAfter: retryAfterSeconds)
        case .unavailable(_, let seconds): return reply(503, "Service temporarily unavailable", retryAfter: seconds)
        case .damaged(let message): return reply(500, message)
        case .internalFault: return reply(500, "Internal error", retryAfter: retryAfterSeconds)
        }
    }

    private static func provider(_ error: ProviderError) -> Reply {
        switch error.kind {
        case .transient:
            reply(
                502, "The integration's provider could not be reached", details: ("provider", error.message),
                retryAfter: retryAfterSeconds)
        case .rateLimited(let pause):
            reply(
                503, "The integration's provider is limiting requests",
                retryAfter: max(1, Int((pause ?? .seconds(60)) / .seconds(1))))
        case .misconfigured:
            reply(502, "The integration is not configured correctly", details: ("provider", "\(error)"))
        default: reply(400, invalid, details: ("provider", "\(error)"))
        }
    }

    private static func reply(
        _ status: Int, _ error: String, details: (field: String, message: String)? = nil, retryAfter: Int? = nil,
        headers: [(name: String, value: String)] = []
    ) -> Reply {
        var reply = Reply.json(status) { writer in
            writer.member("success", false)
            writer.member("error", error)
            if let details {
                writer.key("details")
                writer.object { writer in
                    writer.member("field", details.field)
                    writer.member("message", details.message)
                }
            }
            if let retryAfter { writer.member("retryAfter", retryAfter) }
        }
        reply.headers = headers
        if let retryAfter { reply.headers.append(("Retry-After", String(retryAfter))) }
        return reply
    }
}
