// Sends deliveries by itself when something changes at a stand-in: in order for each endpoint, again when the endpoint fails, signed
// again each time. What a delivery looks like is the stand-in's.

import HTTPClient
import Primitives
import ProviderSDK
import Synchronization

/// Delivers to the endpoints that subscribed.
final class WebhookCourier: Sendable {
    /// The outcomes of deliveries.
    struct Counts: Sendable {
        var delivered = 0
        var failed = 0
        var waiting = 0
    }

    private struct Endpoint {
        let url: String
        var queue: [WebhookCommand] = []
        var isWorking = false
    }

    private struct State {
        /// By the stand-in's name.
        var endpoints: [String: Endpoint] = [:]
        var counts = Counts()
        var client: HTTPClient?
        var isStopped = false
    }

    /// Deliveries that wait for one endpoint; the oldest make room.
    private static let waitingMax = 1000
    /// The pauses before a delivery that failed is sent again.
    private static let pauses: [Duration] = [.milliseconds(200), .seconds(1), .seconds(3)]

    private let state = Mutex(State())

    /// Sends what happens at a stand-in to `url` from now on; nil ends it.
    func subscribe(_ standIn: any StandIn, to url: String?) throws(ControlFault) {
        guard standIn.sendsWebhooks else { throw .notFound("The provider sends no webhooks.") }
        try state.withLock { state throws(ControlFault) in
            if state.client == nil {
                var configuration = HTTPClient.Configuration()
                configuration.addressPolicy = .any
                do throws(HTTPClientError) { state.client = try HTTPClient(configuration) } catch {
                    throw .malformed("\(error)")
                }
            }
            state.endpoints[standIn.name] = url.map { Endpoint(url: $0) }
        }
    }

    /// Queues a delivery; does nothing without a subscription, or for an event that the provider does not send.
    func tell(_ command: WebhookCommand, of standIn: any StandIn) {
        guard standIn.sendsWebhooks, (try? standIn.webhook(command)) != nil else { return }
        let starts = state.withLock { state in
            guard var endpoint = state.endpoints[standIn.name], !state.isStopped else { return false }
            if endpoint.queue.count >= Self.waitingMax { endpoint.queue.removeFirst() }
            endpoint.queue.append(command)
            defer { state.endpoints[standIn.name] = endpoint }
            guard !endpoint.isWorking else { return false }
            endpoint.isWorking = true
            return true
        }
        if starts { Task { await self.work(standIn) } }
    }

    var counts: Counts {
        state.withLock { state in
            var counts = state.counts
            counts.waiting = state.endpoints.values.reduce(0) { $0 + $1.queue.count }
            return counts
        }
    }

    /// Sends nothing more.
    func stop() async {
        let client = state.withLock { state in
            state.isStopped = true
            state.endpoints = [:]
            return state.client
        }
        await client?.shutdown()
    }

    private func work(_ standIn: any StandIn) async {
        while let (command, url, client) = next(standIn.name) {
            var isDelivered = false
            for pause in Self.pauses.map(Optional.some) + [nil] {
                isDelivered = await send(command, of: standIn, to: url, client)
                guard !isDelivered, let pause else { break }
                try? await Task.sleep(for: pause)
            }
            state.withLock { state in
                if isDelivered { state.counts.delivered += 1 } else { state.counts.failed += 1 }
            }
        }
    }

    private func next(_ name: String) -> (WebhookCommand, url: String, HTTPClient)? {
        state.withLock { state in
            guard let endpoint = state.endpoints[name], let client = state.client else { return nil }
            guard let command = endpoint.queue.first else {
                state.endpoints[name]?.isWorking = false
                return nil
            }
            state.endpoints[name]?.queue.removeFirst()
            return (command, endpoint.url, client)
        }
    }

    private func send(
        _ command: WebhookCommand, of standIn: any StandIn, to url: String, _ client: HTTPClient
    ) async -> Bool {
        guard let signed = try? standIn.webhook(command.signed(at: SystemClock.millisecondsSince1970 / 1000)) else {
            return false
        }
        let response = try? await client.send(
            HTTPClient.Request(
                method: .post, url: url, headers: signed.headers + [("Content-Type", "application/json")],
                body: signed.body))
        return response.map { 200...299 ~= $0.status } ?? false
    }
}
