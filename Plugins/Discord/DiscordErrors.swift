// Discord's error answers: {"code": int, "message": string}. The code says more than the status.

import ProviderSDK

enum DiscordErrors {
    /// Codes for a member or a user that is not there: for a change to a member, nothing is left to be done.
    ///
    /// A role that is not there is a wrong setting of the operator.
    static let goneMember = ["10007", "10013"]

    static let classification = ErrorClassification([
        // Blocked before it reached the API: the User-Agent is not in the form that Discord demands.
        ErrorRule(400...499, where: .equals("code", 40333), is: .misconfigured),
        // The token is invalid; the same token will not do a second time, and many such answers end in a ban.
        ErrorRule(400...499, where: .isOneOf("code", ["40001", "50014", "50025"]), is: .authExpired),
        // Access or a permission is missing.
        ErrorRule(400...499, where: .isOneOf("code", ["50001", "50013"]), is: .scopeMissing([])),
        // The resource is limited, or overloaded, with any status.
        ErrorRule(400...499, where: .equals("code", 40062), is: .rateLimited(after: nil)),
        ErrorRule(400...599, where: .equals("code", 130_000), is: .transient),
    ]) { errors in
        errors.code = ["code", "error"]
        errors.message = ["message", "error_description"]
        errors.retryAfter = ["retry_after"]
        errors.retryAfterFields = ["X-RateLimit-Reset-After"]
    }
}
