// `integration-host sandbox`: replaces this process with the program that contains the stand-in providers. Knows no stand-in.

import Configuration
import HTTPServer
import Processes

package enum SandboxCommand {
    /// The program with the stand-ins, in the same folder as this one.
    package static let program = "integration-host-sandbox"

    static func run(_ arguments: Arguments) throws {
        let listen = arguments["--listen"]
        guard listen.map({ (try? SocketAddress($0)) != nil }) ?? true else {
            throw ConfigurationError(
                place: "--listen", problem: "it must be an address and a port, such as 127.0.0.1:9090 or [::1]:9090")
        }
        try ChildProgram.replaceThisProcess(with: program, listen.map { ["--listen", $0] } ?? [])
    }
}
