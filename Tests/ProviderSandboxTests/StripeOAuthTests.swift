// Stripe Connect's OAuth endpoints over a socket.

import ProviderSDK
import ProviderSandbox
import Testing

private let callback = "https://app.example.com/callback?x=1"
private let secret = "sk_sandbox_platform"

extension RunningSandbox {
    fileprivate func authorize(_ extra: [(String, String)], _ decision: String? = "allow") throws -> Reply {
        var parameters: [(String, String)] = [
            ("client_id", "ca_sandbox"), ("response_type", "code"), ("redirect_uri", callback), ("state", "s t&1"),
        ]
        for pair in extra {
            parameters.removeAll { $0.0 == pair.0 }
            if pair.1 != "-" { parameters.append(pair) }
        }
        if let decision { parameters.append(("decision", decision)) }
        return try get("/stripe/oauth/authorize?" + Percent.form(parameters))
    }

    fileprivate func tokens(_ extra: [(String, String)] = []) throws -> JSONValue {
        let code = try #require(try authorize(extra).callback["code"])
        let reply = try post(
            "/stripe/oauth/token", form: [("grant_type", "authorization_code"), ("code", code)], [bearer(secret)])
        try #require(reply.status == 200, "\(reply.text)")
        return reply.json
    }
}

@Suite("Stripe o auth", .timeLimit(.minutes(2)))
struct StripeOAuthTests {
    @Test("Allow redirects with code scope and the state unchanged")
    func allowRedirectsWithCodeScopeAndTheStateUnchanged() async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try sandbox.authorize([("scope", "read_write")])
            #expect(reply.status == 302)
            #expect(reply.headers["location"]?.hasPrefix(callback + "&code=ac_") == true)
            #expect(reply.callback["state"] == "s t&1")
            #expect(reply.callback["scope"] == "read_write")
        }
    }

    @Test("Deny redirects with access denied")
    func denyRedirectsWithAccessDenied() async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try sandbox.authorize([], "deny")
            #expect(reply.callback["error"] == "access_denied")
            #expect(reply.callback["state"] == "s t&1")
            #expect(reply.callback["code"] == nil)
        }
    }

    @Test("The page escapes what the request brings and its form decides")
    func thePageEscapesWhatTheRequestBringsAndItsFormDecides() async throws {
        try await RunningSandbox.run { sandbox in
            let page = try sandbox.authorize([("redirect_uri", "https://a.example/?q=<script>")], nil)
            #expect(page.status == 400)
            let question = try sandbox.authorize([("redirect_uri", "https://a.example/?q='%22&b=1")], nil)
            #expect(question.status == 200)
            #expect(question.text.contains("q=&#39;%22&amp;b=1"))
            #expect(question.text.contains("name=\"decision\" value=\"allow\""))
            let query = "client_id=ca_sandbox&response_type=code&redirect_uri=https%3A%2F%2Fa.example%2F"
            let decided = try sandbox.post(
                "/stripe/oauth/authorize?\(query)", form: [("decision", "allow"), ("account", "1")])
            #expect(decided.status == 302)
            #expect(decided.callback["code"] != nil)
        }
    }

    @Test(
        "Authorization requests are checked",
        arguments: [
            ([("client_id", "ca_other")], 400, nil),
            ([("client_id", "-")], 400, nil),
            ([("redirect_uri", "/relative")], 400, nil),
            ([("redirect_uri", "https://a.example/#fragment")], 400, nil),
            ([("response_type", "token")], 302, "unsupported_response_type"),
            ([("scope", "everything")], 302, "invalid_scope"),
        ] as [([(String, String)], Int, String?)])
    func authorizationRequestsAreChecked(_ extra: [(String, String)], _ status: Int, _ error: String?) async throws {
        try await RunningSandbox.run { sandbox in
            let reply = try sandbox.authorize(extra)
            #expect(reply.status == status)
            #expect(reply.callback["error"] == error)
        }
    }

    @Test("Only registered redirect URIs are accepted where some are registered")
    func onlyRegisteredRedirectURIsAreServedWhereSomeAre() async throws {
        try await RunningSandbox.run({ $0.redirectURIs = ["stripe": ["https://app.example.com/cb"]] }) { sandbox in
            #expect(try sandbox.authorize([]).status == 400)
            #expect(try sandbox.authorize([("redirect_uri", "https://app.example.com/cb")]).status == 302)
            let byDefault = try sandbox.authorize([("redirect_uri", "-")])
            #expect(byDefault.headers["location"]?.hasPrefix("https://app.example.com/cb?code=") == true)
        }
    }

    @Test(
        "Token requests are checked",
        arguments: [
            ([bearer(secret)], [], 200, nil),
            ([], [("client_secret", secret)], 200, nil),
            ([], [], 401, "invalid_client"),
            ([bearer("sk_sandbox_other")], [], 401, "invalid_client"),
            ([], [("client_secret", "wrong")], 401, "invalid_client"),
            ([bearer(secret)], [("grant_type", "password")], 400, "unsupported_grant_type"),
            ([bearer(secret)], [("code", "ac_unknown")], 400, "invalid_grant"),
            ([bearer(secret)], [("code", "")], 400, "invalid_request"),
        ] as [([(String, String)], [(String, String)], Int, String?)])
    func tokenRequestsAreChecked(
        _ headers: [(String, String)], _ extra: [(String, String)], _ status: Int, _ error: String?
    ) async throws {
        try await RunningSandbox.run { sandbox in
            var form = [
                ("grant_type", "authorization_code"),
                ("code", try #require(try sandbox.authorize([]).callback["code"])),
            ]
            for pair in extra {
                form.removeAll { $0.0 == pair.0 }
                form.append(pair)
            }
            let reply = try sandbox.post("/stripe/oauth/token", form: form, headers)
            #expect(reply.status == status)
            #expect(reply.json["error"]?.string == error)
        }
    }

    @Test("Tokens have Stripe's shape and no expiry")
    func tokensHaveStripesShapeAndNoExpiry() async throws {
        try await RunningSandbox.run { sandbox in
            let tokens = try sandbox.tokens()
            #expect(tokens["token_type"]?.string == "bearer")
            #expect(tokens["scope"]?.string == "read_only")
            #expect(tokens["livemode"]?.boolean == false)
            #expect(tokens["stripe_user_id"]?.string?.hasPrefix("acct_") == true)
            #expect(tokens["refresh_token"]?.string?.hasPrefix("rt_") == true)
            #expect(tokens["expires_in"] == nil)
        }
    }

    @Test("A code is good once and for five minutes")
    func aCodeIsGoodOnceAndForFiveMinutes() async throws {
        try await RunningSandbox.run { sandbox in
            let code = try #require(try sandbox.authorize([]).callback["code"])
            let form = [("grant_type", "authorization_code"), ("code", code)]
            #expect(try sandbox.post("/stripe/oauth/token", form: form, [bearer(secret)]).status == 200)
            let again = try sandbox.post("/stripe/oauth/token", form: form, [bearer(secret)])
            #expect(again.status == 400)
            #expect(again.json["error"]?.string == "invalid_grant")
            let late = try #require(try sandbox.authorize([]).callback["code"])
            try sandbox.control("clock", #"{"advanceSeconds":301}"#)
            let expired = try sandbox.post(
                "/stripe/oauth/token", form: [("grant_type", "authorization_code"), ("code", late)], [bearer(secret)])
            #expect(expired.json["error"]?.string == "invalid_grant")
        }
    }

    @Test("A refresh keeps the refresh token and may only narrow the scope")
    func aRefreshKeepsTheRefreshTokenAndMayOnlyNarrowTheScope() async throws {
        try await RunningSandbox.run { sandbox in
            let tokens = try sandbox.tokens([("scope", "read_only")])
            let refresh = try #require(tokens["refresh_token"]?.string)
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)]
            let reply = try sandbox.post("/stripe/oauth/token", form: form, [bearer(secret)])
            #expect(reply.status == 200)
            #expect(reply.json["refresh_token"]?.string == refresh)
            #expect(reply.json["access_token"]?.string != tokens["access_token"]?.string)
            let wider = try sandbox.post(
                "/stripe/oauth/token", form: form + [("scope", "read_write")], [bearer(secret)])
            #expect(wider.json["error"]?.string == "invalid_scope")
        }
    }

    @Test("Deauthorizing ends the account's tokens")
    func deauthorizingEndsTheAccountsTokens() async throws {
        try await RunningSandbox.run { sandbox in
            let tokens = try sandbox.tokens()
            let access = try #require(tokens["access_token"]?.string)
            let account = try #require(tokens["stripe_user_id"]?.string)
            #expect(try sandbox.get("/stripe/api/v1/account", [bearer(access)]).json["id"]?.string == account)
            let form = [("client_id", "ca_sandbox"), ("stripe_user_id", account)]
            let reply = try sandbox.post("/stripe/oauth/deauthorize", form: form, [bearer(secret)])
            #expect(reply.json["stripe_user_id"]?.string == account)
            let refused = try sandbox.get("/stripe/api/v1/account", [bearer(access)])
            #expect(refused.status == 403)
            #expect(refused.json.at("error.code")?.string == "account_invalid")
            #expect(try sandbox.post("/stripe/oauth/deauthorize", form: form, [bearer(secret)]).status == 400)
        }
    }

    @Test("The platform key reaches connected accounts only")
    func thePlatformKeyReachesConnectedAccountsOnly() async throws {
        try await RunningSandbox.run { sandbox in
            let tokens = try sandbox.tokens()
            let account = try #require(tokens["stripe_user_id"]?.string)
            let own = try sandbox.get("/stripe/api/v1/account", [bearer(secret), ("Stripe-Account", account)])
            #expect(own.json["id"]?.string == account)
            let other = try sandbox.get("/stripe/api/v1/account", [bearer(secret), ("Stripe-Account", "acct_other")])
            #expect(other.status == 403)
            #expect(try sandbox.get("/stripe/api/v1/account").status == 401)
            #expect(try sandbox.get("/stripe/api/v1/account", [bearer("sk_nonsense")]).status == 401)
        }
    }
}

