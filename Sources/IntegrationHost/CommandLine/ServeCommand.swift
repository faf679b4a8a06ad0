// `integration-host serve`: runs the host until it is told to stop.

import Glibc

enum ServeCommand {
    static func run(_ arguments: Arguments) throws {
        ProcessSettings.blockStopSignals()
        let host = try Host(try Configuration.load(arguments))
        let url = try host.start()
        announce(url)
        waitAndStop { await host.stop() }
    }

    /// Says that the host accepts requests, after all that its start had to say.
    static func announce(_ url: String) {
        LogSink.standardError.flush()
        StandardOutput.line("listening on \(url)")
    }

    /// Waits for a signal, drains, and exits 0; a second signal exits at once.
    static func waitAndStop(_ stop: @escaping @Sendable () async -> Void) -> Never {
        ProcessSettings.waitForStop()
        Task.detached {
            await stop()
            exit(0)
        }
        ProcessSettings.waitForStop()
        _exit(1)
    }
}
