// Slack's errors: names in the answer's body with any status, at methods and at the token endpoint.

import ProviderSDK

enum SlackErrors {
    private static let rateLimited = ["ratelimited", "rate_limited"]
    private static let transient = [
        "request_timeout", "fatal_error", "internal_error", "service_unavailable", "team_added_to_org",
    ]
    /// About one channel or thread, which is skipped; the walk continues.
    static let skipped: Set = [
        "not_in_channel", "channel_not_found", "is_archived", "method_not_supported_for_channel_type",
        "thread_not_found",
    ]

    /// Status 200 does not mean success; `ok` does.
    static let methods = ErrorClassification([
        // About the token: a grant with a refresh token may outlive it.
        ErrorRule(
            200...499, where: .isOneOf("error", ["invalid_auth", "token_expired", "token_revoked"]), is: .authExpired),
        ErrorRule(200...499, where: .isOneOf("error", ["account_inactive", "not_authed"]), is: .authRevoked),
        ErrorRule(
            200...499, where: .isOneOf("error", ["missing_scope", "no_permission", "org_login_required"]),
            is: .scopeMissing([])),
        ErrorRule(200...499, where: .isOneOf("error", rateLimited), is: .rateLimited(after: nil)),
        ErrorRule(200...499, where: .isOneOf("error", transient), is: .transient),
        ErrorRule(200...499, where: .equals("error", "invalid_cursor"), is: .cursorRefused),
        ErrorRule(200...299, where: .equals("ok", false), is: .permanent),
    ]) { errors in
        errors.code = ["error"]
        errors.message = []
        errors.missingScopes = ["needed"]
        errors.defaultRetryAfter = .seconds(60)
    }

    /// The token endpoint reports its errors with status 200 and with other names.
    static let tokenEndpoint = ErrorClassification.tokenEndpoint.with { errors in
        errors.rules =
            [
                ErrorRule(
                    200...499,
                    where: .isOneOf(
                        "error",
                        [
                            "invalid_code", "code_already_used", "invalid_refresh_token", "token_revoked",
                            "token_expired", "account_inactive",
                        ]), is: .authRevoked),
                ErrorRule(
                    200...499,
                    where: .isOneOf(
                        "error",
                        [
                            "bad_client_secret", "invalid_client_id", "bad_redirect_uri", "invalid_grant_type",
                            "oauth_authorization_url_mismatch",
                        ]), is: .misconfigured),
                ErrorRule(200...499, where: .isOneOf("error", rateLimited), is: .rateLimited(after: nil)),
                ErrorRule(200...499, where: .isOneOf("error", transient), is: .transient),
            ] + errors.rules + [ErrorRule(200...299, where: .equals("ok", false), is: .permanent)]
    }
}
