// `integration-host app-key`: makes, lists, rotates and revokes application keys, whether a host runs on the data directory or not.

import Configuration
import HostControl
import Sessions

enum ApplicationKeyCommand {
    /// The flags that each operation takes.
    private static let flags: [String: Set<String>] = [
        "create": ["--scope", "--expires"], "list": ["--json"], "rotate": ["--overlap"], "revoke": [],
    ]

    static func run(_ arguments: Arguments) throws {
        let operands = arguments.operands
        guard let operation = operands.first, let allowed = flags[operation] else {
            throw UsageError("one of create, list, rotate and revoke is needed")
        }
        for flag in ["--scope", "--expires", "--json", "--overlap"] where arguments.has(flag) && !allowed.contains(flag)
        {
            throw UsageError("“\(flag)” is not for \(operation)")
        }
        if operation == "list" {
            guard operands.count == 1 else { throw UsageError("“\(operands[1])” is not expected here") }
        } else {
            guard operands.count == 2 else {
                throw UsageError(
                    operation == "create" ? "the name of the key is needed" : "the id of the key is needed")
            }
        }
        let order: ApplicationKeyOrder =
            switch operation {
            case "create":
                .create(
                    name: operands[1], scopes: arguments.values("--scope"),
                    lifetimeDays: try number("--expires", arguments))
            case "list": .list(asJSON: arguments.has("--json"))
            case "rotate":
                .rotate(
                    id: operands[1],
                    overlapHours: try number("--overlap", arguments) ?? ApplicationKeyLimits.overlapHoursDefault)
            default: .revoke(id: operands[1])
            }
        try ControlClient.run(.applicationKeys(order), try Configuration.load(arguments))
    }

    private static func number(_ flag: String, _ arguments: Arguments) throws -> Int? {
        guard let text = arguments[flag] else { return nil }
        guard 1...9 ~= text.utf8.count, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int(text) else {
            throw UsageError("“\(flag)” must be a whole number")
        }
        return number
    }
}
