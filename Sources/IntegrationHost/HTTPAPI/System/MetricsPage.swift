// The counters as text that Prometheus reads (exposition format 0.0.4). Reads counters and nothing else.

import DocumentStore
import Storage

/// The metrics as text.
struct MetricsPage: Sendable {
    let requests: RequestMetrics
    let data: DataDirectory
    let webhooks: IncomingWebhooks
    /// How many notifications wait.
    let notificationsWaiting: @Sendable () -> Int

    /// All metrics at this moment.
    var text: String {
        var page = ""
        page.reserveCapacity(16 << 10)
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
        let counters: [(name: String, help: String, value: UInt64)] = [
            (
                "integrations_status_integrations_total", "Integrations told by the status route.",
                Metrics.integrationsTold.value
            ),
            (
                "integrations_status_expired_total", "Expired integrations told by the status route.",
                Metrics.expiredTold.value
            ), ("retries_total", "Tries made again after a failure that may pass.", Metrics.retries.value),
            ("sync_records_total", "Records that were synced.", Metrics.recordsSynced.value),
            (
                "record_stream_damaged_reads_total", "Reads of record streams that came upon damage.",
                Metrics.damagedReads.value
            ),
            (
                "log_lines_dropped_total", "Log lines that were dropped because nobody read them fast enough.",
                Metrics.logLinesDropped.value
            ),
        ]
        for counter in counters {
            Self.head(counter.name, "counter", counter.help, &page)
            page += "integration_host_\(counter.name) \(counter.value)\n"
        }
        Self.outcomes("syncs_total", "Syncs.", Metrics.syncsCompleted, Metrics.syncsFailed, &page)
        Self.outcomes(
            "token_refreshes_total", "Refreshes of access tokens.", Metrics.refreshesSucceeded,
            Metrics.refreshesFailed, &page)
        Self.head("revocations_total", "counter", "Connections ended, by what became of the grant.", &page)
        for outcome in RevocationOutcome.allCases {
            let count = Metrics.revocations[outcome]?.value ?? 0
            page += "integration_host_revocations_total{outcome=\"\(outcome.rawValue)\"} \(count)\n"
        }
        Self.outcomes(
            "notifications_total", "Notifications whose delivery has ended; a failed one was given up.",
            Metrics.webhooksDelivered, Metrics.webhooksFailed, &page)
        Self.head("notification_attempts_total", "counter", "Attempts to deliver a notification.", &page)
        for outcome in DeliveryOutcome.allCases {
            let count = Metrics.webhookAttempts[outcome]?.value ?? 0
            page += "integration_host_notification_attempts_total{outcome=\"\(outcome.rawValue)\"} \(count)\n"
        }
        Self.outcomes(
            "provider_requests_total", "Requests to providers; a failed one got no answer.", Metrics.outgoingAnswered,
            Metrics.outgoingFailed, &page)
        WebhookCounters.write(webhooks.statistics, at: webhooks.time.now, to: &page)
        let documents = data.documentStatistics
        let gauges: [(name: String, help: String, value: Int)] = [
            ("notifications_waiting", "Notifications that wait for their delivery.", notificationsWaiting()),
            ("store_cached_documents", "Documents in memory.", documents.cachedDocuments),
            ("store_cached_bytes", "Bytes of documents in memory.", documents.cachedBytes),
            ("store_waiting_documents", "Documents on their way from the journal.", documents.waitingDocuments),
            ("store_read_only", "1 while the store refuses writes.", data.readOnlyReason == nil ? 0 : 1),
        ]
        for gauge in gauges {
            Self.head(gauge.name, "gauge", gauge.help, &page)
            page += "integration_host_\(gauge.name) \(gauge.value)\n"
        }
        return page
    }

    private static func head(_ name: String, _ type: String, _ help: String, _ page: inout String) {
        let full = name.hasPrefix("http_") ? name : "integration_host_" + name
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

    /// Microseconds as decimal seconds.
    private static func seconds(_ microseconds: Int) -> String {
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.utf8.count) + fraction
    }

    private static func outcomes(
        _ name: String, _ help: String, _ succeeded: Counter, _ failed: Counter, _ page: inout String
    ) {
        head(name, "counter", help, &page)
        page += "integration_host_\(name){outcome=\"succeeded\"} \(succeeded.value)\n"
        page += "integration_host_\(name){outcome=\"failed\"} \(failed.value)\n"
    }
}
