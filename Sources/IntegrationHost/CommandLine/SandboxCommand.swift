// `integration-host sandbox`: runs the stand-in providers alone.

import HTTPServer
import ProviderSandbox

enum SandboxCommand {
    static func run(_ arguments: Arguments) throws {
        ProcessSettings.blockStopSignals()
        var configuration = SandboxConfiguration()
        if let listen = arguments["--listen"] { configuration.listen = listen }
        guard (try? SocketAddress(configuration.listen)) != nil else {
            throw ConfigurationError(
                place: "--listen", problem: "it must be an address and a port, such as 127.0.0.1:9090 or [::1]:9090")
        }
        let sandbox = Sandbox(configuration)
        let origin = try sandbox.start()
        StandardOutput.line("listening on \(origin)")
        ServeCommand.waitAndStop { await sandbox.shutdown() }
    }
}
