// `integration-host dead-letters`: lists a user's records that could not be mapped, and replays them.

import Configuration
import ConnectionModel
import HostControl
import Sessions

enum DeadLetterCommand {
    static func run(_ arguments: Arguments) throws {
        guard let user = arguments["--user"] else { throw UsageError("“--user” is needed") }
        guard UserID.isValid(user) else {
            throw UsageError("a user id has 1 to \(SessionLimits.userIDBytesMax) bytes and no control characters")
        }
        if let operand = arguments.operands.first, operand != "replay" {
            throw UsageError("“\(operand)” is not an action; the only action is “replay”")
        }
        try ControlClient.run(
            .deadLetters(
                userID: user, connection: arguments["--connection"], replays: !arguments.operands.isEmpty),
            try Configuration.load(arguments))
    }
}
