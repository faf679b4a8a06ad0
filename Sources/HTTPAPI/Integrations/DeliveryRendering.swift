// Renders the deliveries of a connection's notifications. Shows only the class and the status of an answer, never its
// body or the address of the endpoint.

import ConnectionModel
import ProviderSDK
import Requests

enum DeliveryRendering {
    /// Renders a page of deliveries, the newest event first.
    static func deliveries(of connection: Connection, page: Int, limit: Int) -> Reply {
        // Sorting is stable: of two events of one moment the later one comes first.
        let all = (connection.webhook.log.reversed() + connection.outbox).reversed().sorted { $0.at > $1.at }
        let first = (page - 1) * limit
        return .json { writer in
            writer.member("success", true)
            endpoint(of: connection, to: &writer)
            writer.key("deliveries")
            writer.array { writer in
                for event in all.dropFirst(first).prefix(limit) { delivery(event, to: &writer) }
            }
            writer.member("page", page)
            writer.member("limit", limit)
            writer.member("total", all.count)
            writer.member("dropped", connection.notifications.dropped)
        }
    }

    /// Renders one delivery after a redelivery or test request.
    static func delivery(_ event: ConnectionEvent) -> Reply {
        .json { writer in
            writer.member("success", true)
            writer.key("delivery")
            delivery(event, to: &writer)
        }
    }

    private static func endpoint(of connection: Connection, to writer: inout JSONWriter) {
        let webhook = connection.webhook
        let state =
            if connection.settings.webhookURL == nil {
                "none"
            } else if webhook.disabledAt != nil {
                "disabled"
            } else {
                webhook.failingSince == nil ? "active" : "failing"
            }
        writer.key("endpoint")
        writer.object { writer in
            writer.member("state", state)
            writer.member("disabledAt", webhook.disabledAt?.description)
            writer.member("failingSince", webhook.failingSince?.description)
        }
    }

    private static func delivery(_ event: ConnectionEvent, to writer: inout JSONWriter) {
        let delivery = event.delivery
        writer.object { writer in
            writer.member("eventId", event.id)
            writer.member("type", event.kind.rawValue)
            writer.member("createdAt", event.at.text(withMilliseconds: true))
            writer.member("status", delivery.end?.rawValue ?? "pending")
            writer.member("nextAttemptAt", delivery.nextAttemptAt?.text(withMilliseconds: true))
            writer.key("attempts")
            writer.array { writer in
                for attempt in delivery.attempts {
                    writer.object { writer in
                        writer.member("at", attempt.at.text(withMilliseconds: true))
                        writer.member("outcome", attempt.outcome.shown.rawValue)
                        writer.member("httpStatus", attempt.status.map { .number(JSONNumber($0)) } ?? .null)
                        writer.member("durationMs", attempt.shownMilliseconds)
                    }
                }
            }
        }
    }
}
