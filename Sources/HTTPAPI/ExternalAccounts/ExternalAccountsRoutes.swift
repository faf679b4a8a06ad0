// The routes of the external-accounts document: /external-accounts. A table of routes, with decoding beside it. The
// attributes of a token, or the name of an action, determine the provider.

import ConnectionModel
package import Connections
import HTTPServer
import ProviderSDK
import Providers
package import Requests
import Users

/// The external-accounts document.
package struct ExternalAccountsRoutes: Sendable {
    package let service: ExternalAccountService

    package init(service: ExternalAccountService) {
        self.service = service
    }

    private typealias Declared = ExternalAccountsDeclarations

    /// The last moment that a JavaScript date can hold, on either side of 1970.
    private static let millisecondsMax = 8.64e15

    package var family: RouteFamily {
        var routes = [
            RouteEntry(.post, "/external-accounts", Declared.add, add),
            RouteEntry(.post, "/external-accounts/", Declared.add, add),
            RouteEntry(.get, "/external-accounts/{token}", Declared.read, read),
            RouteEntry(.patch, "/external-accounts/link/{token}", Declared.link, link),
            RouteEntry(.post, "/external-accounts/users", Declared.changeUsers, changeUsers),
        ]
        for provider in service.memberProviders {
            routes.append(
                RouteEntry(
                    .patch, "/external-accounts/\(provider.id)-sync", headers: ExternalAccountsRendering.deprecation,
                    Declared.deprecatedSync
                ) { context async throws(ServiceError) in try await deprecatedSync(provider, context) })
        }
        return RouteFamily(
            name: "external-accounts", prefixes: ["/external-accounts"],
            routes: routes.map { $0.opened(by: .connections) },
            errors: ExternalAccountsErrors.document)
    }

    @Sendable private func add(_ context: RouteContext) async throws(ServiceError) -> Reply {
        guard try context.authenticated().kind == .bot else { throw .unauthenticated }
        let body = try context.body()
        let token = try body[Declared.token]
        guard token.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw .invalid(field: "token", message: "\"token\" must not have control characters")
        }
        _ = try body[Declared.type]
        let attributes = try body[Declared.attributes]
        for (name, value) in attributes.members ?? [] { try Self.check(name, value) }
        try await service.add(token, attributes: attributes, expiresAt: try expiry(attributes))
        return ExternalAccountsRendering.message("Added external account data successfully", status: 201)
    }

    /// Checks an attribute: a string or a number; a time is milliseconds since 1970 or ISO 8601.
    static func check(_ name: String, _ value: JSONValue) throws(ServiceError) {
        let shown = RouteContext.shown(name)
        guard name.utf8.count <= RequestBounds.attributeNameBytesMax else {
            throw .invalid(
                field: shown, message: "the attribute name is longer than \(RequestBounds.attributeNameBytesMax) bytes")
        }
        guard value.number?.double.isFinite ?? ((value.string?.utf8.count ?? .max) <= RequestBounds.attributeBytesMax)
        else {
            throw .invalid(
                field: shown,
                message:
                    "\"\(shown)\" must be a number, or a string of at most \(RequestBounds.attributeBytesMax) bytes")
        }
        guard name.hasSuffix("JoinedAt") else { return }
        guard
            value.number.map({ abs($0.double) <= millisecondsMax })
                ?? (value.string.flatMap(Timestamp.init(iso8601:)) != nil)
        else {
            throw .invalid(
                field: shown, message: "\"\(shown)\" must be milliseconds since 1970 or an ISO 8601 time")
        }
    }

    /// Returns the end of a token; nil when it never ends.
    private func expiry(_ attributes: JSONValue) throws(ServiceError) -> Timestamp? {
        guard let value = attributes["expiry"] else { return nil }
        guard let milliseconds = value.number?.double, milliseconds >= 0, milliseconds.rounded() == milliseconds else {
            throw .invalid(field: "expiry", message: "\"expiry\" must be whole milliseconds since 1970")
        }
        // Some bots send zero for no end; a time beyond every calendar here means the same.
        guard milliseconds > 0 else { return nil }
        return Int64(exactly: milliseconds).flatMap(Timestamp.init(milliseconds:))
    }

    @Sendable private func read(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        guard let attributes = try await service.attributes(of: try context.parameter("token"), for: principal) else {
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

    private func deprecatedSync(
        _ provider: ConfiguredProvider, _ context: RouteContext
    ) async throws(ServiceError) -> Reply {
        guard try context.authenticated().isSuperuser else { throw .forbidden("") }
        return ExternalAccountsRendering.deprecatedSync(try await service.syncMembers(of: provider))
    }

    @Sendable private func changeUsers(_ context: RouteContext) async throws(ServiceError) -> Reply {
        let principal = try context.authenticated()
        guard principal.isSuperuser || principal.kind == .service else { throw .forbidden("") }
        let body = try context.body()
        _ = try body[Declared.data]
        var action = try context[Declared.queryAction]
        if let named = try body[Declared.action] { action = named }
        let providers = service.memberProviders
        guard let action,
            let provider = providers.first(where: { "\($0.id)-users-sync".utf8.elementsEqual(action.utf8) })
        else {
            let names = providers.map { "\($0.id)-users-sync" }.joined(separator: ", ")
            throw .invalid(field: "action", message: "\"action\" must be one of \(names)")
        }
        do throws(ServiceError) {
            return ExternalAccountsRendering.sync(try await service.syncMembers(of: provider))
        } catch {
            // The document answers 500 for every failure of this route.
            throw .internalFault("\(error)")
        }
    }
}
