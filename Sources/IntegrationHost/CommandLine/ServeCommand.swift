// `integration-host serve`: runs the host until a signal stops it.

import Commands
import Configuration
import Observability
import Processes

enum ServeCommand {
    static func run(_ arguments: Arguments) throws {
        StopSignals.block()
        let host = try Host(try Configuration.load(arguments), givesUpLostKeys: arguments.has("--new-key-ring"))
        let url = try host.start(resumesBackground: arguments.has("--resume-background"))
        announce(url)
        StopSignals.wait { await host.stop() }
    }

    /// Announces that the host accepts requests, after all other messages of the start.
    static func announce(_ url: String) {
        LogSink.standardError.flush()
        StandardOutput.line("listening on \(url)")
    }
}
