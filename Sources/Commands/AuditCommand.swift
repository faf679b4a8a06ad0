// `integration-host audit list`: reads the audit log, whether a host runs on the data directory or not.

import Configuration
import HostControl

enum AuditCommand {
    static func run(_ arguments: Arguments) throws {
        guard arguments.operands == ["list"] else { throw UsageError("“list” is needed") }
        var cursor: Int?
        if let text = arguments["--cursor"] {
            guard 1...18 ~= text.utf8.count, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(text) else {
                throw UsageError("“--cursor” must be a sequence of the log")
            }
            cursor = number
        }
        let order = AuditOrder(cursor: cursor, userID: arguments["--user"], asJSON: arguments.has("--json"))
        try ControlClient.run(.audit(order), try Configuration.load(arguments))
    }
}
