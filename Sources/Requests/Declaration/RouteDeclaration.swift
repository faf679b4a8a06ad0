// What a route says of itself: its parameters, its body and its answers. Decoding reads what is declared here, and OpenAPI shows it.

/// The declaration of a route; a class, because each request copies the route's entry.
package final class RouteDeclaration: Sendable {
    /// An answer that is no error.
    package struct Answer: Sendable {
        package let status: Int
        package let note: String
        /// The shape of the JSON body; nil for an answer without one.
        package let schema: Schema?
        /// The media type of a body that is not JSON.
        package let mediaType: String?

        /// An answer with a JSON body.
        package static func json(_ note: String, status: Int = 200, _ schema: Schema) -> Answer {
            Answer(status: status, note: note, schema: schema, mediaType: nil)
        }

        /// An answer without a body, or with one that is not JSON.
        package static func other(_ status: Int, _ note: String, mediaType: String? = nil) -> Answer {
            Answer(status: status, note: note, schema: nil, mediaType: mediaType)
        }
    }

    /// One line that says what the route does.
    package let summary: String
    package let parameters: [DeclaredParameter]
    /// The body; nil when the route takes none.
    package let body: BodyDeclaration?
    /// Whether the route reads parameters that only its provider knows.
    package let takesAnyQuery: Bool
    package let answers: [Answer]

    package init(
        _ summary: String, parameters: [DeclaredParameter] = [], body: BodyDeclaration? = nil,
        takesAnyQuery: Bool = false, _ answers: Answer...
    ) {
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.takesAnyQuery = takesAnyQuery
        self.answers = answers
    }
}
