// `integration-host api-key`: makes, lists and revokes API keys, whether a host runs on the data directory or not.

import Configuration
import ConnectionModel
import HostControl
import Sessions

enum APIKeyCommand {
    static func run(_ arguments: Arguments) throws {
        let operands = arguments.operands
        let command: ControlCommand
        switch operands.first {
        case "create":
            guard operands.count == 1 else { throw UsageError("“\(operands[1])” is not expected here") }
            guard let user = arguments["--user"] else { throw UsageError("“--user” is needed") }
            guard UserID.isValid(user) else {
                throw UsageError("a user id has 1 to \(SessionLimits.userIDBytesMax) bytes and no control characters")
            }
            command = .createAPIKey(userID: user)
        case "list":
            guard operands.count == 1 else { throw UsageError("“\(operands[1])” is not expected here") }
            command = .listAPIKeys
        case "revoke":
            guard operands.count == 2 else { throw UsageError("the id of the key is needed") }
            command = .revokeAPIKey(id: operands[1])
        default: throw UsageError("one of create, list and revoke is needed")
        }
        if arguments.has("--user"), operands.first != "create" { throw UsageError("“--user” is for create only") }
        try ControlClient.run(command, try Configuration.load(arguments))
    }
}
