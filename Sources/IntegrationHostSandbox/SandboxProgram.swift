// `integration-host-sandbox`: the stand-in providers as a program. `integration-host sandbox` and `integration-host demo` start it; it
// knows nothing of the host.

import Glibc
import HTTPServer
import Processes
import ProviderSandbox

@main
enum SandboxProgram {
    private static let help = """
        Usage: integration-host-sandbox [--listen ADDRESS:PORT] [--end-with-input]

        Run the stand-in providers. With --end-with-input it stops when its standard input ends.
        """

    static func main() {
        ProcessSettings.apply()
        StopSignals.block()
        var configuration = SandboxConfiguration()
        var arguments = CommandLine.arguments.dropFirst()
        var endsWithInput = false
        while let argument = arguments.popFirst() {
            switch argument {
            case "--listen":
                guard let listen = arguments.popFirst(), (try? SocketAddress(listen)) != nil else {
                    fail("--listen needs an address and a port, such as 127.0.0.1:9090 or [::1]:9090", 2)
                }
                configuration.listen = listen
            case "--end-with-input": endsWithInput = true
            case "--help", "-h":
                StandardOutput.line(help)
                return
            default: fail("there is no option “\(argument)”\n\n\(help)", 2)
            }
        }
        let sandbox = Sandbox(configuration)
        do throws(SandboxError) {
            StandardOutput.line("listening on \(try sandbox.start())")
        } catch {
            fail("\(error)", 1)
        }
        if endsWithInput { stopAtEndOfInput() }
        StopSignals.wait { await sandbox.shutdown() }
    }

    /// Ends the program as SIGTERM does once nothing holds the other end of its standard input.
    private static func stopAtEndOfInput() {
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { _ in
                var byte: UInt8 = 0
                while true {
                    let count = unsafe read(STDIN_FILENO, &byte, 1)
                    guard count == 0 || (count < 0 && errno != EINTR) else { continue }
                    kill(getpid(), SIGTERM)
                    return nil
                }
            }, nil)
        guard code == 0 else { fail("no thread can be started", 1) }
    }

    private static func fail(_ message: String, _ code: Int32) -> Never {
        StandardError.line(message, of: "integration-host-sandbox")
        exit(code)
    }
}
