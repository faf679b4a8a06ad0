// `integration-host serve`: runs the host until a signal stops it.

import Background
import Commands
import Configuration
import Observability
import Primitives
import Processes

enum ServeCommand {
    static func run(_ arguments: Arguments) throws {
        StopSignals.block()
        let host = try Host(
            try Configuration.load(arguments), givesUpLostKeys: arguments.has("--new-key-ring"),
            load: { try Configuration.load(arguments) })
        let url = try host.start(resumesBackground: arguments.has("--resume-background"))
        announce(url)
        guard let manager = ServiceManager(Environment.all) else {
            StopSignals.wait(reload: host.reloadConfiguration) { await host.stop() }
        }
        let liveness = manager.watchdogTime.map { time in
            // Half the time, so that one late report is not an end.
            RepeatedWork(pause: time / 2, time: .system) {
                await host.serverTurn()
                manager.notify(.alive)
            }
        }
        liveness?.start()
        manager.notify(.ready("listening on \(url)"))
        StopSignals.wait(reload: host.reloadConfiguration) {
            manager.notify(.stopping)
            await host.stop()
        }
    }

    /// Announces that the host accepts requests, after all other messages of the start.
    static func announce(_ url: String) {
        LogSink.standardError.flush()
        StandardOutput.line("listening on \(url)")
    }
}
