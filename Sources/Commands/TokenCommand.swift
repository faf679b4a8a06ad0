// `integration-host token`: prints a session token of the host, and nothing else.

import Configuration
import ConnectionModel
import Credentials
import Cryptography
import Primitives
import Processes
import Sessions
import Storage
import Users

enum TokenCommand {
    static func run(_ arguments: Arguments) throws {
        guard let user = arguments["--user"] else { throw UsageError("“--user” is needed") }
        guard UserID.isValid(user) else {
            throw UsageError("a user id has 1 to \(SessionLimits.userIDBytesMax) bytes and no control characters")
        }
        var kind = PrincipalKind.session
        if let text = arguments["--kind"] {
            guard let known = PrincipalKind(rawValue: text), PrincipalKind.ofTokens.contains(known) else {
                throw UsageError("“--kind” must be session, bot or service")
            }
            kind = known
        }
        var lifetime = HostSessions.lifetimeDefault
        if let text = arguments["--ttl"] {
            guard text.utf8.count <= 9, !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
                let seconds = Int64(text), seconds > 0
            else { throw UsageError("“--ttl” must be a positive number of seconds") }
            lifetime = .seconds(seconds)
        }
        let configuration = try Configuration.load(arguments)
        let isNew = !KeyRings.exist(configuration)
        // Where a host has run, a missing ring is lost or lies elsewhere.
        let isUsed = DataDirectory.exists(at: configuration.dataDirectory)
        let sessions = HostSessions(try KeyRings.keys(configuration, makes: !isUsed))
        if isNew {
            StandardError.line(
                "a new key ring was made, \(KeyRings.path(configuration)): the token is good for a host with this data directory only",
                of: "integration-host")
        }
        StandardOutput.line(
            try sessions.issue(
                userID: user, roles: arguments.values("--role"), kind: kind, lifetime: lifetime,
                at: TimeSource.system.now))
    }
}
