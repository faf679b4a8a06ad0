// Incoming webhooks as one part of the host: puts inbox and processor together, starts them in order
// and stops them. Makes no decisions.

package import Background
import ConnectionModel
package import DocumentStore
package import Observability
package import Primitives
import ProviderSDK
package import Providers
import Synchronization
package import Users

/// The incoming webhooks of a host.
package final class IncomingWebhooks: Sendable {
    /// The intake that the routes call.
    package let intake: WebhookIntake
    private let inbox: WebhookInbox
    private let accounts: AccountUsers
    private let processor: EventProcessor
    private let opening = Mutex<Task<Void, Never>?>(nil)

    package init(
        users: UserStore, registry: ProviderRegistry, documents: Documents, accounts: AccountUsers,
        changes: any ChangeNoting,
        deletions: any RecordDeleting, credentials: any ConnectionCredentials, gateway: ProviderGateway,
        time: TimeSource, log: Log
    ) {
        inbox = WebhookInbox(documents, time: time, log: log)
        self.accounts = accounts
        processor = EventProcessor(
            users: users, registry: registry, accounts: accounts, inbox: inbox, noting: changes,
            grants: GrantEvents(users: users, credentials: credentials, gateway: gateway, time: time, log: log),
            deletions: deletions, time: time, log: log)
        intake = WebhookIntake(
            registry, setup: WebhookSetup.init, inbox: inbox, accounts: accounts, time: time, log: log)
    }

    /// Returns the providers whose webhooks the host can verify.
    package static func services(in registry: ProviderRegistry) -> Set<String> {
        Set(
            registry.providers.filter { provider in
                if case .ready = WebhookSetup(provider) { true } else { false }
            }.map(\.id))
    }

    /// The statistics of the inbox.
    package var statistics: InboxStatistics { inbox.statistics }

    /// Loads what the last run left and continues it.
    package func start() {
        opening.withLock { opening in
            guard opening == nil else { return }
            opening = Task { [inbox, accounts, processor] in
                await inbox.open { processor.take($0) }
                await accounts.read()
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
