// `integration-host users`: lists, shows and erases users, whether a host runs on the data directory or not.

import Configuration
import HostControl

enum UsersCommand {
    static func run(_ arguments: Arguments) throws {
        let operands = arguments.operands
        let order: UserOrder
        switch operands.first {
        case "list":
            guard operands.count == 1 else { throw UsageError("“\(operands[1])” is not expected here") }
            order = .list(cursor: arguments["--cursor"] ?? "", asJSON: arguments.has("--json"))
        case "show": order = .show(id: try id(operands), asJSON: arguments.has("--json"))
        case "erase":
            guard !arguments.has("--json") else { throw UsageError("“--json” is not for erase") }
            order = .erase(id: try id(operands))
        default: throw UsageError("one of list, show and erase is needed")
        }
        if arguments.has("--cursor"), operands.first != "list" { throw UsageError("“--cursor” is for list only") }
        try ControlClient.run(.users(order), try Configuration.load(arguments))
    }

    private static func id(_ operands: [String]) throws(UsageError) -> String {
        guard operands.count == 2 else { throw UsageError("the id of the user is needed") }
        return operands[1]
    }
}
