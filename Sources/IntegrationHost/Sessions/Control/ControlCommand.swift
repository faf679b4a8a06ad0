// What an operator's command asks of the owner of a data directory, and the answer, as they go over the control socket. Carried out the
// same way by the host that runs and by a command that holds the directory itself.

import ProviderSDK

/// What is asked.
enum ControlCommand: Sendable, Equatable {
    case createAPIKey(userID: String)
    case listAPIKeys
    case revokeAPIKey(id: String)

    /// The JSON text of the command.
    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch self {
            case .createAPIKey(let userID):
                writer.member("command", "api-key create")
                writer.member("user", userID)
            case .listAPIKeys: writer.member("command", "api-key list")
            case .revokeAPIKey(let id):
                writer.member("command", "api-key revoke")
                writer.member("id", id)
            }
        }
        return writer.bytes
    }

    /// Reads what ``encoded`` wrote; nil for any other text.
    init?(decoding bytes: [UInt8]) {
        guard let json = try? JSONValue.parse(bytes, limits: .request) else { return nil }
        switch json["command"]?.string {
        case "api-key create":
            guard let userID = json["user"]?.string else { return nil }
            self = .createAPIKey(userID: userID)
        case "api-key list": self = .listAPIKeys
        case "api-key revoke":
            guard let id = json["id"]?.string else { return nil }
            self = .revokeAPIKey(id: id)
        default: return nil
        }
    }

}

/// The answer: the lines to print, or why there are none.
enum ControlAnswer: Sendable, Equatable {
    case done([String])
    case failed(String)

    /// The JSON text of the answer.
    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch self {
            case .done(let lines): writer.member("lines", lines)
            case .failed(let reason): writer.member("error", reason)
            }
        }
        return writer.bytes
    }

    /// Reads what ``encoded`` wrote; nil for any other text.
    init?(decoding bytes: [UInt8]) {
        guard let json = try? JSONValue.parse(bytes) else { return nil }
        if let lines = json["lines"]?.array {
            self = .done(lines.compactMap(\.string))
        } else if let reason = json["error"]?.string {
            self = .failed(reason)
        } else {
            return nil
        }
    }
}

/// Carries out commands; belongs to whoever holds the data directory.
struct ControlCommands: Sendable {
    let apiKeys: APIKeys

    /// Carries out one command.
    func run(_ command: ControlCommand) async -> ControlAnswer {
        do throws(ServiceError) {
            switch command {
            case .createAPIKey(let userID): return .done([try await apiKeys.create(userID: userID).text])
            case .listAPIKeys:
                return .done(try await apiKeys.list().map { "\($0.id)  \($0.createdAt)  \($0.userID)" })
            case .revokeAPIKey(let id):
                guard try await apiKeys.revoke(id) else {
                    return .failed("there is no such API key; “api-key list” shows the ids.")
                }
                return .done(["revoked \(id)"])
            }
        } catch {
            return .failed(Self.reason(error))
        }
    }

    private static func reason(_ error: ServiceError) -> String {
        switch error {
        case .invalid(_, let message), .unavailable(let message, _), .internalFault(let message): "\(message)."
        default: "it failed: \(error)."
        }
    }
}
