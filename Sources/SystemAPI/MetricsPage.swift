// The metrics as text that Prometheus reads (exposition format 0.0.4). Reads counters and nothing else.

import ConnectionModel
import Connections
import Events
import Observability
package import Primitives
import Processes
import ProviderSDK
package import Requests
package import Webhooks

/// The metrics as text.
package struct MetricsPage: Sendable {
    /// The store's cached and waiting documents.
    package struct StoreFigures: Sendable {
        package let cachedDocuments: Int
        package let cachedBytes: Int
        package let cachedStatuses: Int
        package let cachedStatusBytes: Int
        package let waitingDocuments: Int
        package let isReadOnly: Bool
        /// Whether the disk takes no writes.
        package let hasDiskProblem: Bool
        package let freeBytes: Int

        package init(
            cachedDocuments: Int, cachedBytes: Int, cachedStatuses: Int = 0, cachedStatusBytes: Int = 0,
            waitingDocuments: Int, isReadOnly: Bool, hasDiskProblem: Bool = false, freeBytes: Int = 0
        ) {
            self.hasDiskProblem = hasDiskProblem
            self.freeBytes = freeBytes
            self.cachedDocuments = cachedDocuments
            self.cachedBytes = cachedBytes
            self.cachedStatuses = cachedStatuses
            self.cachedStatusBytes = cachedStatusBytes
            self.waitingDocuments = waitingDocuments
            self.isReadOnly = isReadOnly
        }
    }

    package let requests: RequestMetrics
    package let store: @Sendable () -> StoreFigures
    package let inbox: @Sendable () -> InboxStatistics
    /// Returns what the server counts; nil before there is a server.
    package let server: @Sendable () -> ServerFigures?
    /// The version of the program.
    package let version: String
    /// Returns the longest turn of an event loop of late.
    package let loopLag: @Sendable () -> Duration
    package let time: TimeSource
    /// Returns the number of undelivered notifications.
    package let notificationsWaiting: @Sendable () -> Int
    /// Returns the number of readers of live events.
    package let eventReaders: @Sendable () -> Int
    /// Returns how the scheduled backups are; nil when there are none.
    package let backups: @Sendable () -> BackupFigures?

    package init(
        requests: RequestMetrics, store: @escaping @Sendable () -> StoreFigures,
        inbox: @escaping @Sendable () -> InboxStatistics,
        server: @escaping @Sendable () -> ServerFigures? = { nil }, version: String = "",
        loopLag: @escaping @Sendable () -> Duration = { .zero }, time: TimeSource,
        notificationsWaiting: @escaping @Sendable () -> Int, eventReaders: @escaping @Sendable () -> Int = { 0 },
        backups: @escaping @Sendable () -> BackupFigures? = { nil }
    ) {
        self.requests = requests
        self.store = store
        self.inbox = inbox
        self.server = server
        self.version = version
        self.loopLag = loopLag
        self.time = time
        self.notificationsWaiting = notificationsWaiting
        self.eventReaders = eventReaders
        self.backups = backups
    }

    /// All metrics at this moment.
    package var text: String {
        var page = ""
        page.reserveCapacity(16 << 10)
        writeRequests(to: &page)
        Self.writeCounters(to: &page)
        Self.writeOutcomes(to: &page)
        Self.writeInbox(inbox(), at: time.now, to: &page)
        writeGauges(to: &page)
        BackupFigures.write(backups(), to: &page)
        if let figures = server() { Self.write(figures, to: &page) }
        writeProcess(.current, to: &page)
        return page
    }

    private static func write(_ figures: ServerFigures, to page: inout String) {
        gauges(figures.gauges, &page)
        for total in figures.totals {
            head(total.name, "counter", total.help, &page)
            page += "\(full(total.name)) \(total.value)\n"
        }
        for (name, help, counts) in [
            ("http_rejections_total", "Requests that the server refused, by reason.", figures.rejections),
            ("http_connection_ends_total", "Connections ended without an answer, by reason.", figures.connectionEnds),
        ] {
            head(name, "counter", help, &page)
            for (label, count) in counts where count > 0 {
                page += "\(full(name)){reason=\"\(label)\"} \(count)\n"
            }
        }
    }

    private func writeRequests(to page: inout String) {
        let routes = requests.all.filter { route in route.byDuration.contains { $0.value > 0 } }
        Self.head("http_requests_total", "counter", "Requests by route and status.", &page)
        for route in routes {
            for (index, counter) in route.byStatus.enumerated() where counter.value > 0 {
                let status =
                    index < RouteCounters.statuses.count ? String(RouteCounters.statuses[index]) : "other"
                page += "http_requests_total{\(Self.labels(route)),status=\"\(status)\"} \(counter.value)\n"
            }
        }
        Self.head("http_request_duration_seconds", "histogram", "Time from request to answer by route.", &page)
        for route in routes { Self.histogram(route, &page) }
    }

    private static func writeCounters(to page: inout String) {
        let counters: [(name: String, help: String, value: UInt64)] = [
            (
                "integrations_status_integrations_total", "Integrations returned by the status route.",
                Metrics.integrationsReturned.value
            ),
            (
                "integrations_status_expired_total", "Expired integrations returned by the status route.",
                Metrics.expiredReturned.value
            ), ("retries_total", "Retries after a temporary failure.", Metrics.retries.value),
            ("sync_records_total", "Records that were synced.", Metrics.recordsSynced.value),
            (
                "record_stream_damaged_reads_total", "Reads of record streams that found damage.",
                Metrics.damagedReads.value
            ),
            ("live_events_total", "Live events.", EventHub.published.value),
            (
                "live_event_readers_ended_total", "Readers of live events that fell behind and were ended.",
                EventHub.overtaken.value
            ),
            (
                "log_lines_dropped_total", "Log lines dropped because the reader was too slow.",
                LogSink.linesDropped.value
            ),
        ]
        for counter in counters {
            head(counter.name, "counter", counter.help, &page)
            page += "integration_host_\(counter.name) \(counter.value)\n"
        }
    }

    private static func writeOutcomes(to page: inout String) {
        outcomes("syncs_total", "Syncs.", Metrics.syncsCompleted, Metrics.syncsFailed, &page)
        outcomes(
            "token_refreshes_total", "Refreshes of access tokens.", Metrics.refreshesSucceeded,
            Metrics.refreshesFailed, &page)
        byOutcome(
            "revocations_total", "Disconnected connections, by the outcome for the grant.",
            RevocationOutcome.allCases.map { ($0.rawValue, Metrics.revocations[$0]?.value ?? 0) }, &page)
        byOutcome(
            "account_link_actions_total", "Actions at a provider after an account was linked.",
            LinkActionOutcome.allCases.map { ($0.rawValue, $0.count) }, &page)
        outcomes(
            "notifications_total", "Notifications whose delivery has ended; a failed one was dropped.",
            Metrics.webhooksDelivered, Metrics.webhooksFailed, &page)
        byOutcome(
            "notification_attempts_total", "Attempts to deliver a notification.",
            DeliveryOutcome.allCases.map { ($0.rawValue, Metrics.webhookAttempts[$0]?.value ?? 0) }, &page)
        outcomes(
            "provider_requests_total", "Requests to providers; a failed one got no answer.", Metrics.outgoingAnswered,
            Metrics.outgoingFailed, &page)
    }

    private static func writeInbox(_ statistics: InboxStatistics, at now: Timestamp, to page: inout String) {
        byOutcome(
            "webhook_deliveries_total", "Webhook deliveries from providers, by outcome.",
            WebhookCounters.Delivery.allCases.map { ($0.rawValue, WebhookCounters.counter($0).value) }, &page)
        byOutcome(
            "webhook_events_total", "Webhook events from providers, by outcome.",
            WebhookCounters.Event.allCases.map { ($0.rawValue, WebhookCounters.counter($0).value) }, &page)
        byOutcome(
            "webhook_events_ignored_total", "Webhook events from providers without an effect, by reason.",
            WebhookCounters.IgnoredReason.allCases.map { ($0.rawValue, WebhookCounters.counter($0).value) }, &page)
        let age = statistics.oldestAt.map { now.duration(since: $0) / .seconds(1) } ?? 0
        gauges(
            [
                ("webhook_events_pending", "Webhook events that are not processed yet.", statistics.pending),
                ("webhook_events_oldest_seconds", "Age of the oldest unprocessed event in seconds.", max(0, Int(age))),
                ("webhook_events_remembered", "Event ids remembered to detect repeats.", statistics.remembered),
            ], &page)
    }

    private func writeGauges(to page: inout String) {
        let store = store()
        Self.gauges(
            [
                ("notifications_waiting", "Notifications that wait for delivery.", notificationsWaiting()),
                ("live_event_readers", "Readers of live events.", eventReaders()),
                ("store_cached_documents", "Documents in memory.", store.cachedDocuments),
                ("store_cached_bytes", "Bytes of documents in memory.", store.cachedBytes),
                ("status_cached_answers", "Status answers in memory.", store.cachedStatuses),
                ("status_cached_bytes", "Memory of status answers.", store.cachedStatusBytes),
                ("store_waiting_documents", "Documents not yet moved out of the journal.", store.waitingDocuments),
                ("store_read_only", "1 while the store refuses writes.", store.isReadOnly ? 1 : 0),
                ("store_disk_problem", "1 while the disk is full or fails.", store.hasDiskProblem ? 1 : 0),
                ("store_disk_free_bytes", "Bytes free on the disk of the data directory.", store.freeBytes),
            ], &page)
    }

    /// Writes what is known of the process, under the names that all programs have for it.
    private func writeProcess(_ process: ProcessFigures, to page: inout String) {
        func line(_ name: String, _ type: String, _ help: String, _ value: String) {
            page += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n\(name) \(value)\n"
        }
        line("process_resident_memory_bytes", "gauge", "Memory of the process.", "\(process.residentBytes)")
        line(
            "process_cpu_seconds_total", "counter", "Processor time of the process.",
            Self.seconds(process.processorMicroseconds))
        line("process_open_fds", "gauge", "Open descriptors.", "\(process.openDescriptors)")
        line("process_max_fds", "gauge", "The bound of open descriptors.", "\(process.descriptorsMax)")
        line("process_threads", "gauge", "Threads of the process.", "\(process.threads)")
        line("process_start_time_seconds", "gauge", "Start of the process since 1970.", "\(process.startedAt)")
        line(
            "integration_host_event_loop_lag_seconds", "gauge",
            "The longest turn of an event loop in the last 15 seconds.",
            Self.seconds(Int(clamping: loopLag().wholeNanoseconds / 1000)))
        let name = "integration_host_build_info"
        page += "# HELP \(name) The version of the program.\n# TYPE \(name) gauge\n\(name){version=\"\(version)\"} 1\n"
    }

    private static func gauges(_ gauges: [(name: String, help: String, value: Int)], _ page: inout String) {
        for gauge in gauges {
            head(gauge.name, "gauge", gauge.help, &page)
            page += "\(full(gauge.name)) \(gauge.value)\n"
        }
    }

    private static func byOutcome(
        _ name: String, _ help: String, _ counts: [(outcome: String, count: UInt64)], _ page: inout String
    ) {
        head(name, "counter", help, &page)
        for (outcome, count) in counts {
            page += "integration_host_\(name){outcome=\"\(outcome)\"} \(count)\n"
        }
    }

    private static func full(_ name: String) -> String {
        name.hasPrefix("http_") ? name : "integration_host_" + name
    }

    private static func head(_ name: String, _ type: String, _ help: String, _ page: inout String) {
        let full = full(name)
        page += "# HELP \(full) \(help)\n# TYPE \(full) \(type)\n"
    }

    private static func labels(_ route: RouteCounters) -> String {
        "method=\"\(route.method)\",route=\"\(route.template)\""
    }

    private static func histogram(_ route: RouteCounters, _ page: inout String) {
        var sum: UInt64 = 0
        for (index, counter) in route.byDuration.enumerated() {
            sum += counter.value
            let bound =
                index < RouteCounters.bucketsMilliseconds.count
                ? seconds(RouteCounters.bucketsMilliseconds[index] * 1000) : "+Inf"
            page += "http_request_duration_seconds_bucket{\(labels(route)),le=\"\(bound)\"} \(sum)\n"
        }
        page += "http_request_duration_seconds_sum{\(labels(route))} \(seconds(Int(route.microseconds.value)))\n"
        page += "http_request_duration_seconds_count{\(labels(route))} \(sum)\n"
    }

    /// Returns microseconds as decimal seconds.
    private static func seconds(_ microseconds: Int) -> String {
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.utf8.count) + fraction
    }

    private static func outcomes(
        _ name: String, _ help: String, _ succeeded: Counter, _ failed: Counter, _ page: inout String
    ) {
        byOutcome(name, help, [("succeeded", succeeded.value), ("failed", failed.value)], &page)
    }
}
