// `integration-host config`: checks, shows and documents the configuration. It opens no data directory.

import Commands
import Configuration
import Credentials
import Observability
import Processes
import Providers

enum ConfigCommand {
    /// What it does.
    enum Action: String, CaseIterable {
        case check, show, docs, schema
    }

    static func run(_ arguments: Arguments) throws {
        guard let action = arguments.operands.first.flatMap(Action.init) else {
            throw UsageError("one of \(Action.allCases.map(\.rawValue).joined(separator: ", ")) is needed")
        }
        guard action == .show || !arguments.has("--json") else { throw UsageError("“--json” is for show") }
        switch action {
        case .check: try check(try Configuration.load(arguments))
        case .show:
            let settings = EffectiveSettings(try Configuration.load(arguments))
            StandardOutput.line(arguments.has("--json") ? settings.json : settings.text)
        case .docs: StandardOutput.line(SettingsDocumentation.table)
        case .schema: StandardOutput.line(SettingsSchema.text)
        }
    }

    /// Does the checks of a start that need no data.
    private static func check(_ configuration: Configuration) throws {
        let log = Log(level: .warning)
        let start = try StartChecks(configuration, log: log)
        start.report(to: log)
        if KeyRings.exist(configuration) { _ = try KeyRings.keys(configuration, makes: false) }
        LogSink.standardError.flush()
        let available = start.registry.providers.filter(\.isAvailable).count
        StandardOutput.line(
            "The configuration is valid: \(start.registry.providers.count) providers, \(available) of them available.")
    }
}
