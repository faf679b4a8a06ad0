// An operator's command for the owner of a data directory, and its answer, as they are sent over the control socket.

import ProviderSDK

/// A command.
package enum ControlCommand: Sendable, Equatable {
    case createAPIKey(userID: String)
    case listAPIKeys
    case revokeAPIKey(id: String)
    case applicationKeys(ApplicationKeyOrder)
    case users(UserOrder)
    case audit(AuditOrder)
    case listConnections(userID: String, asJSON: Bool)
    /// Of one connection, or of all the user's connections when it is nil.
    case deadLetters(userID: String, connection: String?, replays: Bool)
    case check(repairs: Bool)
    /// `directory` is an absolute path: the host may have another working directory.
    case backup(directory: String)
    /// Writes a backup to the descriptor that comes with the command.
    ///
    /// - Parameters:
    ///   - name: where the descriptor leads, for messages.
    ///   - recipient: the PEM text of the public key that it is sealed to; nil for a plain archive.
    case backupArchive(name: String, recipient: String?)
    case listKeys
    case rotateKeys
    case pruneKeys
    /// Reads the configuration of the running host again.
    case reload
    /// Resumes the background work of a copied or restored data directory.
    case resume
    /// Reports the state of the installation.
    case survey

    /// The JSON text of the command.
    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("command", name)
            switch self {
            case .createAPIKey(let userID): writer.member("user", userID)
            case .revokeAPIKey(let id): writer.member("id", id)
            case .applicationKeys(let order): order.write(to: &writer)
            case .users(let order): order.write(to: &writer)
            case .audit(let order): order.write(to: &writer)
            case .listConnections(let userID, let asJSON):
                writer.member("user", userID)
                writer.member("json", asJSON)
            case .deadLetters(let userID, let connection, let replays):
                writer.member("user", userID)
                writer.member("connection", connection)
                writer.member("replays", replays)
            case .check(let repairs): writer.member("repairs", repairs)
            case .backup(let directory): writer.member("directory", directory)
            case .backupArchive(let name, let recipient):
                writer.member("name", name)
                writer.member("recipient", recipient)
            case .listAPIKeys, .listKeys, .rotateKeys, .pruneKeys, .reload, .resume, .survey: break
            }
        }
        return writer.bytes
    }

    /// Reads what ``encoded`` wrote; nil for any other text.
    package init?(decoding bytes: [UInt8]) {
        guard let json = try? JSONValue.parse(bytes, limits: .request) else { return nil }
        switch json["command"]?.string {
        case "api-key create":
            guard let userID = json["user"]?.string else { return nil }
            self = .createAPIKey(userID: userID)
        case "api-key list": self = .listAPIKeys
        case "api-key revoke":
            guard let id = json["id"]?.string else { return nil }
            self = .revokeAPIKey(id: id)
        case "connections":
            guard let userID = json["user"]?.string, let asJSON = json["json"]?.boolean else { return nil }
            self = .listConnections(userID: userID, asJSON: asJSON)
        case "dead-letters":
            guard let userID = json["user"]?.string, let replays = json["replays"]?.boolean else { return nil }
            self = .deadLetters(userID: userID, connection: json["connection"]?.string, replays: replays)
        case "check":
            guard let repairs = json["repairs"]?.boolean else { return nil }
            self = .check(repairs: repairs)
        case "backup":
            guard let directory = json["directory"]?.string, directory.hasPrefix("/") else { return nil }
            self = .backup(directory: directory)
        case "backup archive":
            guard let name = json["name"]?.string else { return nil }
            self = .backupArchive(name: name, recipient: json["recipient"]?.string)
        case "keys list": self = .listKeys
        case "keys rotate": self = .rotateKeys
        case "keys prune": self = .pruneKeys
        case "plugins reload": self = .reload
        case "resume": self = .resume
        case AuditOrder.command:
            guard let order = AuditOrder(json) else { return nil }
            self = .audit(order)
        case "survey": self = .survey
        default:
            if let order = UserOrder(json["command"]?.string, json) {
                self = .users(order)
                return
            }
            guard let order = ApplicationKeyOrder(json["command"]?.string, json) else { return nil }
            self = .applicationKeys(order)
        }
    }

    /// Whether it works on data that must exist already.
    var needsData: Bool {
        switch self {
        case .check, .backup, .backupArchive, .listConnections, .deadLetters, .reload, .resume, .users, .audit, .survey:
            true
        case .createAPIKey, .listAPIKeys, .revokeAPIKey, .applicationKeys, .listKeys, .rotateKeys, .pruneKeys: false
        }
    }

    private var name: String {
        switch self {
        case .createAPIKey: "api-key create"
        case .listAPIKeys: "api-key list"
        case .revokeAPIKey: "api-key revoke"
        case .applicationKeys(let order): order.command
        case .users(let order): order.command
        case .audit: AuditOrder.command
        case .listConnections: "connections"
        case .deadLetters: "dead-letters"
        case .check: "check"
        case .backup: "backup"
        case .backupArchive: "backup archive"
        case .listKeys: "keys list"
        case .rotateKeys: "keys rotate"
        case .pruneKeys: "keys prune"
        case .reload: "plugins reload"
        case .resume: "resume"
        case .survey: "survey"
        }
    }
}

/// The answer: the lines to print, the reason for a failure, or both.
package enum ControlAnswer: Sendable, Equatable {
    case done([String])
    case failed(String)
    /// Part of the work was done, and part was not.
    case incomplete([String], String)

    /// The JSON text of the answer.
    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch self {
            case .done(let lines): writer.member("lines", lines)
            case .failed(let reason): writer.member("error", reason)
            case .incomplete(let lines, let reason):
                writer.member("lines", lines)
                writer.member("error", reason)
            }
        }
        return writer.bytes
    }

    /// Reads what ``encoded`` wrote, with or without spaces before it; nil for any other text.
    package init?(decoding bytes: [UInt8]) {
        guard let json = try? JSONValue.parse(bytes) else { return nil }
        switch (json["lines"]?.array?.compactMap(\.string), json["error"]?.string) {
        case (let lines?, nil): self = .done(lines)
        case (nil, let reason?): self = .failed(reason)
        case (let lines?, let reason?): self = .incomplete(lines, reason)
        case (nil, nil): return nil
        }
    }
}
