// The interface of a provider's stand-in: its address, its routes, its data, and its errors. The application, the faults and the
// control routes know stand-ins only through this.

import HTTPServer
import ProviderSDK

/// What a route is for, so that faults can be aimed.
enum RouteKind: String, Sendable, CaseIterable {
    case authorize, token, revoke, api
}

/// A provider's own error, which knows how the provider writes it.
protocol StandInFault: Error, Sendable {
    var answer: Answer { get }
}

extension Never: StandInFault {
    var answer: Answer { switch self {} }
}

/// One route of a stand-in.
struct StandInRoute: Sendable {
    let method: HTTPMethod
    /// Relative to the stand-in's prefix: `/oauth/token`.
    let template: String
    let kind: RouteKind
    let handler: @Sendable (SandboxRequest) -> Answer

    /// A route that answers with what `handler` returns, or with the fault that it throws.
    init<Fault: StandInFault>(
        _ method: HTTPMethod, _ template: String, kind: RouteKind = .api,
        _ handler: @escaping @Sendable (SandboxRequest) throws(Fault) -> Answer
    ) {
        self.method = method
        self.template = template
        self.kind = kind
        self.handler = { request in
            do throws(Fault) { return try handler(request) } catch { return error.answer }
        }
    }

    /// Whether one of the route's paths begins with `prefix`.
    func hasPath(withPrefix prefix: String) -> Bool {
        guard prefix.hasPrefix("/"), !prefix.contains("?") else { return false }
        let wanted = prefix.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let parts = template.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard wanted.count <= parts.count else { return false }
        return zip(wanted, parts).enumerated().allSatisfy { index, pair in
            if pair.1.hasPrefix("{") { return true }
            return index == wanted.count - 1 ? pair.1.hasPrefix(pair.0) : pair.0 == pair.1
        }
    }
}

/// A faithful stand-in of one provider, or of one variant of it.
protocol StandIn: Sendable {
    /// What it is made of.
    var core: StandInCore { get }
    /// Its routes other than those of OAuth.
    var apiRoutes: [StandInRoute] { get }

    /// The provider's own answer to a request it cannot serve: no such path, no such method, throttled, broken.
    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer

    /// Whether the provider sends webhooks.
    var sendsWebhooks: Bool { get }

    /// A delivery to an endpoint that takes the provider's webhooks, signed as the provider signs.
    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook
}

extension StandIn {
    /// The provider's id, as in the host's plugins.
    var providerID: String { core.specification.provider }
    /// The variant it stands in for; nil where the provider has none.
    var variant: String? { core.specification.variant }
    /// `stripe`, or `kai/flo`: its name to control commands and the first part of its paths.
    var name: String { core.specification.name }
    /// All its routes.
    var routes: [StandInRoute] { core.oauthRoutes + apiRoutes }
    /// A client's settings.
    var settings: [String: String] { core.settings }
    /// The OAuth server; nil where the provider has none.
    var oauth: OAuthServer? { core.specification.oauth == nil ? nil : core.server }
    /// The accounts and their grants.
    var server: OAuthServer { core.server }
    var limiter: RequestLimiter { core.limiter }
    var dataset: Dataset { core.dataset }
    var environment: SandboxEnvironment { core.environment }

    var sendsWebhooks: Bool { false }

    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook {
        throw .notFound("The provider sends no webhooks.")
    }

    /// The account that a delivery is about.
    func account(_ command: WebhookCommand) throws(ControlFault) -> SandboxAccount {
        let accounts = server.accounts
        guard accounts.indices.contains(command.account) else {
            throw .notFound("There are \(accounts.count) accounts.")
        }
        return accounts[command.account]
    }
}
