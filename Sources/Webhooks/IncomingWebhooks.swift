// Incoming webhooks as one part of the host: puts inbox, index and processor together, starts them in order
// and stops them. Makes no decisions.

package import ConnectionModel
package import DocumentStore
package import Observability
package import Primitives
import ProviderSDK
package import Providers
import Synchronization

/// The incoming webhooks of a host.
package final class IncomingWebhooks: Sendable {
    /// The intake that the routes call.
    package let intake: WebhookIntake
    private let inbox: WebhookInbox
    private let index: AccountIndex
    private let processor: EventProcessor
    private let opening = Mutex<Task<Void, Never>?>(nil)

    package init(
        users: UserStore, registry: ProviderRegistry, documents: Documents, changes: any ChangeNoting,
        deletions: any RecordDeleting, credentials: any ConnectionCredentials, gateway: ProviderGateway,
        time: TimeSource, log: Log
    ) {
        let setups = Dictionary(uniqueKeysWithValues: registry.providers.map { ($0.id, WebhookSetup($0)) })
        let services = setups.filter { setup in
            if case .ready = setup.value { true } else { false }
        }
        inbox = WebhookInbox(documents, time: time, log: log)
        index = AccountIndex(users, services: Set(services.keys), time: time, log: log)
        processor = EventProcessor(
            users: users, registry: registry, index: index, inbox: inbox, noting: changes,
            grants: GrantEvents(users: users, credentials: credentials, gateway: gateway, time: time, log: log),
            deletions: deletions, time: time, log: log)
        intake = WebhookIntake(registry, setups: setups, inbox: inbox, index: index, time: time, log: log)
    }

    /// The statistics of the inbox.
    package var statistics: InboxStatistics { inbox.statistics }

    /// Loads what the last run left and continues it.
    package func start() {
        opening.withLock { opening in
            guard opening == nil else { return }
            opening = Task { [inbox, index, processor] in
                await inbox.open { processor.take($0) }
                await index.read()
                if !Task.isCancelled { processor.start() }
            }
        }
    }

    /// Stops; unprocessed events wait for the next start.
    package func stop() async {
        let opening = opening.withLock { $0 }
        opening?.cancel()
        await opening?.value
        await processor.stop()
        await inbox.close()
    }
}
