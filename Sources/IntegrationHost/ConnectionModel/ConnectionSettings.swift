// What the user can set about a connection.

import ProviderSDK

/// How often a connection is synced without being asked to.
enum SyncFrequency: String, Sendable, CaseIterable {
    case manual, hourly, daily, weekly
}

/// What the user can set.
struct ConnectionSettings: Sendable, Equatable {
    /// Where finished syncs and state changes are told; nil for nowhere.
    private(set) var webhookURL: String?
    /// How often the connection is synced.
    private(set) var syncFrequency = SyncFrequency.manual

    mutating func set(webhookURL: String?) { self.webhookURL = webhookURL }
    mutating func set(syncFrequency: SyncFrequency) { self.syncFrequency = syncFrequency }
}

/// A change of what the user can set; nil leaves as it is.
struct SettingsChange: Sendable {
    var syncFrequency: SyncFrequency?
    /// The outer nil leaves as it is, the inner removes.
    var webhookURL: String??
    var permissions: [String]?
}

// MARK: Stored form

extension ConnectionSettings {
    static let members: [StoredMember<ConnectionSettings>] = [
        .init("webhookUrl", { $1.value($0.webhookURL) }, { $0.webhookURL = $1.string }),
        .init(
            "syncFrequency", { $1.value($0.syncFrequency.rawValue) },
            { $0.syncFrequency = $1.string.flatMap(SyncFrequency.init) ?? .manual }),
    ]
}
