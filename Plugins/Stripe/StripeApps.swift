// Stripe Apps: OAuth of an app from Stripe's marketplace, which new integrators use instead of Connect. Everything is data.

import ProviderSDK

enum StripeApps {
    /// Another kind of application at Stripe, with its own client id.
    static let variant = Variant(id: "apps", name: "Stripe Apps") { variant in
        variant.endpoints = [
            "authorize": "https://marketplace.stripe.com/oauth/v2/authorize",
            "token": "https://api.stripe.com/v1/oauth/token",
        ]
        variant.oauth = oauth
        // The app's manifest at Stripe says what it may do; the scope of its tokens limits nothing.
        variant.scopes = ScopeTable([]) { $0.limitsNothing = true }
    }

    /// The secret key is the user name of Basic; access tokens live an hour, and each refresh brings a refresh token for a year.
    private static let oauth = OAuth2 { oauth in
        oauth.clientAuthentication = .secretAsBasicUser
        oauth.pkce = .unsupported
        oauth.sendsRedirectURIInExchange = false
        oauth.refresh = .refreshToken(rotation: .rotates(grace: .zero))
        oauth.lifetimes = TokenLifetimes(accessToken: .seconds(3600), refreshTokenIdle: .seconds(365 * 86_400))
    }
}
