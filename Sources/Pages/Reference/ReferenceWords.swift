// The words of the reference. Part of the words of the pages.

/// The words of the pages that show the OpenAPI document.
enum ReferenceWords {
    static let heading = "HTTP API"
    static let lead = "Every route of this host, with what it takes and what it answers."
    static let machineReadable = "The same as OpenAPI 3.1"
    static let routes = "Routes"
    static let recordTypes = "Records"
    static let recordsLead = "The fields of the records of each data type."
    static let allRoutes = "All routes"
    static let access = "Who may call it"
    static let parameters = "Parameters"
    static let body = "Body"
    static let bodyMayBeAbsent = "The body may be absent."
    static let answers = "Answers"
    static let otherAnswer = "Every error"
    static let errors = "Errors"
    static let example = "Example"
    static let fields = "Fields"
    static let required = "required"
    static let isAlwaysThere = "always there"
    static let anyone = "Anyone; no session is needed."
    static let withoutBody = "No body."
    static let notFoundHeading = "There is no such page"
    static let notFound = "The address is not complete, or the route is gone."
    static let problemHeading = "This cannot be shown"

    /// Who may call a route, by the name of a scheme of the document.
    static func scheme(_ name: String, scopes: [String]) -> String {
        switch name {
        case "bearer": "A session or an API key, as Bearer"
        case "cookie": "A session in a cookie"
        case "application": "An application key with the scope " + scopes.joined(separator: ", ")
        default: name
        }
    }

    /// A place of parameters.
    static func place(_ place: String) -> String {
        switch place {
        case "path": "in the path"
        case "query": "in the query"
        case "header": "a header field"
        default: place
        }
    }

    static func atMost(_ count: Int64) -> String { ", at most \(count)" }
    static func atMostCharacters(_ count: Int64) -> String { ", at most \(count) characters" }
    static func oneOf(_ values: [String]) -> String { "one of " + values.joined(separator: ", ") }
    static func listOf(_ type: String) -> String { "list of \(type)" }
    static func orNull(_ type: String) -> String { "\(type) or null" }
    static let any = "any value"
    static let oneOfRecords = "one of the records"
    static let moment = "moment"
    static let url = "URL"
    static let text = "text"
    static let noText = "other media type"
}
