// The declaration of the route of live events.

import ConnectionModel
import Events
import Requests

enum EventDeclarations {
    static let lastID = Parameter<String?>(
        "Last-Event-ID", in: .header,
        .text.noted("The id of the last event that the reader has; the events behind it come first.")
    ) { (text) throws(ServiceError) in text }

    static let read = RouteDeclaration(
        "Read live events, as Server-Sent Events: \(LiveEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")).",
        parameters: [lastID.declared], .other(200, "The events, without end", mediaType: "text/event-stream"))
}
