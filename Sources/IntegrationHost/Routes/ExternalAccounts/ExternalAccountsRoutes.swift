// The routes of the external-accounts document: /external-accounts. A table, with decoding beside it; which provider is meant follows
// from the attributes of a token, or from the name of an action.

import HTTPServer
import ProviderSDK

/// The external-accounts document.
struct ExternalAccountsRoutes: Sendable {
    let service: ExternalAccountService

    private static let tokenBytesMax = 512
    private static let attributesMax = 32
    private static let attributeBytesMax = 1024

    var family: RouteFamily {
        RouteFamily(
            name: "external-accounts", prefixes: ["/external-accounts"],
            routes: [
                RouteEntry(.post, "/external-accounts", add), RouteEntry(.post, "/external-accounts/", add),
                RouteEntry(.get, "/external-accounts/{token}", read),
                RouteEntry(.patch, "/external-accounts/link/{token}", link),
                RouteEntry(
                    .patch, "/external-accounts/{action}", headers: ExternalAccountsRendering.deprecation,
                    deprecatedSync),
                RouteEntry(.post, "/external-accounts/users", changeUsers),
            ], render: { failure, _ in ExternalAccountsRendering.error(failure) })
    }

    @Sendable private func add(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard try context.authenticated().kind == .bot else { throw .unauthenticated }
        let body = try context.body(["token", "type", "attributes"])
        let token = try body.requiredText("token", bytesMax: Self.tokenBytesMax)
        _ = try body.text("type", bytesMax: Self.attributeBytesMax)
        guard let attributes = body["attributes"], let members = attributes.members,
            members.count <= Self.attributesMax
        else {
            throw .invalid(
                field: "attributes",
                message: "\"attributes\" must be an object of at most \(Self.attributesMax) members")
        }
        for (name, value) in members { try check(name, value) }
        try await service.add(token, attributes: attributes, expiresAt: try expiry(attributes))
        return ExternalAccountsRendering.message("Added external account data successfully", status: 201)
    }

    /// An attribute is a text or a number; a moment is given in milliseconds since 1970 or in ISO 8601.
    private func check(_ name: String, _ value: JSONValue) throws(ServiceError) {
        guard value.number != nil || (value.string?.utf8.count ?? .max) <= Self.attributeBytesMax else {
            throw .invalid(field: String(name.prefix(64)), message: "\"\(name.prefix(64))\" must be a text or a number")
        }
        if name.hasSuffix("JoinedAt"), let text = value.string, Timestamp(iso8601: text) == nil {
            throw .invalid(
                field: String(name.prefix(64)),
                message: "\"\(name.prefix(64))\" must be milliseconds since 1970 or an ISO 8601 time")
        }
    }

    private func expiry(_ attributes: JSONValue) throws(ServiceError) -> Timestamp? {
        guard let value = attributes["expiry"] else { return nil }
        guard let milliseconds = value.integer, milliseconds >= 0 else {
            throw .invalid(field: "expiry", message: "\"expiry\" must be milliseconds since 1970")
        }
        // Zero is how some bots say that there is no end.
        guard milliseconds > 0 else { return nil }
        guard let expiresAt = Timestamp(milliseconds: milliseconds) else {
            throw .invalid(field: "expiry", message: "\"expiry\" must be milliseconds since 1970")
        }
        return expiresAt
    }

    @Sendable private func read(_ context: RouteContext) async throws(ServiceError) -> Reply {
        _ = try context.authenticated()
        guard let attributes = try await service.attributes(of: try context.parameter("token")) else {
            return ExternalAccountsRendering.expired
        }
        return .json { writer in
            writer.member("message", "Data returned successfully")
            writer.member("attributes", attributes)
        }
    }

    @Sendable private func link(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        guard principal.isUser else { throw .unauthenticated }
        switch try await service.link(try context.parameter("token"), to: principal) {
        // The document shows a body beside 204; HTTP forbids one (RFC 9110 section 15.3.5).
        case .linked: return Reply(status: 204, body: [])
        case .expired: return ExternalAccountsRendering.expired
        case .actionFailed(let action): return ExternalAccountsRendering.actionFailed(action)
        }
    }

    @Sendable private func deprecatedSync(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard try context.authenticated().isSuperuser else { throw .forbidden("") }
        guard let provider = provider(of: try context.parameter("action"), suffix: "-sync") else { throw .notFound }
        return ExternalAccountsRendering.deprecatedSync(try await service.syncMembers(of: provider))
    }

    @Sendable private func changeUsers(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        guard principal.isSuperuser || principal.kind == .service else { throw .forbidden("") }
        var action = context.query["action"]
        if !context.request.body.isEmpty {
            let body = try context.body(["action", "data"])
            guard body["data"].map({ $0.isNull || $0.members != nil }) ?? true else {
                throw .invalid(field: "data", message: "\"data\" must be an object")
            }
            action = try body.text("action", bytesMax: HostLimits.serviceBytesMax) ?? action
        }
        guard let action, let provider = provider(of: action, suffix: "-users-sync") else {
            throw .invalid(field: "action", message: "\"action\" must be one of \(actions.joined(separator: ", "))")
        }
        do throws(ServiceError) {
            return ExternalAccountsRendering.sync(try await service.syncMembers(of: provider))
        } catch {
            // The document has 500 for everything that keeps this route from its work.
            throw .internalFault("\(error)")
        }
    }

    /// The provider of an action that is called after it.
    private func provider(of action: String, suffix: String) -> ConfiguredProvider? {
        guard action.hasSuffix(suffix) else { return nil }
        return service.memberProvider(String(action.dropLast(suffix.utf8.count)))
    }

    private var actions: [String] {
        service.registry.providers.filter { service.memberProvider($0.id) != nil }.map { $0.id + "-users-sync" }
    }
}
