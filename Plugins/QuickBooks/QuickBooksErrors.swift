// How QuickBooks reports errors: faults in two spellings and in XML, also in answers with status 200, and one throttle under
// several statuses.

import ProviderSDK

enum QuickBooksErrors {
    static let classification = ErrorClassification([
        ErrorRule(
            200...599, where: .any([fault("message", contains: "ThrottleExceeded"), fault("code", is: ["3001"])]),
            is: .rateLimited(after: nil)),
        ErrorRule(200...499, where: fault("code", is: ["3200"]), is: .authExpired),
        ErrorRule(200...499, where: fault("code", is: ["3201"]), is: .authRevoked),
        // Another app's company, or a sandbox company at the production API.
        ErrorRule(200...499, where: fault("code", is: ["3100"]), is: .misconfigured),
        ErrorRule(200...299, where: faultType(["AUTHENTICATION", "AuthenticationFault"]), is: .authExpired),
        ErrorRule(200...299, where: faultType(["AUTHORIZATION", "AuthorizationFault"]), is: .scopeMissing([])),
        ErrorRule(
            200...299, where: .any([faultType(["SystemFault", "SERVICE"]), fault("code", is: ["10000"])]),
            is: .transient),
        ErrorRule(200...299, where: .any([.isSet("Fault"), .isSet("fault")]), is: .permanent),
    ]) { errors in
        errors.code = [
            "Fault.Error.0.code", "fault.error.0.code", "Fault.Error.code", "Fault.type", "fault.type", "error",
        ]
        errors.message = [
            "Fault.Error.0.Message", "fault.error.0.message", "Fault.Error.Message", "Fault.Error.0.Detail",
            "fault.error.0.detail", "Fault.Error.Detail",
        ]
        // No answer names a pause; the limit is counted by the minute.
        errors.defaultRetryAfter = .seconds(60)
    }

    private static func fault(_ member: String, is values: [String]) -> Condition {
        .any([
            .isOneOf(ValuePath("Fault.Error.0.\(member)"), values),
            .isOneOf(ValuePath("fault.error.0.\(member)"), values),
            // The only error of a fault in XML.
            .isOneOf(ValuePath("Fault.Error.\(member)"), values),
        ])
    }

    private static func fault(_ member: String, contains part: String) -> Condition {
        let capitalised = (member.first?.uppercased() ?? "") + member.dropFirst()
        return .any([
            .contains(ValuePath("Fault.Error.0.\(capitalised)"), part),
            .contains(ValuePath("fault.error.0.\(member)"), part),
            .contains(ValuePath("Fault.Error.\(capitalised)"), part),
        ])
    }

    private static func faultType(_ values: [String]) -> Condition {
        .any([.isOneOf("Fault.type", values), .isOneOf("fault.type", values)])
    }
}
