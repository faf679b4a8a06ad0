// Reads the configuration again while the host runs: takes over what it can, and names what waits for a restart. A configuration with a
// mistake changes nothing.

import Configuration
import Glibc
import HTTPServer
import HostControl
import Observability
import PluginLoading
import Providers
import Requests
import Synchronization

/// Takes over a changed configuration.
final class HostReload: Sendable {
    /// What a reload did.
    struct Outcome: Equatable {
        let changes: ConfigurationChanges
        /// The files of plugins that came, went or changed.
        let plugins: [String]

        /// The outcome for people.
        var lines: [String] {
            var lines: [String] = []
            if !changes.reloaded.isEmpty { lines.append("taken over: \(changes.reloaded.joined(separator: ", "))") }
            let waiting = changes.waiting + plugins
            if !waiting.isEmpty { lines.append("needs a restart: \(waiting.joined(separator: ", "))") }
            return lines.isEmpty ? ["nothing has changed"] : lines
        }
    }

    private let load: @Sendable () throws -> Configuration
    private let started: Configuration
    private let applied: Mutex<Configuration>
    private let plugins: [String: String]
    private let registry: ProviderRegistry
    private let memory: MemoryBudget
    private let limits: RequestLimits
    private let origins: OriginPolicy
    private let log: Log

    /// - Parameter load: reads the configuration from where the start has read it.
    init(
        _ parts: HostResources, limits: RequestLimits, origins: OriginPolicy,
        load: @escaping @Sendable () throws -> Configuration
    ) {
        self.load = load
        started = parts.configuration
        applied = Mutex(parts.configuration)
        plugins = PluginFiles.all(parts.configuration)
        (registry, memory, log) = (parts.registry, parts.memory, parts.log)
        (self.limits, self.origins) = (limits, origins)
    }

    /// Reads the configuration again, and logs the outcome.
    func run() {
        do {
            let outcome = try reload()
            if outcome.lines == ["nothing has changed"] {
                return log.info("The configuration was read again; nothing has changed.")
            }
            log.info(
                "The configuration was read again.",
                ["takenOver": .text(outcome.changes.reloaded.joined(separator: ", "))])
            let waiting = outcome.changes.waiting + outcome.plugins
            if !waiting.isEmpty {
                log.warning("Changes wait for a restart.", ["needsRestart": .text(waiting.joined(separator: ", "))])
            }
        } catch {
            log.error("The configuration was not taken over, and nothing has changed.", ["reason": .text("\(error)")])
        }
    }

    /// Reads the configuration again.
    ///
    /// - Throws: the first mistake, which a start would name too; then nothing has changed.
    func reload() throws -> Outcome {
        let new = try load()
        let providers = try registry.reconfigured(new)
        try StartChecks.checkSettings(new, log: log)
        return try applied.withLock { applied in
            let changes = ConfigurationChanges(from: started, applied: applied, to: new)
            let merged = changes.merged(applied, with: new)
            let adopted = changes.waiting.isEmpty ? providers : try registry.reconfigured(merged)
            registry.adopt(adopted)
            origins.set(allowedOrigins: merged.allowedOrigins)
            limits.set(RequestLimits.Rates(merged.rateLimits))
            memory.setBytesMax(merged.limits.memoryMiB << 20)
            log.setLevel(merged.logLevel)
            applied = merged
            return Outcome(changes: changes, plugins: PluginFiles.changes(from: plugins, to: PluginFiles.all(started)))
        }
    }
}
