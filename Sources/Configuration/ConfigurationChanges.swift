// What a new configuration changes, and what of it a running host can take over. No I/O.

import ConnectionModel

/// The differences between the configuration that a host runs with and a new one.
package struct ConfigurationChanges: Equatable, Sendable {
    /// The settings that a running host takes over.
    package private(set) var reloaded: [String] = []
    /// The settings that the next start takes over.
    package private(set) var waiting: [String] = []

    /// - Parameters:
    ///   - started: the configuration of the start, with which settings that are not taken over are compared.
    ///   - applied: the configuration that was taken over last.
    package init(from started: Configuration, applied: Configuration, to new: Configuration) {
        for setting in SettingsTable.all {
            let name = setting.path.joined(separator: ".")
            if setting.isReloadable {
                if setting.text(in: applied) != setting.text(in: new) { reloaded.append(name) }
            } else if setting.text(in: started) != setting.text(in: new) {
                waiting.append(name)
            }
        }
        for id in Set(started.providers.keys).union(applied.providers.keys).union(new.providers.keys).sorted() {
            let (first, last) = (started.providers[id] ?? .init(), new.providers[id] ?? .init())
            let name = "\(ProviderSettingsTable.key).\(id)"
            if !first.canBecome(last) {
                waiting.append(name)
            } else if (applied.providers[id] ?? .init()).members != last.members {
                reloaded.append(name)
            }
        }
    }

    /// Returns `applied` with what a running host takes over of `new`.
    package func merged(_ applied: Configuration, with new: Configuration) -> Configuration {
        var merged = applied
        merged.allowedOrigins = new.allowedOrigins
        merged.rateLimits = new.rateLimits
        merged.limits.memoryMiB = new.limits.memoryMiB
        merged.logLevel = new.logLevel
        for name in reloaded {
            guard let id = name.wholeMatch(of: /providers\.(.+)/)?.output.1 else { continue }
            merged.providers[String(id)] = new.providers[String(id)]
        }
        merged.places = new.places
        return merged
    }
}

extension ProviderConfiguration {
    /// Whether a running host can take over `new` in place of this.
    ///
    /// Credentials may change, and so may the values of other settings. What comes or goes decides what is built at the start.
    fileprivate func canBecome(_ new: ProviderConfiguration) -> Bool {
        endpoints == new.endpoints && Set(settings.keys) == Set(new.settings.keys)
            && Set(variants.keys) == Set(new.variants.keys)
            && variants.allSatisfy { name, variant in new.variants[name].map(variant.canBecome) ?? false }
    }

    /// All values by their names.
    fileprivate var members: [String: String] {
        var members = endpoints.reduce(into: [:]) { $0["endpoints.\($1.key)"] = $1.value }
        members["clientId"] = clientID
        members["clientSecret"] = clientSecret?.value
        for (name, setting) in settings { members["settings.\(name)"] = setting.value.value }
        for (name, variant) in variants {
            for (member, value) in variant.members { members["variants.\(name).\(member)"] = value }
        }
        return members
    }
}
