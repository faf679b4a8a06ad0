// `integration-host sandbox`: runs the stand-in providers alone.

import ProviderSandbox

enum SandboxCommand {
    static func run(_ arguments: Arguments) throws {
        ProcessSettings.blockStopSignals()
        var configuration = SandboxConfiguration()
        if let listen = arguments["--listen"] { configuration.listen = listen }
        let sandbox = Sandbox(configuration)
        let origin = try sandbox.start()
        StandardOutput.line("listening on \(origin)")
        ServeCommand.waitAndStop { await sandbox.shutdown() }
    }
}
