// QuickBooks' faults: two spellings of the same object, in JSON and in XML.

import ProviderSDK

struct QuickBooksFault: Error, Sendable {
    let status: UInt16
    let code: String
    let type: String
    let message: String
    let detail: String
    /// Whether it is written the way the gateway does: lower-case names, many empty members.
    var isFromGateway = false

    static func parser(_ detail: String) -> QuickBooksFault {
        QuickBooksFault(
            status: 400, code: "4000", type: "ValidationFault", message: "Error parsing query",
            detail: "QueryParserError: \(detail)")
    }

    static func validation(_ detail: String) -> QuickBooksFault {
        QuickBooksFault(
            status: 400, code: "4001", type: "ValidationFault", message: "Invalid query",
            detail: "QueryValidationError: \(detail)")
    }

    static func invalid(_ detail: String) -> QuickBooksFault {
        QuickBooksFault(
            status: 400, code: "2010", type: "ValidationFault", message: "Request has invalid or unsupported property",
            detail: detail)
    }

    static func unauthenticated(_ detail: String, isFromGateway: Bool) -> QuickBooksFault {
        QuickBooksFault(
            status: 401, code: "3200", type: "AUTHENTICATION",
            message: "message=AuthenticationFailed; errorCode=003200; statusCode=401", detail: detail,
            isFromGateway: isFromGateway)
    }

    static let wrongCompany = QuickBooksFault(
        status: 403, code: "3100", type: "AUTHORIZATION",
        message: "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403",
        detail: "The application is not connected to this company.")

    static let scopeMissing = QuickBooksFault(
        status: 403, code: "5020", type: "AuthorizationFault", message: "Permission Denied",
        detail: "The token has not the scope com.intuit.quickbooks.accounting.")

    static let throttled = QuickBooksFault(
        status: 429, code: "3001", type: "SERVICE",
        message: "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        detail: "The request limit was reached. Try again later")

    static func notFound(_ detail: String) -> QuickBooksFault {
        QuickBooksFault(
            status: 404, code: "610", type: "ValidationFault", message: "Object Not Found", detail: detail)
    }

    static func of(_ status: UInt16) -> QuickBooksFault {
        switch status {
        case 401: unauthenticated("Token expired", isFromGateway: true)
        case 403: wrongCompany
        case 404: notFound("The resource was not found.")
        case 429: throttled
        case 500...:
            QuickBooksFault(
                status: status, code: "10000", type: "SystemFault", message: "An application error has occurred",
                detail: "System Failure Error")
        default:
            QuickBooksFault(status: status, code: "2010", type: "ValidationFault", message: "Bad request", detail: "")
        }
    }

    /// The members around the errors, without those of the envelope.
    private var fault: JSONValue {
        [
            "Error": [["Message": .string(message), "Detail": .string(detail), "code": .string(code)]],
            "type": .string(type),
        ]
    }

    func json(time: String, milliseconds: Int64) -> JSONValue {
        guard isFromGateway else { return ["Fault": fault, "time": .string(time)] }
        let error: JSONValue = [
            "message": .string(message), "detail": .string(detail), "code": .string(code), "element": .null,
        ]
        return [
            "warnings": .null, "intuitObject": .null, "fault": ["error": [error], "type": .string(type)],
            "report": .null, "queryResponse": .null, "batchItemResponse": [], "attachableResponse": [],
            "syncErrorResponse": .null, "requestId": .null, "time": .integer(milliseconds), "status": .null,
            "cdcresponse": [],
        ]
    }

    var xml: JSONValue { ["Fault": fault] }
}
