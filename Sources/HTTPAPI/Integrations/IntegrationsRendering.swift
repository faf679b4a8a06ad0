// Renders the results of services as bodies of the integrations document.

import ConnectionModel
import Observability
import ProviderSDK
import Providers
import Sync

enum IntegrationsRendering {
    /// Renders an entry of the list of integrations; with its details, they stand behind the document's members.
    static func integration(
        _ provider: ConfiguredProvider, isConnected: Bool, publicURL: String, withDetails: Bool,
        to writer: inout JSONWriter
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
            if withDetails { ProviderRendering.details(provider, to: &writer) }
        }
    }

    /// Renders a connection.
    ///
    /// Only the answer with a single connection has the settings. Behind the document's members stand `expiresSoon`, when true,
    /// `variant`, where the provider has variants, and `accountName`.
    static func connection(
        _ connection: Connection, _ provider: ConfiguredProvider?, withSettings: Bool, at now: Timestamp,
        to writer: inout JSONWriter
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
            if withSettings { settings(connection, to: &writer) }
            if connection.expiresSoon(provider?.oauth(connection.variant), at: now) {
                writer.member("expiresSoon", true)
            }
            if let variant = connection.variant ?? provider?.manifest.defaultVariant {
                writer.member("variant", variant)
            }
            writer.member("accountName", connection.accountName)
        }
    }

    /// Renders the settings in the document's order: the answer to a change begins with the frequency.
    static func settings(_ connection: Connection, frequencyFirst: Bool = false, to writer: inout JSONWriter) {
        let frequency = connection.settings.syncFrequency.rawValue
        writer.key("settings")
        writer.object { writer in
            if frequencyFirst { writer.member("syncFrequency", frequency) }
            writer.member("webhookUrl", connection.settings.webhookURL)
            if !frequencyFirst { writer.member("syncFrequency", frequency) }
        }
    }

    /// Renders a sync; a running one has its progress in addition to the document's members.
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
}
