// What an operator asks of the application keys, its JSON form on the control socket, and the lines that report what was done.

import ConnectionModel
import HTTPAPI
import ProviderSDK
import Sessions
import Users

/// A request of `integration-host app-key`.
package enum ApplicationKeyOrder: Sendable, Equatable {
    /// - Parameters:
    ///   - scopes: empty for the default ones.
    ///   - lifetimeDays: nil for a key that does not end.
    case create(name: String, scopes: [String], lifetimeDays: Int?)
    case list(asJSON: Bool)
    case revoke(id: String)
    case rotate(id: String, overlapHours: Int)

    /// The name of the command that asks for it.
    var command: String {
        switch self {
        case .create: "app-key create"
        case .list: "app-key list"
        case .revoke: "app-key revoke"
        case .rotate: "app-key rotate"
        }
    }

    /// Writes the members beside the command's name.
    func write(to writer: inout JSONWriter) {
        switch self {
        case .create(let name, let scopes, let lifetimeDays):
            writer.member("name", name)
            writer.member("scopes", scopes)
            if let lifetimeDays { writer.member("lifetimeDays", lifetimeDays) }
        case .list(let asJSON): writer.member("json", asJSON)
        case .revoke(let id): writer.member("id", id)
        case .rotate(let id, let overlapHours):
            writer.member("id", id)
            writer.member("overlapHours", overlapHours)
        }
    }

    /// Reads what ``write(to:)`` wrote for `command`; nil for any other value.
    init?(_ command: String?, _ json: JSONValue) {
        switch command {
        case "app-key create":
            guard let name = json["name"]?.string, let scopes = json["scopes"]?.array?.compactMap(\.string) else {
                return nil
            }
            let days = json["lifetimeDays"]?.number?.integer.flatMap(Int.init(exactly:))
            self = .create(name: name, scopes: scopes, lifetimeDays: days)
        case "app-key list":
            guard let asJSON = json["json"]?.boolean else { return nil }
            self = .list(asJSON: asJSON)
        case "app-key revoke":
            guard let id = json["id"]?.string else { return nil }
            self = .revoke(id: id)
        case "app-key rotate":
            guard let id = json["id"]?.string,
                let hours = json["overlapHours"]?.number?.integer.flatMap(Int.init(exactly:))
            else { return nil }
            self = .rotate(id: id, overlapHours: hours)
        default: return nil
        }
    }
}

extension ApplicationKeys {
    /// Carries out an operator's request, and returns the lines to print.
    func carryOut(_ order: ApplicationKeyOrder, at now: Timestamp) async throws(ServiceError) -> ControlAnswer {
        switch order {
        case .create(let name, let scopes, let lifetimeDays):
            let scopes = scopes.isEmpty ? nil : try ApplicationScope.scopes(named: scopes)
            let new = try NewApplicationKey(name: name, scopes: scopes, lifetimeDays: lifetimeDays, at: now)
            return .done([try await create(new).key.text])
        case .list(let asJSON): return .done(Self.lines(try await list(), asJSON: asJSON))
        case .revoke(let id):
            guard try await revoke(id) else { return Self.unknown }
            return .done(["revoked \(id)"])
        case .rotate(let id, let overlapHours):
            do throws(ServiceError) { return .done([try await rotate(id, overlapHours: overlapHours).key.text]) } catch
            {
                guard error == .notFound else { throw error }
                return Self.unknown
            }
        }
    }

    private static let unknown = ControlAnswer.failed(
        "there is no such application key; “app-key list” shows the ids.")

    private static func lines(_ keys: [ApplicationKey], asJSON: Bool) -> [String] {
        if asJSON {
            var writer = JSONWriter()
            writer.array { writer in
                for key in keys { ApplicationKeyRendering.key(key, to: &writer) }
            }
            return [String(decoding: writer.bytes, as: UTF8.self)]
        }
        return keys.map { key in
            let scopes = key.scopes.sorted().map(\.rawValue).joined(separator: ",")
            return "\(key.id)  \(key.createdAt)  ends \(key.expiresAt?.description ?? "never")  "
                + "used \(key.lastUsedAt?.description ?? "never")  \(scopes)  \(key.name)"
        }
    }
}
