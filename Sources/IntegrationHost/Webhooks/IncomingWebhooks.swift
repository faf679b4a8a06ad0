// Incoming webhooks as one part of the host: puts inbox, index, processor and syncs together, starts them in order and stops them.
// Decides nothing itself.

import DocumentStore
import Primitives
import ProviderSDK
import Storage
import Synchronization

/// The incoming webhooks of a host.
final class IncomingWebhooks: Sendable {
    /// What the routes ask.
    let intake: WebhookIntake
    /// What looks after the syncs that were not begun.
    let syncs: ChangeSyncs
    let time: TimeSource
    private let inbox: WebhookInbox
    private let index: AccountIndex
    private let processor: EventProcessor
    private let opening = Mutex<Task<Void, Never>?>(nil)

    init(
        users: UserStore, registry: ProviderRegistry, data: DataDirectory, engine: SyncEngine,
        credentials: any ConnectionCredentials, gateway: ProviderGateway, vault: CredentialVault, quietTime: Duration,
        time: TimeSource, log: Log
    ) {
        let setups = Dictionary(uniqueKeysWithValues: registry.providers.map { ($0.id, WebhookSetup($0)) })
        let services = setups.filter { setup in
            if case .ready = setup.value { true } else { false }
        }
        self.time = time
        inbox = WebhookInbox(data.documents, time: time, log: log)
        index = AccountIndex(users, services: Set(services.keys), time: time, log: log)
        syncs = ChangeSyncs(
            users: users, registry: registry, engine: engine,
            debouncer: Debouncer(quietTime: quietTime, quietTimeMax: max(IncomingLimits.quietTimeMax, quietTime)),
            time: time, log: log)
        processor = EventProcessor(
            users: users, registry: registry, index: index, inbox: inbox, syncs: syncs,
            grants: GrantEvents(users: users, credentials: credentials, gateway: gateway, time: time, log: log),
            deletions: RecordDeletions(users: users, engine: engine, records: data.records, vault: vault, time: time),
            time: time, log: log)
        intake = WebhookIntake(registry, setups: setups, inbox: inbox, index: index, time: time, log: log)
    }

    /// How the inbox is doing.
    var statistics: InboxStatistics { inbox.statistics }

    /// Reads what the last run left, and goes on with it.
    func start() {
        opening.withLock { opening in
            guard opening == nil else { return }
            opening = Task { [inbox, index, processor] in
                await inbox.open { processor.take($0) }
                await index.read()
                if !Task.isCancelled { processor.start() }
            }
        }
    }

    /// Stops; what was not carried out waits for the next start.
    func stop() async {
        let opening = opening.withLock { $0 }
        opening?.cancel()
        await opening?.value
        await processor.stop()
        await syncs.stop()
        await inbox.close()
    }
}
