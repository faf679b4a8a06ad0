// The two ways in which accounts are connected to an application at Stripe: a client's settings, and OAuth.

import ProviderSDK

/// Stripe Connect, or Stripe Apps.
enum StripeProduct: Sendable {
    /// A platform that connects standard accounts.
    case connect
    /// An app of Stripe's marketplace.
    case apps

    var variant: String? { self == .apps ? "apps" : nil }

    /// The secret with which both sign their deliveries.
    static let webhookSecret = "whsec_sandbox"

    var settings: [String: String] {
        switch self {
        case .connect:
            ["clientId": "ca_sandbox", "clientSecret": "sk_sandbox_platform", "webhookSecret": Self.webhookSecret]
        case .apps: ["clientId": "ca_sandbox_app", "clientSecret": "sk_sandbox_app"]
        }
    }

    var endpoints: [String: String] {
        switch self {
        case .connect: ["api": "/api", "revoke": "/oauth/deauthorize"]
        case .apps: ["api": "/api"]
        }
    }

    var oauth: OAuthSpecification {
        switch self {
        case .connect: Self.connectOAuth
        case .apps: Self.appsOAuth
        }
    }

    private static let connectOAuth = OAuthSpecification(
        "Stripe", authorize: "/oauth/authorize", token: "/oauth/token"
    ) { oauth in
        oauth.rules = { rules in
            rules.clientAuthentication = [.secretAlone]
            rules.isRedirectURIRequired = false
            rules.redirectURIInExchange = .ignored
            rules.knownScopes = ["read_only", "read_write"]
            rules.defaultScopes = ["read_only"]
            rules.pkce = .ignored
            rules.refresh = .keeps
            rules.codePrefix = "ac_"
            rules.accessTokenPrefix = "sk_sandbox_"
            rules.refreshTokenPrefix = "rt_"
        }
        oauth.denial = [("error", "access_denied"), ("error_description", "The user denied your request")]
        oauth.callbackParameters = { grant, _ in [("scope", grant.scopes.joined(separator: " "))] }
        oauth.tokens = tokens + [.scope()]
        oauth.refusal = { refusal($0.fault) }
    }

    /// The secret key authenticates as the user of Basic.
    ///
    /// Each refresh gives a new pair and ends the refresh token before it.
    private static let appsOAuth = OAuthSpecification(
        "Stripe Apps", authorize: "/oauth/v2/authorize", token: "/api/v1/oauth/token"
    ) { oauth in
        oauth.rules = { rules in
            rules.clientAuthentication = [.secretAsBasicUser]
            rules.isRedirectURIRequired = false
            rules.redirectURIInExchange = .ignored
            rules.pkce = .ignored
            rules.refresh = .rotates(graceSeconds: 0)
            rules.accessTokenSeconds = 3600
            rules.refreshTokenSeconds = 365 * 86_400
            rules.codePrefix = "ac_"
            rules.accessTokenPrefix = "sk_sandbox_"
            rules.refreshTokenPrefix = "rt_"
        }
        oauth.denial = [("error", "access_denied"), ("error_description", "The user denied your request")]
        oauth.callbackParameters = { _, account in [("stripe_user_id", account.id)] }
        // The answer does not state the lives of the tokens.
        oauth.tokens = tokens + [.fixed("scope", "stripe_apps")]
        oauth.refusal = { refusal($0.fault) }
    }

    private static let tokens: [TokenMember] = [
        .accessToken, .fixed("livemode", false), .refreshToken, .type("bearer"),
        .fixed("stripe_publishable_key", "pk_sandbox_platform"), .account("stripe_user_id"),
    ]

    /// The answer of an OAuth endpoint to what it refuses.
    static func refusal(_ fault: OAuthFault) -> Answer { .refusal(fault, clientStatus: 401, isDescribed: true) }
}
