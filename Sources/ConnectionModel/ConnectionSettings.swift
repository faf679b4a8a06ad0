// The settings of a connection that the user can change.

import ProviderSDK

/// How often a connection is synced automatically.
package enum SyncFrequency: String, Sendable, CaseIterable {
    case manual, hourly, daily, weekly
}

/// The settings of a connection.
package struct ConnectionSettings: Sendable, Equatable {
    /// The URL that is notified of finished syncs and state changes; nil for none.
    package private(set) var webhookURL: String?
    /// How often the connection is synced.
    package private(set) var syncFrequency = SyncFrequency.manual

    /// Applies the changed settings.
    mutating func apply(_ change: SettingsChange) {
        if let frequency = change.syncFrequency { syncFrequency = frequency }
        if let url = change.webhookURL { webhookURL = url }
    }
}

/// A change of the settings and of the wanted permissions; nil leaves a value unchanged.
package struct SettingsChange: Sendable, Equatable {
    package var syncFrequency: SyncFrequency?
    /// The outer nil leaves the URL unchanged; the inner nil removes it.
    package var webhookURL: String??
    package var permissions: [String]?

    package init(syncFrequency: SyncFrequency? = nil, webhookURL: String?? = nil, permissions: [String]? = nil) {
        self.syncFrequency = syncFrequency
        self.webhookURL = webhookURL
        self.permissions = permissions
    }

    /// Whether nothing changes.
    package var isEmpty: Bool { self == SettingsChange() }
}

// MARK: Stored form

extension ConnectionSettings {
    package static let members: [StoredMember<ConnectionSettings>] = [
        .init("webhookUrl", { $1.value($0.webhookURL) }, { $0.webhookURL = $1.string }),
        .init(
            "syncFrequency", { $1.value($0.syncFrequency.rawValue) },
            { $0.syncFrequency = $1.string.flatMap(SyncFrequency.init) ?? .manual }),
    ]
}
