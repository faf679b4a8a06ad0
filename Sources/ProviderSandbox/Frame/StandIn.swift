// What every stand-in of a provider brings: where it lives, its routes, its data, and its errors. The application, the
// faults and the control routes know stand-ins only through this.

import HTTPServer
import ProviderSDK

/// What a route is for, so that faults can be aimed.
enum RouteKind: String, Sendable, CaseIterable {
    case authorize, token, revoke, api
}

/// One route of a stand-in.
struct StandInRoute: Sendable {
    let method: HTTPMethod
    /// Relative to the stand-in's prefix: `/oauth/token`.
    let template: String
    let kind: RouteKind
    let handler: @Sendable (SandboxRequest) -> Answer

    init(
        _ method: HTTPMethod, _ template: String, _ kind: RouteKind = .api,
        _ handler: @escaping @Sendable (SandboxRequest) -> Answer
    ) {
        self.method = method
        self.template = template
        self.kind = kind
        self.handler = handler
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
    /// The provider's id, as the host's plugins have it.
    var providerID: String { get }
    /// The variant it stands in for; nil where the provider has none.
    var variant: String? { get }
    var routes: [StandInRoute] { get }
    /// The OAuth server; nil where the provider has none.
    var oauth: OAuthServer? { get }
    /// The objects; nil where the stand-in has none of its own.
    var data: (any SandboxData)? { get }

    /// Its settings and endpoints as a client of it needs them.
    func settings() -> [String: String]
    func endpoints(origin: String) -> [String: String]

    /// The provider's own answer to a request it cannot serve: no such path, no such method, throttled, broken.
    func failure(_ status: UInt16, _ request: SandboxRequest?, kind: RouteKind) -> Answer
    /// How many requests are admitted; nil where the provider documents none.
    var limiter: RequestLimiter? { get }

    /// Whether the provider sends webhooks.
    var sendsWebhooks: Bool { get }

    /// A delivery to whoever takes the provider's webhooks, signed as the provider signs.
    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook
}

extension StandIn {
    var variant: String? { nil }
    var oauth: OAuthServer? { nil }
    var data: (any SandboxData)? { nil }
    var limiter: RequestLimiter? { nil }

    var sendsWebhooks: Bool { false }

    func webhook(_ command: WebhookCommand) throws(ControlFault) -> SignedWebhook {
        throw .notFound("The provider sends no webhooks.")
    }

    /// The account that a delivery is about.
    func account(_ command: WebhookCommand) throws(ControlFault) -> SandboxAccount {
        let accounts = oauth?.accounts ?? []
        guard accounts.indices.contains(command.account) else {
            throw .notFound("There are \(accounts.count) accounts.")
        }
        return accounts[command.account]
    }

    /// `stripe`, or `kai/flo`: its name to control commands and the first part of its paths.
    var name: String { variant.map { "\(providerID)/\($0)" } ?? providerID }
}
