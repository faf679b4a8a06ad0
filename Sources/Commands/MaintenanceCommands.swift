// `integration-host check`, `data`, `keys` and `connections`: the maintenance commands. All but data
// work on the data directory of a running host as well as on that of a stopped one.

import Configuration
import Credentials
import Dispatch
import Glibc
import HostControl
import Primitives
import Processes
import Storage
import Synchronization
import Users

enum CheckCommand {
    static func run(_ arguments: Arguments) throws {
        try ControlClient.run(.check(repairs: arguments.has("--repair")), try Configuration.load(arguments))
    }
}

enum ConnectionsCommand {
    static func run(_ arguments: Arguments) throws {
        let all = arguments.has("--all")
        guard all || (arguments["--class"] == nil && arguments["--cursor"] == nil) else {
            throw UsageError("“--class” and “--cursor” need “--all”")
        }
        guard !all else {
            guard arguments["--user"] == nil else { throw UsageError("“--all” and “--user” exclude each other") }
            let order = UserOrder.connections(
                kind: arguments["--class"] ?? "", cursor: arguments["--cursor"] ?? "", asJSON: arguments.has("--json"))
            return try ControlClient.run(.users(order), try Configuration.load(arguments))
        }
        guard let user = arguments["--user"] else { throw UsageError("“--user” or “--all” is needed") }
        try ControlClient.run(
            .listConnections(userID: user, asJSON: arguments.has("--json")), try Configuration.load(arguments))
    }
}

enum KeysCommand {
    static func run(_ arguments: Arguments) throws {
        let command: ControlCommand
        switch arguments.operands.first {
        case "list": command = .listKeys
        case "rotate": command = .rotateKeys
        case "prune": command = .pruneKeys
        default: throw UsageError("one of list, rotate and prune is needed")
        }
        try ControlClient.run(command, try Configuration.load(arguments))
    }
}

enum PluginsCommand {
    static func run(_ arguments: Arguments) throws {
        guard arguments.operands == ["reload"] else { throw UsageError("“reload” is needed") }
        try ControlClient.run(.reload, try Configuration.load(arguments))
    }
}

enum ResumeCommand {
    static func run(_ arguments: Arguments) throws {
        try ControlClient.run(.resume, try Configuration.load(arguments))
    }
}

enum DataCommand {
    static func run(_ arguments: Arguments) throws {
        guard arguments.operands.count == 2, arguments.operands[0] == "export" else {
            throw UsageError("“export” and the directory to copy to are needed")
        }
        let formats = DataFormat.allCases.filter { $0 != .current }
        guard let name = arguments["--format"], let format = formats.first(where: { $0.rawValue == name }) else {
            throw UsageError("“--format” must be one of \(formats.map(\.rawValue).joined(separator: ", "))")
        }
        let directory = try Configuration.load(arguments).dataDirectory
        guard DataDirectory.exists(at: directory) else {
            throw HostStartError("\(directory) is no data directory of the host: name one with --data.")
        }
        let data = try DataDirectory(path: directory)
        defer { data.close() }
        let target = arguments.operands[1]
        let outcome = try Blocking.run { () async throws in
            try await data.backup(to: target, format: format, conversion: FirstVersionUsers.document)
        }
        StandardOutput.line(outcome.summary("exported to \(target) in the format of version \(name)"))
        if outcome.omittedStreams > 0 {
            StandardOutput.line(
                "left out: \(outcome.omittedStreams) record streams that version \(name) cannot read; "
                    + "the next sync of each connection reads its records again")
        }
    }
}
