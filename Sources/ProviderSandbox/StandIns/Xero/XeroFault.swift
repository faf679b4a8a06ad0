// Xero's errors: problem objects for who may do what, validation objects for what was asked, headers for how often.

import ProviderSDK

enum XeroFault: StandInFault {
    case tokenExpired(at: Int64)
    case unauthenticated
    case tenantMissing
    case scopeMissing
    case notFound
    case badCondition
    case invalid(number: Int, type: String, message: String)
    case throttled(problem: String, retryAfterSeconds: Int64)

    var answer: Answer {
        switch self {
        case .tokenExpired(let at): problem(401, "Unauthorized", "TokenExpired: token expired at \(Self.american(at))")
        case .unauthenticated: problem(401, "Unauthorized", "AuthenticationUnsuccessful")
        case .tenantMissing: problem(403, "Forbidden", "AuthenticationUnsuccessful")
        case .scopeMissing: problem(403, "Forbidden", "AuthorizationUnsuccessful: the token lacks a scope")
        case .notFound: .text(404, "The resource you're looking for cannot be found", type: "text/html; charset=utf-8")
        case .badCondition: .text(412, "The If-Modified-Since header is not a date and time", type: "text/plain")
        case .invalid(let number, let type, let message):
            .json(400, ["ErrorNumber": .integer(number), "Type": .string(type), "Message": .string(message)])
        case .throttled(let problem, let seconds):
            Answer(429, headers: [("X-Rate-Limit-Problem", problem), ("Retry-After", String(seconds))])
        }
    }

    private func problem(_ status: UInt16, _ title: String, _ detail: String) -> Answer {
        .json(
            status,
            [
                "Type": .null, "Title": .string(title), "Status": .integer(status), "Detail": .string(detail),
                "Instance": .string(RandomText.uuid()), "Extensions": .object([]),
            ])
    }

    /// Month, day, year and the time, as the message has them.
    private static func american(_ milliseconds: Int64) -> String {
        let text = Timestamp(milliseconds: milliseconds)?.description ?? ""
        guard text.utf8.count == 20 else { return text }
        let parts = Array(text)
        return String(parts[5...6]) + "/" + String(parts[8...9]) + "/" + String(parts[0...3]) + " "
            + String(parts[11...18])
    }
}
