// Instagram's error answers: {"error": {"message", "type", "code", "fbtrace_id"}} from the Graph API, {"error_type", "code",
// "error_message"} from the token endpoint.

import ProviderSDK

enum InstagramErrors {
    /// The application, the account or the request is limited.
    private static let isLimited = Condition.isOneOf("error.code", ["4", "17", "32", "613"])
    private static let mayPass = Condition.any([
        .isOneOf("error.code", ["1", "2"]), .equals("error.is_transient", true),
    ])

    static let classification = ErrorClassification([
        // The token is not good any more; whether it can be renewed shows when that is tried.
        ErrorRule(400...499, where: .equals("error.code", 190), is: .authExpired),
        ErrorRule(400...499, where: isLimited, is: .rateLimited(after: nil)),
        ErrorRule(400...499, where: mayPass, is: .transient),
        ErrorRule(
            400...499, where: .any([.equals("error.code", 10), .within("error.code", 200...299)]),
            is: .scopeMissing([])),
    ]) { errors in
        errors.code = ["error.code", "error_type", "code"]
        errors.message = ["error.message", "error_message"]
        // Limits are counted over an hour, and no answer says when the hour is over.
        errors.defaultRetryAfter = .seconds(300)
    }

    /// A renewal is refused with the code of a bad token when the token has ended for good.
    static let tokens = ErrorClassification.tokenEndpoint.with { errors in
        errors.rules =
            [
                ErrorRule(400...499, where: .equals("error.code", 190), is: .authRevoked),
                ErrorRule(400...499, where: isLimited, is: .rateLimited(after: nil)),
                ErrorRule(400...499, where: mayPass, is: .transient),
            ] + errors.rules
        errors.code = classification.code + ["error"]
        errors.message = classification.message + ["error_description"]
        errors.defaultRetryAfter = classification.defaultRetryAfter
    }
}
