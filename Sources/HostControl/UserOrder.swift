// What an operator asks about users, its JSON form on the control socket, and the lines that report what was done.

import ConnectionModel
import Connections
import HTTPAPI
import Primitives
import ProviderSDK
import Users

/// A request of `integration-host users`.
package enum UserOrder: Sendable, Equatable {
    /// - Parameter cursor: where to read on; empty for the beginning.
    case list(cursor: String, asJSON: Bool)
    case show(id: String, asJSON: Bool)
    /// Lists connections of all users, those of one class when `kind` is not empty.
    case connections(kind: String, cursor: String, asJSON: Bool)
    case erase(id: String)

    /// The name of the command that asks for it.
    var command: String {
        switch self {
        case .list: "users list"
        case .show: "users show"
        case .connections: "connections all"
        case .erase: "users erase"
        }
    }

    /// Writes the members beside the command's name.
    func write(to writer: inout JSONWriter) {
        switch self {
        case .list(let cursor, let asJSON):
            writer.member("cursor", cursor)
            writer.member("json", asJSON)
        case .show(let id, let asJSON):
            writer.member("user", id)
            writer.member("json", asJSON)
        case .connections(let kind, let cursor, let asJSON):
            writer.member("class", kind)
            writer.member("cursor", cursor)
            writer.member("json", asJSON)
        case .erase(let id): writer.member("user", id)
        }
    }

    /// Reads what ``write(to:)`` wrote for `command`; nil for any other value.
    init?(_ command: String?, _ json: JSONValue) {
        switch command {
        case "users list":
            guard let cursor = json["cursor"]?.string, let asJSON = json["json"]?.boolean else { return nil }
            self = .list(cursor: cursor, asJSON: asJSON)
        case "users show":
            guard let id = json["user"]?.string, let asJSON = json["json"]?.boolean else { return nil }
            self = .show(id: id, asJSON: asJSON)
        case "connections all":
            guard let kind = json["class"]?.string, let cursor = json["cursor"]?.string,
                let asJSON = json["json"]?.boolean
            else { return nil }
            self = .connections(kind: kind, cursor: cursor, asJSON: asJSON)
        case "users erase":
            guard let id = json["user"]?.string else { return nil }
            self = .erase(id: id)
        default: return nil
        }
    }
}

/// Carries out an operator's requests about users.
struct UserReport {
    let directory: UserDirectory
    /// Nil when no host runs.
    let erasure: UserErasure?

    private static let unknown = ControlAnswer.failed("nothing is stored of this user; “users list” shows the ids.")

    func carryOut(_ order: UserOrder) async throws(ServiceError) -> ControlAnswer {
        do throws(ServiceError) {
            switch order {
            case .list(let cursor, let asJSON): return try await list(cursor, asJSON: asJSON)
            case .show(let id, let asJSON):
                let user = try await directory.user(id)
                return .done(asJSON ? [Self.json { UserRendering.user(user, to: &$0) }] : UserRendering.lines(user))
            case .connections(let kind, let cursor, let asJSON):
                return try await connections(kind, cursor, asJSON: asJSON)
            case .erase(let id):
                guard let erasure else {
                    return .failed(
                        "no host runs, and only a running one can end the user's grants at the providers: start it first."
                    )
                }
                let outcome = try await erasure.erase(id)
                return .done([
                    "erased the user: \(outcome.connections) connections, \(outcome.apiKeys) API keys; "
                        + "\(outcome.revocations[.revoked] ?? 0) grants ended, \(outcome.revocations[.failed] ?? 0) not confirmed"
                ])
            }
        } catch {
            guard error == .notFound else { throw error }
            return Self.unknown
        }
    }

    private func list(_ cursor: String, asJSON: Bool) async throws(ServiceError) -> ControlAnswer {
        let place = UserPlace(cursor)
        guard cursor.isEmpty || place != nil else { return .failed("the cursor is not one that a list has named.") }
        let page = try await directory.users(after: place, limit: ControlLimits.listedUsersMax)
        if asJSON {
            return .done([
                Self.json { writer in
                    writer.object { writer in
                        writer.key("users")
                        writer.array(of: page.entries) { UserRendering.entry($0, to: &$1) }
                        writer.member("nextCursor", page.next?.text)
                    }
                }
            ])
        }
        let lines = page.entries.map(UserRendering.line)
        return .done(lines + (page.next.map { ["More users: “users list --cursor \($0.text)”."] } ?? []))
    }

    private func connections(
        _ kind: String, _ cursor: String, asJSON: Bool
    ) async throws(ServiceError) -> ControlAnswer {
        let wanted = DiagnosisClass(rawValue: kind)
        guard kind.isEmpty || wanted != nil else {
            let all = DiagnosisClass.allCases.map(\.rawValue)
            return .failed(
                "“\(kind)” is no class\(NearestName.question(kind, in: all)) The classes are \(all.joined(separator: ", "))."
            )
        }
        var place = UserDirectory.ConnectionPlace(cursor)
        guard cursor.isEmpty || place != nil else { return .failed("the cursor is not one that a list has named.") }
        var found: [UserDirectory.ListedConnection] = []
        // A page may be empty and have a next one all the same.
        repeat {
            let page = try await directory.connections(
                ConnectionFilter(kind: wanted), after: place, limit: ControlLimits.listedUsersMax - found.count)
            found += page.found
            place = page.next
        } while place != nil && found.count < ControlLimits.listedUsersMax
        if asJSON {
            return .done([
                Self.json { writer in
                    writer.object { writer in
                        writer.key("connections")
                        writer.array(of: found) { UserRendering.connection($0, withUser: true, to: &$1) }
                        writer.member("nextCursor", place?.text)
                    }
                }
            ])
        }
        let lines = found.map { entry in
            "\(entry.userID)  \(entry.connection.id)  \(entry.connection.service)  \(entry.connection.status.rawValue)  "
                + "\(entry.kind.rawValue)  last sync \(entry.connection.lastSyncAt?.description ?? "never")"
        }
        return .done(
            (lines.isEmpty ? ["There is no such connection."] : lines)
                + (place.map { ["More connections: “connections --all --cursor \($0.text)”."] } ?? []))
    }

    private static func json(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension UserRendering {
    /// Returns a user of a list as a line.
    fileprivate static func line(_ entry: UserDirectory.Entry) -> String {
        guard let user = entry.user else { return "\(entry.id)  cannot be read: run “check”" }
        let services = Set(user.connections.map(\.service)).sorted().joined(separator: ",")
        return "\(entry.id)  \(user.connections.count) connections  \(services)"
    }

    /// Returns a user as lines.
    fileprivate static func lines(_ user: UserDirectory.Detail) -> [String] {
        var lines = ["user \(user.id)"]
        for entry in user.connections {
            let connection = entry.connection
            lines.append(
                "\(connection.id)  \(connection.service)  \(connection.status.rawValue)  \(entry.kind.rawValue)  "
                    + "last sync \(connection.lastSyncAt?.description ?? "never")")
        }
        if let account = user.externalAccount {
            lines.append(
                "linked \(account.provider) account \(account.accountID)  "
                    + (account.isMember ? "a member" : "not a member") + (account.isArchived ? "  archived" : ""))
        }
        return lines
    }
}
