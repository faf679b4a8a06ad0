// Stripe's error bodies: those of the API. Those of Connect's OAuth endpoints differ.

import ProviderSDK

/// One error of the Stripe API.
struct StripeFault: StandInFault {
    let status: UInt16
    var type = "invalid_request_error"
    var code: String?
    var parameter: String?
    let message: String

    var answer: Answer {
        var members: [(key: String, value: JSONValue)] = []
        if let code {
            members.append(("code", .string(code)))
            let page = code.replacing(UInt8(ascii: "_"), with: UInt8(ascii: "-"))
            members.append(("doc_url", .string("https://stripe.com/docs/error-codes/\(page)")))
        }
        members.append(("message", .string(message)))
        if let parameter { members.append(("param", .string(parameter))) }
        members.append(("type", .string(type)))
        return .json(status, ["error": .object(members)])
    }

    static let noKey = StripeFault(
        status: 401, message: "No API key was sent: put a secret key into the Authorization header (Bearer).")

    static func invalidKey(_ key: String) -> StripeFault {
        StripeFault(status: 401, message: "Invalid API Key provided: \(masked(key))")
    }

    static func noAccess(_ key: String, account: String) -> StripeFault {
        StripeFault(
            status: 403, code: "account_invalid",
            message: "The provided key '\(masked(key))' does not have access to account '\(account)' (or that account "
                + "does not exist). Application access may have been revoked.")
    }

    static func permissionMissing(_ permission: String) -> StripeFault {
        StripeFault(
            status: 403, code: "more_permissions_required_for_application",
            message: "The provided key does not have the required permissions for this endpoint. Having the "
                + "'\(permission)' permission would allow this request to continue.")
    }

    static func missing(_ object: String, _ id: String, parameter: String = "id", status: UInt16 = 404) -> StripeFault {
        StripeFault(
            status: status, code: "resource_missing", parameter: parameter, message: "No such \(object): '\(id)'")
    }

    static func unknownParameter(_ name: String) -> StripeFault {
        StripeFault(
            status: 400, code: "parameter_unknown", parameter: name, message: "Received unknown parameter: \(name)")
    }

    static func invalid(_ parameter: String, _ message: String, code: String? = nil) -> StripeFault {
        StripeFault(status: 400, code: code, parameter: parameter, message: message)
    }

    static let rateLimited = StripeFault(
        status: 429, code: "rate_limit", message: "Request rate limit exceeded.")

    /// The error that Stripe answers a status with, where nothing more is known.
    static func of(_ status: UInt16, _ request: SandboxRequest?) -> StripeFault {
        switch status {
        case 401: .invalidKey(request?.bearer ?? "sk_sandbox_***")
        case 403: .noAccess(request?.bearer ?? "sk_sandbox_***", account: request?.header("stripe-account") ?? "acct")
        case 404:
            StripeFault(
                status: 404,
                message: "Unrecognized request URL (\(request.map { "\($0.method): \($0.path)" } ?? "unknown")).")
        case 405: StripeFault(status: 405, message: "The method is not allowed for this URL.")
        case 409:
            StripeFault(
                status: 409, code: "lock_timeout", message: "Another request holds the object; try again later.")
        case 429: .rateLimited
        case 500...:
            StripeFault(status: status, type: "api_error", message: "An unknown error occurred on Stripe's side.")
        default: StripeFault(status: status, message: "The request cannot be served.")
        }
    }

    /// The key with all but its beginning and end hidden.
    private static func masked(_ key: String) -> String {
        key.utf8.count <= 16 ? "***" : "\(key.prefix(8))***\(key.suffix(4))"
    }
}

extension String {
    func replacing(_ byte: UInt8, with other: UInt8) -> String {
        String(decoding: utf8.map { $0 == byte ? other : $0 }, as: UTF8.self)
    }
}