@Suite("Stripe Apps", .timeLimit(.minutes(2)))
struct StripeAppsTests {
    @Test("The secret key is the user of Basic; tokens have Stripe's shape and no stated life")
    func exchange() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "stripe", "apps")
            #expect(client.endpoints["authorize"] == "/stripe/apps/oauth/v2/authorize")
            let callback = try client.allow(scope: "")
            for headers in [[basic(client.id, client.secret)], [bearer(client.secret)], [basic(client.secret, "x")]] {
                #expect(try client.exchange(callback["code"], [], headers).status == 401)
            }
            let tokens = try client.exchange(callback["code"], [], [basic(client.secret, "")]).json
            #expect(tokens["scope"] == "stripe_apps" && tokens["expires_in"] == nil)
            #expect(tokens["stripe_user_id"]?.string == callback["stripe_user_id"])
        }
    }

    @Test("A refresh gives a new pair and ends the refresh token before it; access ends after an hour")
    func refresh() async throws {
        try await RunningSandbox.run { sandbox in
            let client = try OAuthClient(sandbox, "stripe", "apps")
            let secret = [basic(client.secret, "")]
            let first = try client.exchange(try client.allow(scope: "")["code"], [], secret)
            let second = try client.refresh(first.refreshToken, [], secret)
            #expect(second.status == 200 && second.refreshToken != first.refreshToken)
            #expect(try client.refresh(first.refreshToken, [], secret).json["error"] == "invalid_grant")
            let key = [bearer(second.accessToken ?? "")]
            let list = "\(client.api)/v1/customers"
            #expect(try sandbox.get(list, key).status == 200)
            // What the app may read stands in its manifest.
            #expect(try sandbox.get("\(client.api)/v1/account", key).status == 403)
            try sandbox.control("clock", #"{"advanceSeconds":3601}"#)
            #expect(try sandbox.get(list, key).status == 401)
            #expect(try client.refresh(second.refreshToken, [], secret).status == 200)
        }
    }
}
