// `integration-host serve`: runs the host until it is told to stop.

import Glibc

enum ServeCommand {
    static func run(_ arguments: Arguments) throws {
        ProcessSettings.blockStopSignals()
        let host = try Host(try Configuration.load(arguments))
        let url = try host.start()
        StandardOutput.line("listening on \(url)")
        waitAndStop { await host.stop() }
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
